//! Tests of the whole program; one binary.

mod golden;
mod messages;
mod events_command;
