//! A message ready for the wire: what the outbox stores and the transport sends, without knowing what it says.

use std::borrow::Cow;
use std::time::Duration;

/// One MQTT publication.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// Full topic.
    pub topic: String,
    /// Body; empty deletes a retained message.
    pub payload: Vec<u8>,
    /// Whether the broker keeps it for late subscribers.
    pub retain: bool,
    /// Delivery guarantee.
    pub qos: Qos,
    /// MQTT 5 message expiry.
    pub expires_after: Option<Duration>,
    /// MQTT 5 content type: a word of the program, or what the store read back.
    pub content_type: Cow<'static, str>,
    /// What may be dropped first when the disk limit is reached.
    pub importance: Importance,
}

/// MQTT quality of service; 2 is never used (it ends at the broker and needs session state on both sides).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Qos {
    /// At most once: health.
    AtMostOnce,
    /// At least once: everything that counts.
    AtLeastOnce,
}

/// What may be dropped first when the disk limit is reached.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Importance {
    /// Periodic measures: oldest go first.
    Measure,
    /// Events: only when no measure is left.
    Event,
}
