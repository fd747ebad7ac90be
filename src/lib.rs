//! `simpang` watches an intersection: cameras in, congestion, crowd and accident events out.
//!
//! ```text
//!             one per camera                                      shared                     shared
//!  ┌─────────────────────────────────────────────────┐      ┌──────────────┐    ┌──────────────────────────┐
//!  source ──AccessUnit──► decode ──Frame──► PIPELINE ──────► detect pool   │    │ outbox: store ► window ► │► MQTT
//!                                            │ track ► scene ► rules ──Event──► └──────────▲───────────────┘
//!                                            └─ Board (latest only) ───► health, metrics, local page
//! ```
//!
//! The modules below stand in the order the data flows. Nothing on the right is known on the left.

pub mod base;
pub mod config;
pub mod onvif;
pub mod source;
pub mod decode;
pub mod vision;
pub mod detect;
pub mod track;
pub mod event;
pub mod scene;
pub mod rules;
pub mod learn;
pub mod outbox;
pub mod status;
pub mod pipeline;
pub mod agent;
pub mod doctor;
pub mod commands;
