//! The configuration: text ([`mod@file`]), what the program uses ([`settings`]), and the one step between ([`check`]).

pub mod check;
mod document;
pub mod file;
mod nearest;
mod problem;
pub mod reference;
pub mod secret_file;
pub mod settings;

pub use problem::{ConfigError, Problem};
