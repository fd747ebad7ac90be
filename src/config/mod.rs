//! The configuration: text ([`file`]), what the program uses ([`settings`]), and the step between.

pub mod settings;
