//! Numbers inside the tracker.

use super::kalman::Noise;
use crate::base::class::Class;

#[derive(Clone, Debug)]
pub(super) struct Tuning {
    pub(super) measured: f32,
    pub(super) acceleration: f32,
    pub(super) acceleration_vehicle: f32,
    pub(super) first_velocity: f32,
    pub(super) first_velocity_vehicle: f32,
    pub(super) damping_secs: f32,
    pub(super) repair_after_secs: f32,
    pub(super) repair_step_secs: f32,
    pub(super) doubt: f32,
    pub(super) standing_drift: f32,
    pub(super) standing_secs: f32,
    pub(super) buffer: f32,
    pub(super) buffer_spread: f32,
    pub(super) buffer_max: f32,
    pub(super) gate: f32,
    pub(super) buffer_low: f32,
    pub(super) gate_low: f32,
    pub(super) low_within_secs: f32,
    pub(super) low_score: f32,
    pub(super) gate_lost: f32,
    pub(super) fresh_secs: f32,
    pub(super) gate_tentative: f32,
    pub(super) fuse: f32,
    pub(super) height: f32,
    pub(super) course: f32,
    pub(super) course_secs: f32,
    pub(super) course_min: f32,
    pub(super) class_cost: f32,
    pub(super) duplicate: f32,
    pub(super) gate_standing: f32,
    pub(super) cmc: f32,
    pub(super) confirm: f32,
    pub(super) replaced: f32,
    pub(super) nested: f32,
    pub(super) limit: f32,
    pub(super) cmc_spread: f32,
}

impl Default for Tuning {
    fn default() -> Self {
        let t = Self {
            measured: 0.07,
            acceleration: 1.0,
            acceleration_vehicle: 2.0,
            first_velocity: 1.0,
            first_velocity_vehicle: 3.0,
            damping_secs: 1.0,
            repair_after_secs: 0.3,
            repair_step_secs: 0.1,
            doubt: 1.0,
            standing_drift: 0.25,
            standing_secs: 1.5,
            buffer: 0.2,
            buffer_spread: 0.5,
            buffer_max: 1.0,
            gate: 0.2,
            buffer_low: 0.2,
            gate_low: 0.4,
            low_within_secs: 0.5,
            low_score: 0.1,
            gate_lost: 0.2,
            fresh_secs: 0.3,
            gate_tentative: 0.2,
            fuse: 1.0,
            height: 0.0,
            course: 0.1,
            course_secs: 0.3,
            course_min: 0.1,
            class_cost: 0.2,
            duplicate: 0.7,
            gate_standing: 0.4,
            cmc: 0.1,
            confirm: 0.0,
            replaced: 2.0,
            nested: 2.0,
            limit: 1.0,
            cmc_spread: 0.7,
        };

        t
    }
}

impl Tuning {
    pub(super) fn noise(&self, class: Class) -> Noise {
        let vehicle = class.is_vehicle();
        Noise {
            measured: self.measured,
            acceleration: if vehicle { self.acceleration_vehicle } else { self.acceleration },
            first_velocity: if vehicle { self.first_velocity_vehicle } else { self.first_velocity },
        }
    }
}
