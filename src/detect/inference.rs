//! What the detector needs from whatever computes a model: one input that is written in place, outputs that are read in place.

/// The input tensor, batch of one, in the layout of the contract.
#[derive(Debug)]
pub enum InputTensor<'a> {
    /// Bytes.
    U8(&'a mut [u8]),
    /// 32-bit floats.
    F32(&'a mut [f32]),
}

/// One output tensor of the last run.
#[derive(Clone, Copy, Debug)]
pub struct OutputTensor<'a> {
    /// Its axes, batch included.
    pub shape: &'a [i64],
    /// Its numbers, row-major.
    pub values: Values<'a>,
}

/// Numbers of an output.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// 32-bit floats.
    F32(&'a [f32]),
    /// 64-bit integers.
    I64(&'a [i64]),
    /// 32-bit integers.
    I32(&'a [i32]),
}

/// One copy of a model that runs one input at a time. ONNX Runtime is behind it, and tests put a stub there.
pub trait Inference: Send {
    /// The input of the next run; keeps what was written last.
    fn input(&mut self) -> InputTensor<'_>;

    /// Computes the outputs from the input.
    ///
    /// # Errors
    /// The runtime's words.
    fn run(&mut self) -> Result<(), String>;

    /// How many outputs there are.
    fn outputs(&self) -> usize;

    /// Name of output `index`.
    fn output_name(&self, index: usize) -> &str;

    /// Output `index` of the last run; before the first one its numbers mean nothing, its shape is right.
    fn output(&self, index: usize) -> OutputTensor<'_>;
}
