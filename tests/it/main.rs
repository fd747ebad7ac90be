//! Tests of the whole program; one binary.

mod camera_server;
mod film;
mod rtsp;
