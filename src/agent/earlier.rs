//! What earlier runs of the program left: what was learned, and events that were cut off. Which of these may go on is decided here.

use std::time::Duration;

use super::learned::{Kept, Shelf, View};
use crate::base::time::WallTime;
use crate::config::settings::{CameraSettings, Settings};
use crate::event::Event;
use crate::rules::LeftOpen;

/// What earlier runs left for one camera.
pub(super) struct Earlier {
    pub(super) kept: Option<Kept>,
    pub(super) left: Vec<LeftOpen>,
}

/// A camera's time may lead the box's by this much. When the box's own clock is earlier than what it wrote, as on one that starts in 1970, nobody knows
/// how long it was away.
const CLOCKS_DIFFER_SECS: f64 = 5.0;

/// For each camera in order; and the ends of open events that cannot go on: their camera is gone, or nobody watched it for too long.
pub(super) fn of_cameras(settings: &Settings, left_open: &[Event], now: WallTime) -> (Vec<Earlier>, Vec<Event>) {
    let shelf = Shelf::beside(&settings.outbox.directory);
    let take = |camera: &CameraSettings| Earlier { kept: shelf.take(&camera.id, &View::of(camera)), left: Vec::new() };
    let mut cameras: Vec<Earlier> = settings.cameras.iter().map(take).collect();
    let mut over = Vec::new();
    for event in left_open {
        let index = settings.cameras.iter().position(|camera| camera.id == event.camera);
        let saved = index.and_then(|index| cameras[index].kept.as_ref()).map(Kept::saved);
        let watched_until = saved.map_or(event.updated, |saved| saved.max(event.updated));
        let left = LeftOpen { event: event.clone(), watched_until, patience: settings.restart.judge_within };
        match index {
            Some(index) if may_go_on(watched_until.secs_until(now), settings.restart.resume_within) => cameras[index].left.push(left),
            Some(_) | None => over.push(left.end(now)),
        }
    }
    (cameras, over)
}

fn may_go_on(unwatched_secs: f64, within: Duration) -> bool {
    !within.is_zero() && (-CLOCKS_DIFFER_SECS..=within.as_secs_f64()).contains(&unwatched_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_short_outage_by_a_clock_that_goes_on_is_outlasted() {
        let five_minutes = Duration::from_secs(300);
        for (unwatched_secs, within, goes_on) in [
            (10.0, five_minutes, true),
            (-1.5, five_minutes, true),
            (300.0, five_minutes, true),
            (301.0, five_minutes, false),
            (-1.7e9, five_minutes, false),
            (f64::NAN, five_minutes, false),
            (0.1, Duration::ZERO, false),
            (-1.0, Duration::ZERO, false),
        ] {
            assert_eq!(may_go_on(unwatched_secs, within), goes_on, "{unwatched_secs} s within {within:?}");
        }
    }
}
