//! One file a subcommand. The only modules that use `anyhow`.

pub mod events;
