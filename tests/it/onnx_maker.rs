//! Writes tiny ONNX files, so that every head is tested on a real graph in the real runtime without committing or downloading one.
//!
//! The format is Protocol Buffers (encoding: protobuf.dev/programming-guides/encoding; field numbers: `onnx.proto3` of the ONNX project).
//! A graph here takes a picture, ignores it, and gives the tensors it was made with.

/// Numbers of a tensor.
#[derive(Clone)]
pub(crate) enum Numbers {
    F32(Vec<f32>),
    I64(Vec<i64>),
    I32(Vec<i32>),
}

/// A constant output of the graph.
#[derive(Clone)]
pub(crate) struct Output {
    pub(crate) name: &'static str,
    pub(crate) shape: Vec<i64>,
    pub(crate) numbers: Numbers,
}

/// Type of the graph's picture input.
#[derive(Clone, Copy)]
pub(crate) enum Picture {
    U8,
    F32,
}

/// A graph to write.
#[derive(Clone)]
pub(crate) struct Graph {
    pub(crate) opset: u64,
    pub(crate) input: &'static str,
    pub(crate) picture: Picture,
    pub(crate) shape: Vec<i64>,
    /// A second input `[1, 2]` i64.
    pub(crate) size_input: Option<&'static str>,
    pub(crate) outputs: Vec<Output>,
}

const FLOAT: u64 = 1;
const UINT8: u64 = 2;
const INT32: u64 = 6;
const INT64: u64 = 7;

impl Graph {
    /// The file's bytes: a `ModelProto`.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut opset = Message::default();
        opset.text(1, "").number(2, self.opset);
        let mut model = Message::default();
        model.number(1, 8).message(8, &opset).message(7, &self.graph());
        model.0
    }

    fn graph(&self) -> Message {
        let mut graph = Message::default();
        for output in &self.outputs {
            let mut node = Message::default();
            node.text(1, &format!("{}_value", output.name)).text(2, output.name).text(4, "Identity");
            graph.message(1, &node);
        }
        graph.text(2, "tiny");
        for output in &self.outputs {
            graph.message(5, &output.tensor());
        }
        let element = match self.picture {
            Picture::U8 => UINT8,
            Picture::F32 => FLOAT,
        };
        graph.message(11, &value_info(self.input, element, &self.shape));
        if let Some(name) = self.size_input {
            graph.message(11, &value_info(name, INT64, &[1, 2]));
        }
        for output in &self.outputs {
            graph.message(12, &value_info(output.name, output.element(), &output.shape));
        }
        graph
    }
}

impl Output {
    fn element(&self) -> u64 {
        match self.numbers {
            Numbers::F32(_) => FLOAT,
            Numbers::I64(_) => INT64,
            Numbers::I32(_) => INT32,
        }
    }

    /// A `TensorProto`.
    fn tensor(&self) -> Message {
        let mut tensor = Message::default();
        for &length in &self.shape {
            tensor.number(1, length as u64);
        }
        let raw: Vec<u8> = match &self.numbers {
            Numbers::F32(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Numbers::I64(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Numbers::I32(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        };
        tensor.number(2, self.element()).text(8, &format!("{}_value", self.name)).bytes(9, &raw);
        tensor
    }
}

/// A `ValueInfoProto` of a tensor.
fn value_info(name: &str, element: u64, shape: &[i64]) -> Message {
    let mut dimensions = Message::default();
    for &length in shape {
        let mut dimension = Message::default();
        dimension.number(1, length as u64);
        dimensions.message(1, &dimension);
    }
    let mut tensor = Message::default();
    tensor.number(1, element).message(2, &dimensions);
    let mut kind = Message::default();
    kind.message(1, &tensor);
    let mut info = Message::default();
    info.text(1, name).message(2, &kind);
    info
}

/// A Protocol Buffers message being written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn number(&mut self, field: u64, value: u64) -> &mut Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    fn bytes(&mut self, field: u64, value: &[u8]) -> &mut Self {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn text(&mut self, field: u64, value: &str) -> &mut Self {
        self.bytes(field, value.as_bytes())
    }

    fn message(&mut self, field: u64, value: &Self) -> &mut Self {
        self.bytes(field, &value.0)
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}
