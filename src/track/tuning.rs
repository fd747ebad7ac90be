//! The numbers inside the tracker: one set for every film, frame rate and detector.
//!
//! Lengths are in box sizes (the square root of a box's area), times in seconds, so that neither resolution nor frame rate matters. Tuned
//! together on pedestrians (the first halves of MOT17's training films and eleven films of MOT15, each at its full rate and thinned to
//! about 8 and 5 frames a second); what concerns vehicles only is set from their speeds. What a city may want to change is in
//! [`TrackSettings`](crate::config::settings::TrackSettings) instead.

use super::kalman::Noise;
use crate::base::class::Class;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Tuning {
    // Movement.
    /// Standard deviation of a good detection's position: at first, and at the least.
    pub(super) measured_least: f32,
    /// The same at the most.
    pub(super) measured_most: f32,
    /// The same, in times the usual change of a box's height (see [`super::jitter`]).
    pub(super) jitter: f32,
    /// The same, as learned up to now.
    pub(super) measured: f32,
    /// Unforeseen change of a person's velocity in a second.
    pub(super) acceleration: f32,
    /// The same of a vehicle: 2 m/s² is half a car's size a second, half a motorcycle's more.
    pub(super) acceleration_vehicle: f32,
    /// Velocity of a person seen once: people walk less than a box's size a second.
    pub(super) first_velocity: f32,
    /// The same of a vehicle: 40 km/h is 3 sizes of a car a second.
    pub(super) first_velocity_vehicle: f32,
    /// Time in which what is out of sight loses most of its velocity (to 1/e): people turn, cars brake.
    pub(super) damping_secs: f32,
    /// Added to the measurement's standard deviation, in times itself, for a detection of no trust at all.
    pub(super) doubt: f32,
    /// Score of full trust, in times the high score: what counts is where a score stands among this detector's.
    pub(super) trusted: f32,

    // Repair after a gap.
    /// Shortest gap that is repaired.
    pub(super) repair_after_secs: f32,
    /// Step along the line that repairs it.
    pub(super) repair_step_secs: f32,

    // Standing.
    /// What stays within this distance stands.
    pub(super) standing_drift: f32,
    /// Time without leaving it before "it stands" is believed.
    pub(super) standing_secs: f32,
    /// Overlap by which something that stood and was hidden is known again.
    pub(super) gate_standing: f32,
    /// Overlap by which a newcomer takes the place of something hidden.
    pub(super) replaced: f32,

    // Association.
    /// How much boxes grow before they are compared (C-BIoU).
    pub(super) buffer: f32,
    /// How much more for each size of doubt about the position: so the gate follows Δt and the time out of sight.
    pub(super) buffer_spread: f32,
    /// The same for a vehicle, whose velocity is doubted more from the start.
    pub(super) buffer_spread_vehicle: f32,
    /// Most they grow.
    pub(super) buffer_max: f32,
    /// Overlap needed for a sure detection and a track just seen.
    pub(super) gate: f32,
    /// Growth and overlap for a faint detection: only right where it is expected.
    pub(super) buffer_low: f32,
    /// See `buffer_low`.
    pub(super) gate_low: f32,
    /// Overlap needed for a track lost from sight for longer than `awaited_secs`.
    pub(super) gate_lost: f32,
    /// Overlap needed for a person seen once: nothing is known of its velocity, but it is small.
    pub(super) gate_tentative: f32,
    /// The same for a vehicle: between two frames it moves a good part of its size.
    pub(super) gate_tentative_vehicle: f32,
    /// Time out of sight within which a track tells how the camera jerked.
    pub(super) fresh_secs: f32,
    /// Time out of sight within which a track chooses together with those just seen: when detectors miss much, it is as likely to come back
    /// as its neighbour is to stay.
    pub(super) awaited_secs: f32,
    /// Cost of a second out of sight.
    pub(super) away: f32,
    /// Time out of sight after which a faint detection no longer is believed to be the track.
    pub(super) low_within_secs: f32,
    /// Faintest score used, in times the high score.
    pub(super) low_score: f32,
    /// Cost above which a track rather stays alone.
    pub(super) limit: f32,
    /// Weight of the heights in the cost.
    pub(super) height: f32,
    /// Cost of turning back.
    pub(super) course: f32,
    /// Time over which the course is taken.
    pub(super) course_secs: f32,
    /// Movement too small to have a course.
    pub(super) course_min: f32,
    /// Cost of a change of class.
    pub(super) class_cost: f32,
    /// Overlap with a supported track above which a new detection is its double.
    pub(super) duplicate: f32,

    // Camera.
    /// Smallest common surprise that is laid to the camera: people who walk into each other are none.
    pub(super) drift_min: f32,
    /// Largest disagreement about it, in times itself.
    pub(super) drift_spread: f32,
    /// Furthest jerk of the camera.
    pub(super) jerk_reach: f32,
    /// How near a jerk must bring a box to its detection to explain it.
    pub(super) jerk_near: f32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            measured_least: 0.05,
            measured_most: 0.2,
            jitter: 1.5,
            measured: 0.05,
            acceleration: 1.0,
            acceleration_vehicle: 2.0,
            first_velocity: 2.0,
            first_velocity_vehicle: 3.0,
            damping_secs: 2.0,
            doubt: 2.0,
            trusted: 1.5,
            repair_after_secs: 0.3,
            repair_step_secs: 0.1,
            standing_drift: 0.25,
            standing_secs: 1.5,
            gate_standing: 0.4,
            replaced: 0.6,
            buffer: 0.2,
            buffer_spread: 0.4,
            buffer_spread_vehicle: 0.25,
            buffer_max: 1.0,
            gate: 0.3,
            buffer_low: 0.0,
            gate_low: 0.6,
            gate_lost: 0.5,
            gate_tentative: 0.35,
            gate_tentative_vehicle: 0.1,
            fresh_secs: 0.3,
            awaited_secs: 1.5,
            away: 0.3,
            low_within_secs: 0.2,
            low_score: 0.3,
            limit: 1.0,
            height: 0.8,
            course: 0.1,
            course_secs: 0.5,
            course_min: 0.1,
            class_cost: 0.2,
            duplicate: 0.6,
            drift_min: 0.06,
            drift_spread: 1.0,
            jerk_reach: 1.0,
            jerk_near: 0.2,
        }
    }
}

impl Tuning {
    /// How much the buffer grows with doubt for this class.
    pub(super) fn buffer_spread(&self, class: Class) -> f32 {
        if class.is_vehicle() { self.buffer_spread_vehicle } else { self.buffer_spread }
    }

    /// How things of this class move.
    pub(super) fn noise(&self, class: Class) -> Noise {
        let (acceleration, first_velocity) = if class.is_vehicle() {
            (self.acceleration_vehicle, self.first_velocity_vehicle)
        } else {
            (self.acceleration, self.first_velocity)
        };
        Noise { measured: self.measured, acceleration, first_velocity }
    }
}
