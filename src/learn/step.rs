//! A way on the plan: so far to the right and so far away, in car lengths.

use super::plan::Place;

/// From one place of the plan to another; also used for directions, with length 1.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Step {
    /// To the right.
    pub x: f32,
    /// Away from the camera.
    pub y: f32,
}

impl Step {
    pub(super) fn between(from: Place, to: Place) -> Self {
        Self { x: to.x - from.x, y: to.y - from.y }
    }

    /// The direction `radians` counter-clockwise from "to the right".
    pub(super) fn towards(radians: f32) -> Self {
        Self { x: radians.cos(), y: radians.sin() }
    }

    pub(super) fn from(self, place: Place) -> Place {
        Place::new(place.x + self.x, place.y + self.y)
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y }
    }

    pub(super) fn times(self, factor: f32) -> Self {
        Self { x: self.x * factor, y: self.y * factor }
    }

    pub(super) fn length(self) -> f32 {
        self.x.hypot(self.y)
    }

    /// The direction; `None` of a step to nowhere.
    pub(super) fn unit(self) -> Option<Self> {
        let length = self.length();
        (length.is_finite() && length > 1e-6).then(|| self.times(1.0 / length))
    }

    pub(super) fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y
    }

    /// How far `other` goes to the left of this direction.
    pub(super) fn cross(self, other: Self) -> f32 {
        self.x * other.y - self.y * other.x
    }

    /// The direction a quarter turn to the left.
    pub(super) fn left(self) -> Self {
        Self { x: -self.y, y: self.x }
    }

    /// In radians, counter-clockwise from "to the right".
    pub(super) fn angle(self) -> f32 {
        self.y.atan2(self.x)
    }

    /// Degrees between two directions, 0 to 180.
    pub(super) fn degrees_to(self, other: Self) -> f32 {
        self.cross(other).atan2(self.dot(other)).abs().to_degrees()
    }
}
