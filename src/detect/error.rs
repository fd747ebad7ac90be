//! Why a model could not be opened or run: every sentence says which one, what, and what to do now.

use std::path::PathBuf;

use crate::base::elf::Machine;

/// Why a model could not be opened or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DetectError {
    /// No model is configured, but one is needed.
    #[error("no model is configured: set `detector.model` to a contract such as models/efficientdet-lite0.toml")]
    NoModel,

    /// The contract could not be read.
    #[error("model contract {path}: cannot be read; check the path in `detector.model`")]
    ContractUnreadable {
        /// The contract.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },

    /// The contract is not what models/README.md describes.
    #[error("model contract {path}: {detail}; models/README.md describes every entry")]
    ContractInvalid {
        /// The contract.
        path: PathBuf,
        /// What is wrong, with the line where it is known.
        detail: String,
    },

    /// The contract names a file that is not there.
    #[error(
        "model `{model}`: {path} cannot be read; install the package again (from sources: models/install), or correct `file` in the contract"
    )]
    ModelMissing {
        /// Name of the model.
        model: String,
        /// The weights.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },

    /// The weights are not those the contract was calibrated for.
    #[error(
        "model `{model}`: {path} was altered: its sha256 is {found}, the contract says {expected}; \
         install the package again (from sources: models/install), or calibrate a contract for the new file"
    )]
    ModelAltered {
        /// Name of the model.
        model: String,
        /// The weights.
        path: PathBuf,
        /// Hash in the contract.
        expected: String,
        /// Hash of the file.
        found: String,
    },

    /// ONNX Runtime's library is not there.
    #[error(
        "ONNX Runtime: there is no library at {path}; install the package again (from sources: models/install), or set `detector.runtime_library`"
    )]
    RuntimeMissing {
        /// Where it was looked for.
        path: PathBuf,
    },

    /// The library, or this program, is for another box.
    #[error(
        "ONNX Runtime: {path} is built for {built_for}, this program for {ours}; install the package for this box (from sources: models/install runtime), \
         or point `detector.runtime_library` to a library for {ours}"
    )]
    RuntimeForAnotherProcessor {
        /// The library.
        path: PathBuf,
        /// What it runs on.
        built_for: Machine,
        /// What this program runs on.
        ours: Machine,
    },

    /// The library is not one we can use.
    #[error(
        "ONNX Runtime: {path} cannot be used: {detail}; version 1.24 or newer is needed, the package brings one (from sources: models/install)"
    )]
    RuntimeUnusable {
        /// The library.
        path: PathBuf,
        /// The binding's words.
        detail: String,
    },

    /// The library was built without an execution provider that is configured.
    #[error(
        "ONNX Runtime: {library} has no execution provider `{provider}`: {detail}; \
         remove it from `detector.execution_providers`, or point `detector.runtime_library` to a build that has it"
    )]
    ProviderMissing {
        /// The provider, in the words of the configuration.
        provider: &'static str,
        /// The library.
        library: PathBuf,
        /// The runtime's words.
        detail: String,
    },

    /// The runtime does not accept the file: not ONNX, an operator set it does not know, a broken graph.
    #[error("model `{model}`: ONNX Runtime does not accept {path}: {detail}; export it again as ONNX with operator set 21 or lower")]
    ModelRefused {
        /// Name of the model.
        model: String,
        /// The weights.
        path: PathBuf,
        /// The runtime's words.
        detail: String,
    },

    /// The graph and the contract do not describe the same model.
    #[error("model `{model}`: {side} does not fit its contract: {detail}; correct the contract or export the model again")]
    Mismatch {
        /// Name of the model.
        model: String,
        /// `input` or `output`.
        side: &'static str,
        /// What was wanted and what was found.
        detail: String,
    },

    /// The model ran and failed.
    #[error("model `{model}` failed on a frame: {detail}")]
    Run {
        /// Name of the model.
        model: String,
        /// The runtime's words.
        detail: String,
    },
}
