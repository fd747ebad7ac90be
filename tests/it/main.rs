//! Tests of the whole program; one binary.

mod architecture;
mod broker;
mod camera_server;
mod configuration;
mod delivery;
mod events_command;
mod film;
mod golden;
mod messages;
mod rtsp;
mod scenarios;
mod track;
