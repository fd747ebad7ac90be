//! What a scene has learned about the view, as it is kept from one run of the program to the next.

use serde::{Deserialize, Serialize};

use super::car_length::CarLengthMemory;
use super::flow_field::FlowMemory;
use super::foreshortening::Foreshortening;

/// How large cars look and which way they go, by place in pictures of one size.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SceneMemory {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) car_length: CarLengthMemory,
    pub(super) foreshortening: Foreshortening,
    pub(super) flow: FlowMemory,
}
