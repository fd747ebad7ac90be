//! Events and measurements, their life cycle and their wire format.
//!
//! Rules make [`Event`]s; [`Wire`] turns them into [`Envelope`]s; [`reader`] reads them back and [`feed`] says them to people. What may be
//! published where stands in [`channel`]; the JSON Schemas, the AsyncAPI file and the reference in `docs/` are made from it by [`contract`],
//! [`asyncapi`] and [`reference`](mod@reference).

mod envelope;
mod types;
mod lifecycle;
mod reason;
mod utc;
mod word;
mod identity;
mod vocabulary;
mod cloud_event;
mod text;
mod wire;
mod flow;
mod status;
mod health;
mod applied;
mod fruin;
mod units;
mod measures;
mod movements;
mod approach;
mod gaps;
mod csv;
pub mod channel;
pub mod reader;
pub mod feed;
pub mod contract;
pub mod asyncapi;
pub mod reference;

pub use applied::{CameraGeometry, ConfigMessage, FeatureProperties, PictureFeature, PictureGeometry};
pub use approach::ApproachObserved;
pub use cloud_event::{CloudEvent, EventData, GeoPoint, InvolvedUser, Place, ReasonWords, RuleWords, Sentences};
pub use csv::CsvTable;
pub use envelope::{Envelope, Importance, Qos};
pub use flow::{CrowdFlowObserved, FlowEntity, FlowMessage, PeopleFlowObserved, TrafficFlowObserved};
pub use fruin::{FruinLos, FruinTable};
pub use health::{CameraHealth, Health, HealthMessage};
pub use identity::{BootId, CameraIdentity, Identity};
pub use lifecycle::{Finding, OpenEvent, Opening};
pub use measures::{
    ApproachFigures, ByClass, Delay, DelayMethod, FigureSource, FlowMeasure, FlowReport, Missing, Movement, MovementCounts,
};
pub use movements::{MovementsObserved, TurningMovement};
pub use reason::Reason;
pub use status::{Birth, CameraState, CameraStateMessage, CameraSummary, Capability, DeviceState, StatusMessage};
pub use text::sentences;
pub use types::{
    Category, Crossing, EndReason, Event, EventId, EventScope, Involved, Kind, Measurement, Phase, RuleText, Severity, ZoneKind, ZoneRef,
};
pub use units::{CycleSource, Units};
pub use utc::Utc;
pub use vocabulary::{Datex2, EtsiDenm, Fiware, Mapping, Verification};
pub use wire::{EVENT_DATA_SCHEMA, Wire};
pub use word::Word;
