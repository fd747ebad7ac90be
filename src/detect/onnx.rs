//! ONNX Runtime; the only file that names `ort`.
//!
//! The library is loaded from a path at run time, once a process: one program serves every board, the board's own build of the runtime
//! decides which execution providers there are.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ort::environment::Environment;
use ort::ep::{self, ExecutionProviderDispatch};
use ort::memory::Allocator;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{IoBinding, RunOptions, Session};
use ort::value::{DynTensor, Outlet, Tensor, TensorElementType, ValueType};

use crate::base::elf::Machine;
use crate::config::settings::{DetectorSettings, ExecutionProvider};

use super::DetectError;
use super::contract::{Element, InputSpec, Layout, Model};
use super::inference::{Inference, InputTensor, OutputTensor, Values};

/// The runtime of this process: ONNX Runtime allows one environment, and a loaded library stays.
static RUNTIME: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

/// One copy of a model in ONNX Runtime, with its tensors bound once: a run copies and allocates nothing on our side.
pub(super) struct OnnxInference {
    session: Session,
    binding: IoBinding,
    input: BoundInput,
    outputs: Vec<BoundOutput>,
}

enum BoundInput {
    U8(Tensor<u8>),
    F32(Tensor<f32>),
}

struct BoundOutput {
    name: String,
    tensor: DynTensor,
    element: OutputElement,
}

#[derive(Clone, Copy)]
enum OutputElement {
    F32,
    I64,
    I32,
}

/// Loads `model` into ONNX Runtime as `settings` say and runs it once on an empty picture, which also tells the outputs' shapes.
///
/// # Errors
/// No or an unusable library, a missing execution provider, a file the runtime refuses, inputs or outputs other than the contract's.
pub fn open(settings: &DetectorSettings, model: &Model) -> Result<Box<dyn Inference>, DetectError> {
    let environment = runtime(&settings.runtime_library)?;
    let mut builder = builder(&environment, settings)?;
    let refused = |e: ort::Error| DetectError::ModelRefused {
        model: model.contract().name.clone(),
        path: model.path().to_path_buf(),
        detail: one_line(&e.to_string()),
    };
    let session = builder.commit_from_memory(model.weights()).map_err(refused)?;
    check_inputs(session.inputs(), &model.contract().input).map_err(|detail| mismatch(model, "input", detail))?;
    OnnxInference::bind(session, model).map(|inference| Box::new(inference) as Box<dyn Inference>)
}

/// The environment made from the library at `path`, which must be the same for the life of the process.
fn runtime(path: &Path) -> Result<Environment, DetectError> {
    // `ort` would look for a relative path beside the program first; we mean the working directory, as everywhere else.
    let path = path.canonicalize().map_err(|_| DetectError::RuntimeMissing { path: path.to_path_buf() })?;
    let unusable = |detail: String| DetectError::RuntimeUnusable { path: path.clone(), detail };
    let mut runtime = RUNTIME.lock().expect("no holder of this lock can panic");
    match runtime.as_ref() {
        Some((loaded, environment)) if *loaded == path => return Ok(environment.clone()),
        Some((loaded, _)) => return Err(unusable(format!("this process already runs {}", loaded.display()))),
        None => {}
    }
    check_processor(&path)?;
    let environment = ort::init_from(&path)
        .map_err(|e| unusable(one_line(&e.to_string())))?
        .with_name("simpang")
        .with_telemetry(false)
        .build()
        .map_err(|e| unusable(one_line(&e.to_string())))?;
    *runtime = Some((path.clone(), environment.clone()));
    Ok(environment)
}

/// The loader's words about a foreign library name neither processor.
///
/// # Errors
/// When it is built for another processor than this program. What is no library at all is left to the loader.
pub fn check_processor(path: &Path) -> Result<(), DetectError> {
    let ours = Machine::of_this_program();
    match Machine::of_file(path) {
        Ok(Some(built_for)) if built_for != ours => {
            Err(DetectError::RuntimeForAnotherProcessor { path: path.to_path_buf(), built_for, ours })
        }
        _ => Ok(()),
    }
}

fn builder(environment: &Environment, settings: &DetectorSettings) -> Result<SessionBuilder, DetectError> {
    let unusable =
        |e: ort::Error| DetectError::RuntimeUnusable { path: settings.runtime_library.clone(), detail: one_line(&e.to_string()) };
    let mut builder = plain_builder(environment, settings.threads_per_inference.max(1)).map_err(unusable)?;
    for &provider in &settings.execution_providers {
        let Some((name, dispatch)) = dispatch(provider) else { continue };
        builder = builder.with_execution_providers([dispatch.error_on_failure()]).map_err(|e| DetectError::ProviderMissing {
            provider: name,
            library: settings.runtime_library.clone(),
            detail: one_line(&e.to_string()),
        })?;
    }
    Ok(builder)
}

fn plain_builder(environment: &Environment, threads: usize) -> ort::Result<SessionBuilder> {
    let builder = SessionBuilder::new(environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(threads)?
        .with_inter_threads(1)?
        // A spinning thread burns a core that decoding needs; with the other core busy it even makes inference slower.
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?;
    Ok(builder)
}

/// `None` for the processor itself: the runtime always puts it last, whether asked or not.
fn dispatch(provider: ExecutionProvider) -> Option<(&'static str, ExecutionProviderDispatch)> {
    match provider {
        ExecutionProvider::Cpu => None,
        ExecutionProvider::Xnnpack => Some(("xnnpack", ep::XNNPACK::default().build())),
        ExecutionProvider::Acl => Some(("acl", ep::ACL::default().build())),
        ExecutionProvider::Cuda => Some(("cuda", ep::CUDA::default().build())),
        ExecutionProvider::TensorRt => Some(("tensorrt", ep::TensorRT::default().build())),
        ExecutionProvider::Qnn => Some(("qnn", ep::QNN::default().build())),
        ExecutionProvider::OpenVino => Some(("openvino", ep::OpenVINO::default().build())),
    }
}

fn mismatch(model: &Model, side: &'static str, detail: String) -> DetectError {
    DetectError::Mismatch { model: model.contract().name.clone(), side, detail }
}

/// The graph's inputs must be the contract's picture and, where it names one, the size.
fn check_inputs(inputs: &[Outlet], spec: &InputSpec) -> Result<(), String> {
    let names = || inputs.iter().map(Outlet::name).collect::<Vec<_>>().join(", ");
    let input = |name: &str| {
        inputs.iter().find(|input| input.name() == name).ok_or_else(|| format!("the graph has no input `{name}`, it has {}", names()))
    };
    let wanted_type = match spec.element {
        Element::U8 => TensorElementType::Uint8,
        Element::F32 => TensorElementType::Float32,
    };
    let wanted = input_shape(spec);
    match input(&spec.name)?.dtype() {
        ValueType::Tensor { ty, shape, .. } => {
            let fits = shape.len() == 4 && shape.iter().zip(wanted).all(|(&length, wanted)| length == wanted || length == -1);
            if !fits {
                return Err(format!("`{}` should have shape {wanted:?}, it has {:?} (-1 is any)", spec.name, &shape[..]));
            }
            if *ty != wanted_type {
                return Err(format!("`{}` should hold {wanted_type}, it holds {ty}", spec.name));
            }
        }
        other => return Err(format!("`{}` should be a tensor, it is {other}", spec.name)),
    }
    if let Some(size_name) = &spec.size_name {
        input(size_name)?;
    }
    match inputs.iter().find(|input| input.name() != spec.name && Some(input.name()) != spec.size_name.as_deref()) {
        Some(extra) => Err(format!("the graph also wants an input `{}`, which the contract does not name", extra.name())),
        None => Ok(()),
    }
}

fn input_shape(spec: &InputSpec) -> [i64; 4] {
    let (width, height) = (i64::from(spec.width), i64::from(spec.height));
    match spec.layout {
        Layout::Nhwc => [1, height, width, 3],
        Layout::Nchw => [1, 3, height, width],
    }
}

impl OnnxInference {
    fn bind(mut session: Session, model: &Model) -> Result<Self, DetectError> {
        let spec = &model.contract().input;
        let failed = |e: ort::Error| DetectError::Run { model: model.contract().name.clone(), detail: one_line(&e.to_string()) };
        let mut binding = session.create_binding().map_err(failed)?;
        let allocator = Allocator::default();
        let input = match spec.element {
            Element::U8 => BoundInput::U8(Tensor::new(&allocator, input_shape(spec)).map_err(failed)?),
            Element::F32 => BoundInput::F32(Tensor::new(&allocator, input_shape(spec)).map_err(failed)?),
        };
        match &input {
            BoundInput::U8(tensor) => binding.bind_input(&spec.name, tensor),
            BoundInput::F32(tensor) => binding.bind_input(&spec.name, tensor),
        }
        .map_err(failed)?;
        if let Some(name) = &spec.size_name {
            let size = Tensor::from_array(([1usize, 2], vec![i64::from(spec.width), i64::from(spec.height)])).map_err(failed)?;
            binding.bind_input(name, &size).map_err(failed)?;
        }
        let outputs = bind_outputs(&mut session, &mut binding, model)?;
        // A runtime that keeps no memory for later runs refuses, and has nothing to release either.
        if let Err(error) = release_pieces(&mut session, &binding) {
            tracing::debug!(detail = one_line(&error.to_string()), "the runtime keeps the memory of its first run");
        }
        Ok(Self { session, binding, input, outputs })
    }
}

/// Runs once with outputs of the runtime's choice to learn their shapes (exports often leave them open), then binds tensors of these shapes.
fn bind_outputs(session: &mut Session, binding: &mut IoBinding, model: &Model) -> Result<Vec<BoundOutput>, DetectError> {
    let failed = |e: ort::Error| DetectError::Run { model: model.contract().name.clone(), detail: one_line(&e.to_string()) };
    let names: Vec<String> = session.outputs().iter().map(|output| output.name().to_owned()).collect();
    let allocator = Allocator::default();
    let memory = allocator.memory_info();
    for name in &names {
        binding.bind_output_to_device(name, memory).map_err(failed)?;
    }
    let found = session.run_binding(binding).map_err(failed)?;
    let types: Vec<ValueType> = names.iter().map(|name| found[name.as_str()].dtype().clone()).collect();
    drop(found);
    binding.clear_outputs();
    let mut outputs = Vec::with_capacity(names.len());
    for (name, dtype) in names.into_iter().zip(types) {
        let (ty, shape, element) = output_element(&name, &dtype).map_err(|detail| mismatch(model, "output", detail))?;
        let mut tensor = DynTensor::new(&allocator, ty, shape).map_err(failed)?;
        binding.bind_output(&name, &mut tensor).map_err(failed)?;
        outputs.push(BoundOutput { name, tensor, element });
    }
    Ok(outputs)
}

/// The first run takes its tensors piece by piece, and from it the runtime plans one block for all later ones: the pieces would lie beside that
/// block for ever, 25 MB of a copy of EfficientDet-Lite0.
fn release_pieces(session: &mut Session, binding: &IoBinding) -> ort::Result<()> {
    let mut options = RunOptions::new()?;
    options.set("memory.enable_memory_arena_shrinkage", "cpu:0")?;
    session.run_binding_with_options(binding, &options).map(drop)
}

fn output_element(name: &str, dtype: &ValueType) -> Result<(TensorElementType, Vec<i64>, OutputElement), String> {
    let ValueType::Tensor { ty, shape, .. } = dtype else {
        return Err(format!("`{name}` should be a tensor, it is {dtype}"));
    };
    let element = match ty {
        TensorElementType::Float32 => OutputElement::F32,
        TensorElementType::Int64 => OutputElement::I64,
        TensorElementType::Int32 => OutputElement::I32,
        other => return Err(format!("`{name}` should hold 32-bit floats or integers, it holds {other}")),
    };
    Ok((*ty, shape.to_vec(), element))
}

impl Inference for OnnxInference {
    fn input(&mut self) -> InputTensor<'_> {
        match &mut self.input {
            BoundInput::U8(tensor) => InputTensor::U8(tensor.extract_tensor_mut().1),
            BoundInput::F32(tensor) => InputTensor::F32(tensor.extract_tensor_mut().1),
        }
    }

    fn run(&mut self) -> Result<(), String> {
        // The returned handles are the bound tensors once more: dropped here, read through `output`.
        self.session.run_binding(&self.binding).map(drop).map_err(|e| one_line(&e.to_string()))
    }

    fn outputs(&self) -> usize {
        self.outputs.len()
    }

    fn output_name(&self, index: usize) -> &str {
        &self.outputs[index].name
    }

    fn output(&self, index: usize) -> OutputTensor<'_> {
        const CHECKED: &str = "the type was checked when the output was bound";
        let output = &self.outputs[index];
        let (shape, values) = match output.element {
            OutputElement::F32 => output.tensor.try_extract_tensor().map(|(shape, values)| (shape, Values::F32(values))).expect(CHECKED),
            OutputElement::I64 => output.tensor.try_extract_tensor().map(|(shape, values)| (shape, Values::I64(values))).expect(CHECKED),
            OutputElement::I32 => output.tensor.try_extract_tensor().map(|(shape, values)| (shape, Values::I32(values))).expect(CHECKED),
        };
        OutputTensor { shape, values }
    }
}

/// The runtime's messages span lines and carry source positions; ours are one sentence.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// A library that says it is ONNX Runtime 1.20.1: enough to be asked for its version. `None`, loudly, without a C compiler.
    fn old_runtime(directory: &Path) -> Option<PathBuf> {
        let (source, library) = (directory.join("old.c"), directory.join("libold.so"));
        let text = "static const void *api(unsigned v) { return 0; }\nstatic const char *version(void) { return \"1.20.1\"; }\n\
                    static const struct { const void *(*a)(unsigned); const char *(*v)(void); } base = { api, version };\n\
                    const void *OrtGetApiBase(void) { return &base; }\n";
        std::fs::write(&source, text).expect("source");
        let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
        if compiled.is_ok_and(|status| status.success()) {
            return Some(library);
        }
        eprintln!("NOT TESTED: no C compiler (`cc`) to make an old runtime with");
        None
    }

    // The real runtime must not be loaded in this test binary before: a process keeps the first one. Tests that need it are in tests/it.
    #[test]
    fn a_library_that_is_none_or_too_old_is_refused_with_a_sentence() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let text = directory.path().join("text.so");
        std::fs::write(&text, "not a library").expect("written");
        let sentence = |path: &Path| runtime(path).map(drop).expect_err("must be refused").to_string();

        let refused = sentence(&text);
        assert!(refused.starts_with(&format!("ONNX Runtime: {} cannot be used: failed to load", text.display())), "{refused}");
        assert!(refused.ends_with("version 1.24 or newer is needed, the package brings one (from sources: models/install)"), "{refused}");
        if let Some(old) = old_runtime(directory.path()) {
            let refused = sentence(&old);
            assert!(refused.contains("expected version >= '1.24.x', but got '1.20.1'"), "{refused}");
        }
    }
}
