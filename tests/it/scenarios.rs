//! Stories that the rules must tell right.

mod accident;
mod camera;
mod contract;
mod film;
mod incident;
mod line_count;
mod restart;
mod stories;
