//! Cameras that speak ONVIF: found on the network by WS-Discovery, asked for the address of their stream. For setting a box up only; the agent never
//! speaks it.
//!
//! What comes from the network is hostile until it was read: it is bounded in size and number, and what cannot be read is counted and ignored.

mod discovery;
mod error;
mod http;
mod media;
mod search;
mod service;
mod soap;

pub use discovery::{Discovery, Found};
pub use error::OnvifError;
pub use media::{Profile, Stream, best_stream};
pub use search::{SearchError, Where, search};
pub use service::ServiceAddress;

/// Longest text of a device that is shown, in characters.
const LONGEST_WORD: usize = 64;

/// What a device says of itself as people may be shown it: on one line, short, and without anything that a terminal would obey.
fn shown(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(LONGEST_WORD).collect()
}
