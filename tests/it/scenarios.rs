//! Stories that the rules must tell right.

mod film;
mod line_count;
