//! Sideways, read-only: what is true now, for health checks, metrics and the local page.
//!
//! The pipeline writes the latest value to the [`Board`] and never waits for a reader; nothing here can hold up an event.

mod board;
mod metrics;
mod page;
mod picture;
mod view;

pub use board::{Board, CameraBoard, CameraHealth, CameraPlan, Counters, DeliveryHealth, EventLine, Live, PlanLine, PlanZone};
pub use metrics::metrics_text;
pub use page::{Page, PageError};
pub use picture::annotated;
