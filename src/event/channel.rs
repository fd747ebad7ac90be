//! Every topic this program publishes on, in one table: wire format, AsyncAPI file and reference are all made from it.

use std::time::Duration;

use super::contract::Document;
use super::envelope::{Importance, Qos};

/// A family of topics that carry the same message in the same way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Channel {
    /// Birth, last will, graceful stop.
    Status,
    /// How the box is doing.
    Health,
    /// How one camera is doing.
    CameraState,
    /// Every message of every event.
    Event,
    /// The latest message of each event that has not ended.
    Active,
    /// Flow over a line in one minute.
    FlowMinute,
    /// Flow over a line in a quarter of an hour.
    FlowQuarter,
    /// People in a zone in one minute.
    Crowd,
    /// The applied configuration.
    Config,
    /// Turning movements of a junction in a quarter of an hour.
    Movements,
    /// Measures of an approach in one minute.
    ApproachMinute,
    /// Measures of an approach in a quarter of an hour.
    ApproachQuarter,
}

/// How a channel is published.
#[derive(Clone, PartialEq, Debug)]
pub struct ChannelSpec {
    /// Key in the AsyncAPI file.
    pub name: &'static str,
    /// Topic with its variable levels in braces.
    pub address: &'static str,
    /// One sentence: what it is for.
    pub purpose: &'static str,
    /// Whether the broker keeps the last one for late subscribers.
    pub retain: bool,
    /// Delivery guarantee.
    pub qos: Qos,
    /// MQTT 5 message expiry.
    pub expires_after: Option<Duration>,
    /// MQTT 5 content type.
    pub content_type: &'static str,
    /// What the payload is.
    pub document: Document,
    /// What may be dropped first when the disk is full.
    pub importance: Importance,
}

/// Content type of a CloudEvent in structured mode (CloudEvents MQTT binding 1.0.2, 3.2).
pub const CLOUD_EVENT: &str = "application/cloudevents+json; charset=utf-8";
/// Content type of everything else.
pub const JSON: &str = "application/json";

const DAY: Option<Duration> = Some(Duration::from_secs(24 * 3600));
const HOUR: Option<Duration> = Some(Duration::from_secs(3600));
const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

impl Channel {
    /// Every channel, in the order of the reference.
    pub const ALL: [Self; 12] = [
        Self::Event,
        Self::Active,
        Self::FlowMinute,
        Self::FlowQuarter,
        Self::Movements,
        Self::ApproachMinute,
        Self::ApproachQuarter,
        Self::Crowd,
        Self::Status,
        Self::CameraState,
        Self::Health,
        Self::Config,
    ];

    /// How it is published.
    pub const fn spec(self) -> ChannelSpec {
        match self {
            Self::Event => event("event", "{root}/{site}/{device}/event/{category}", EVENT_PURPOSE, false),
            Self::Active => event("active", "{root}/{site}/{device}/active/{category}/{eventId}", ACTIVE_PURPOSE, true),
            Self::FlowMinute => measure("flow-1m", "{root}/{site}/{device}/flow/{approach}/1m", FLOW_1M, false, Document::Flow),
            Self::FlowQuarter => measure("flow-15m", "{root}/{site}/{device}/flow/{approach}/15m", FLOW_15M, true, Document::Flow),
            Self::Crowd => measure("crowd-1m", "{root}/{site}/{device}/crowd/{zone}/1m", CROWD_1M, false, Document::Crowd),
            Self::Movements => measure("movements-15m", "{root}/{site}/{device}/movements/{cam}/15m", MOVEMENTS, true, Document::Movements),
            Self::ApproachMinute => {
                measure("approach-1m", "{root}/{site}/{device}/approach/{zone}/1m", APPROACH_1M, false, Document::Approach)
            }
            Self::ApproachQuarter => {
                measure("approach-15m", "{root}/{site}/{device}/approach/{zone}/15m", APPROACH_15M, true, Document::Approach)
            }
            Self::Status => state("status", "{root}/{site}/{device}/status", STATUS_PURPOSE, Document::Status),
            Self::CameraState => state("camera-state", "{root}/{site}/{device}/cam/{cam}/state", CAMERA_PURPOSE, Document::CameraState),
            Self::Config => state("config", "{root}/{site}/{device}/config", CONFIG_PURPOSE, Document::Config),
            Self::Health => ChannelSpec {
                name: "health",
                address: "{root}/{site}/{device}/health",
                purpose: "How the box is doing, every 30 seconds.",
                retain: false,
                qos: Qos::AtMostOnce,
                expires_after: MINUTE,
                content_type: JSON,
                document: Document::Health,
                importance: Importance::Measure,
            },
        }
    }
}

const EVENT_PURPOSE: &str = "Every message of every event's life (new, update, end), in order.";
const ACTIVE_PURPOSE: &str = "The latest message of each event that has not ended, kept by the broker: a late subscriber gets the current picture. An empty payload means that the event has ended.";
const FLOW_1M: &str = "What passed a counting line in one minute, by direction and class.";
const FLOW_15M: &str = "What passed a counting line in a quarter of an hour, by direction and class.";
const MOVEMENTS: &str =
    "Who went from which arm of the junction to which in a quarter of an hour, by class, with the share of those whose way is not known.";
const APPROACH_1M: &str = "Flow, speed, density, queue and headway of an approach in one minute.";
const APPROACH_15M: &str = "The same in a quarter of an hour, with degree of saturation, delay and level of service.";
const CROWD_1M: &str = "How many people were in a zone during one minute.";
const STATUS_PURPOSE: &str = "Whether the box is there: published at each connection and at a graceful stop; the broker publishes the last will when the box vanishes.";
const CAMERA_PURPOSE: &str = "Whether a camera can be trusted, published at each change.";
const CONFIG_PURPOSE: &str = "Which configuration is applied and where its lines and zones lie; no addresses, no secrets.";

const fn event(name: &'static str, address: &'static str, purpose: &'static str, retain: bool) -> ChannelSpec {
    ChannelSpec {
        name,
        address,
        purpose,
        retain,
        qos: Qos::AtLeastOnce,
        expires_after: DAY,
        content_type: CLOUD_EVENT,
        document: Document::Event,
        importance: Importance::Event,
    }
}

const fn measure(name: &'static str, address: &'static str, purpose: &'static str, retain: bool, document: Document) -> ChannelSpec {
    ChannelSpec {
        name,
        address,
        purpose,
        retain,
        qos: Qos::AtLeastOnce,
        expires_after: HOUR,
        content_type: JSON,
        document,
        importance: Importance::Measure,
    }
}

/// The broker keeps it and nothing makes it too old: only a newer one replaces it.
const fn state(name: &'static str, address: &'static str, purpose: &'static str, document: Document) -> ChannelSpec {
    ChannelSpec {
        name,
        address,
        purpose,
        retain: true,
        qos: Qos::AtLeastOnce,
        expires_after: None,
        content_type: JSON,
        document,
        importance: Importance::Event,
    }
}
