//! Tests of the whole program; one binary.
mod broker;
mod delivery;
