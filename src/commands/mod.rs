//! One file a subcommand. The only modules that use `anyhow`.

pub mod calibrate;
pub mod check;
pub mod demo;
pub mod events;
pub mod learn;
pub mod probe;
pub mod probes;
pub mod replay;
pub mod run;
pub mod track;
pub mod view;

mod annotate;
mod choose;
mod film_camera;
mod csv_tables;
mod logging;
mod mot_log;
mod mot_tracks;
mod progress;
mod recording;
pub mod stop;
mod summary;

/// What to say of a file that takes nothing.
fn unwritable(path: &std::path::Path) -> String {
    format!("cannot write `{}`; check the folder, who may write there and the room on the disk", path.display())
}
