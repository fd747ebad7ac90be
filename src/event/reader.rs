//! The way back: from a payload on the wire to a typed event. Used by whoever listens (the `events` command, the local page, the center).

use super::cloud_event::CloudEvent;
use super::types::EventId;

/// Largest payload that is looked at; ours have 2 to 3 kB.
const MAX_BYTES: usize = 256 * 1024;

/// Why a payload is no event of ours.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It would cost memory for nothing.
    #[error("payload has {bytes} bytes, an event has at most {MAX_BYTES}")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Not JSON, or a required field is missing or has the wrong type.
    #[error("payload is not an event of version its-event/1.x: {0}")]
    NotAnEvent(#[from] serde_json::Error),
    /// Right shape, other version.
    #[error("event is written in `{found}`, this program reads CloudEvents 1.0 with its-event/1.x: update this program")]
    OtherVersion {
        /// What it says it is.
        found: String,
    },
}

/// What arrived on an event topic.
#[derive(Clone, PartialEq, Debug)]
pub enum Received {
    /// A message of an event's life.
    Event(Box<CloudEvent>),
    /// The retained picture of an event was removed: it has ended.
    Removed(EventId),
}

/// Reads what arrived on `…/event/#` or `…/active/#`. `None` when an empty payload arrives on a topic that does not end in an event's id.
pub fn read(topic: &str, payload: &[u8]) -> Result<Option<Received>, ReadError> {
    if payload.is_empty() {
        let id = topic.rsplit('/').next().and_then(EventId::parse);
        return Ok(id.map(Received::Removed));
    }
    parse(payload).map(|event| Some(Received::Event(Box::new(event))))
}

/// Reads one CloudEvent. Unknown fields and unknown words are kept out of the way, not refused.
pub fn parse(payload: &[u8]) -> Result<CloudEvent, ReadError> {
    if payload.len() > MAX_BYTES {
        return Err(ReadError::TooLarge { bytes: payload.len() });
    }
    let event: CloudEvent = serde_json::from_slice(payload)?;
    if event.specversion != "1.0" {
        return Err(ReadError::OtherVersion { found: format!("CloudEvents {}", event.specversion) });
    }
    if !event.data.schema.starts_with("its-event/1.") {
        return Err(ReadError::OtherVersion { found: event.data.schema });
    }
    Ok(event)
}
