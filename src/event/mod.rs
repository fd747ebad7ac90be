//! Events and measurements, their life cycle and their wire format.

mod envelope;
mod types;
mod lifecycle;

pub use envelope::{Envelope, Importance, Qos};
pub use lifecycle::{Finding, OpenEvent};
pub use types::{
    Category, Crossing, EndReason, Event, EventId, EventScope, FlowMeasure, FlowReport, Involved, Kind, Measurement, Phase, RuleText,
    Severity, Units, ZoneKind, ZoneRef,
};
