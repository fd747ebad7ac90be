//! Stories that the rules must tell right.

mod camera;
mod contract;
mod film;
mod line_count;
mod stories;
