//! The model and how it is run. Whether the model is the one it should be is looked at when it is opened, not here.

use std::path::PathBuf;

use super::Checker;
use crate::config::file::{DetectorFile, Provider};
use crate::config::settings::{CameraSettings, DetectorSettings, ExecutionProvider, SourceSettings};

const MODEL: &str = "models/efficientdet-lite0.toml";
const RUNTIME: &str = "models/runtime/libonnxruntime.so";

impl Checker<'_> {
    /// For `cameras`; the drawn junction needs no model.
    pub(super) fn detector(&mut self, file: &DetectorFile, cameras: &[CameraSettings]) -> DetectorSettings {
        let filmed = cameras.iter().filter(|camera| !matches!(camera.source, SourceSettings::Simulated { .. })).count();
        let drawn_only = filmed == 0 && !cameras.is_empty();
        let (model, runtime_library) = if drawn_only && file.model.is_none() {
            (None, file.runtime_library.as_ref().map_or_else(|| PathBuf::from(RUNTIME), |text| self.resolve(text)))
        } else {
            let model = self.installed("detector.model", file.model.as_deref(), MODEL);
            (Some(model), self.installed("detector.runtime_library", file.runtime_library.as_deref(), RUNTIME))
        };
        let processors = std::thread::available_parallelism().map_or(1, usize::from).min(64);
        let sessions = self.number("detector.sessions", file.sessions.unwrap_or(processors), 1..=64);
        DetectorSettings {
            model,
            runtime_library,
            // A camera has one frame in inference: a copy more than there are cameras would only take memory.
            sessions: sessions.min(filmed.max(1)),
            threads_per_inference: self.number("detector.threads_per_inference", file.threads_per_inference, 1..=64),
            execution_providers: providers(&file.execution_providers),
        }
    }

    /// The file that is named, or the one that `models/install` brings.
    fn installed(&mut self, path: &str, named: Option<&str>, usual: &str) -> PathBuf {
        if let Some(text) = named {
            return self.existing(path, text);
        }
        let found = self.around.installations.iter().map(|folder| folder.join(usual)).find(|file| file.is_file());
        found.unwrap_or_else(|| {
            self.say(path, format!("is not given and there is no `{usual}`: install the package again (from sources: `models/install`), or name another file here"));
            PathBuf::from(usual)
        })
    }
}

/// As written, without repetitions, the processor last.
fn providers(file: &[Provider]) -> Vec<ExecutionProvider> {
    let mut providers = Vec::new();
    for provider in file {
        let provider = match provider {
            Provider::Cpu => continue,
            Provider::Xnnpack => ExecutionProvider::Xnnpack,
            Provider::Acl => ExecutionProvider::Acl,
            Provider::Cuda => ExecutionProvider::Cuda,
            Provider::Tensorrt => ExecutionProvider::TensorRt,
            Provider::Qnn => ExecutionProvider::Qnn,
            Provider::Openvino => ExecutionProvider::OpenVino,
        };
        if !providers.contains(&provider) {
            providers.push(provider);
        }
    }
    providers.push(ExecutionProvider::Cpu);
    providers
}
