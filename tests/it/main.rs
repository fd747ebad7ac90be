//! Tests of the whole program; one binary.

mod architecture;
mod broker;
mod camera_server;
mod configuration;
mod counting_allocator;
mod delivery;
mod events_command;
mod film;
mod golden;
mod messages;
mod models;
mod onnx_maker;
mod rtsp;
mod scenarios;
mod track;
mod setup;
mod program;
mod replay_command;
mod end_to_end;
mod bad_input;
mod demo;
mod secrets;
mod probe_broker;
mod crossings;
mod killed_agent;
mod accident_film;
