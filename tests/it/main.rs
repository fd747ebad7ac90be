//! Tests of the whole program; one binary.

mod architecture;
mod configuration;
mod golden;
mod messages;
mod scenarios;
mod track;
mod setup;
