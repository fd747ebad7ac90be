//! Road users on paths that a test describes, as the tracker would report them.

use std::time::Duration;

use serde::Deserialize;
use simpang::base::class::Class;
use simpang::base::geom::{FrameSize, Point, Rect};
use simpang::base::time::{MediaTime, Stamp, WallTime};
use simpang::detect::Score;
use simpang::event::EndReason;
use simpang::rules::{Findings, Rule};
use simpang::scene::SceneState;
use simpang::track::{Track, TrackId};

/// The picture of every test film.
pub(super) const SIZE: FrameSize = FrameSize::new(640, 360);

/// One track. Its box has `size` and its middle follows `path` in straight lines; it is there from the first to the last corner.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) id: u32,
    pub(super) class: String,
    /// Width and height in pixels.
    pub(super) size: [f32; 2],
    /// Corners: seconds, x, y of the box's middle.
    pub(super) path: Vec<[f64; 3]>,
    /// From when to when the detector does not see it, although the tracker keeps it.
    #[serde(default)]
    pub(super) hidden: Vec<[f64; 2]>,
    #[serde(default)]
    pub(super) rider: bool,
    /// Its box from a time on, when it falls over.
    #[serde(default)]
    pub(super) then: Option<Shape>,
    /// From when on the detector takes it for what.
    #[serde(default)]
    pub(super) becomes: Option<(f64, String)>,
    /// The same again: every so many seconds, in all so many times.
    #[serde(default)]
    pub(super) repeat: Option<Repeat>,
}

/// Another box, around the same middle.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shape {
    at: f64,
    size: [f32; 2],
}

/// Road users with the same path, one after the other.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Repeat {
    every: f64,
    times: u32,
}

impl User {
    pub(super) fn car(id: u32, path: &[[f64; 3]]) -> Self {
        Self {
            id,
            class: "car".into(),
            size: [60.0, 40.0],
            path: path.to_vec(),
            hidden: vec![],
            rider: false,
            then: None,
            becomes: None,
            repeat: None,
        }
    }

    /// This user and its repetitions, numbered onwards.
    pub(super) fn repeated(self) -> Vec<Self> {
        let repeat = self.repeat.unwrap_or(Repeat { every: 0.0, times: 1 });
        let later = |index: u32| {
            let by = f64::from(index) * repeat.every;
            let path = self.path.iter().map(|[at, x, y]| [at + by, *x, *y]).collect();
            let hidden = self.hidden.iter().map(|[from, to]| [from + by, to + by]).collect();
            Self { id: self.id + index, path, hidden, repeat: None, ..self.clone() }
        };
        (0..repeat.times).map(later).collect()
    }

    fn rect(&self, secs: f64) -> Option<Rect<simpang::base::geom::Pixel>> {
        let (first, last) = (self.path.first()?, self.path.last()?);
        if secs < first[0] - 1e-9 || secs > last[0] + 1e-9 {
            return None;
        }
        let next = self.path.iter().position(|corner| corner[0] >= secs - 1e-9)?;
        let (a, b) = (self.path[next.saturating_sub(1)], self.path[next]);
        let share = if b[0] > a[0] { ((secs - a[0]) / (b[0] - a[0])).clamp(0.0, 1.0) } else { 0.0 };
        let (x, y) = ((a[1] + (b[1] - a[1]) * share) as f32, (a[2] + (b[2] - a[2]) * share) as f32);
        let [width, height] = self.then.filter(|then| secs >= then.at).map_or(self.size, |then| then.size);
        Some(Rect::new(x - width / 2.0, y - height / 2.0, width, height))
    }

    fn class(&self, secs: f64) -> Class {
        let later = self.becomes.as_ref().filter(|(at, _)| secs >= *at).map(|(_, class)| class);
        Class::from_name(later.unwrap_or(&self.class)).expect("a class of ours")
    }

    fn is_hidden(&self, secs: f64) -> bool {
        self.hidden.iter().any(|[from, to]| (*from..*to).contains(&secs))
    }
}

/// Tracks of a film, frame by frame.
#[derive(Clone, Debug)]
pub(super) struct Film {
    pub(super) fps: f64,
    pub(super) start: WallTime,
    pub(super) users: Vec<User>,
    /// From when to when no frame arrives.
    pub(super) outages: Vec<[f64; 2]>,
    pub(super) length: Option<f64>,
}

impl Film {
    pub(super) fn new(fps: f64, users: Vec<User>) -> Self {
        let start = WallTime::parse_rfc3339("2026-11-21T10:00:00Z").expect("valid");
        Self { fps, start, users, outages: vec![], length: None }
    }

    fn last_second(&self) -> f64 {
        let ends = self.users.iter().filter_map(|user| user.path.last()).map(|corner| corner[0]);
        self.length.unwrap_or_else(|| ends.fold(0.0, f64::max) + 5.0)
    }

    pub(super) fn frames(&self) -> Vec<(Stamp, Vec<Track>)> {
        let count = (self.last_second() * self.fps).ceil() as usize;
        let times = (0..count).map(|i| i as f64 / self.fps);
        let seen = times.filter(|secs| !self.outages.iter().any(|[from, to]| (*from..*to).contains(secs)));
        let mut seen_before: Vec<f64> = Vec::new();
        seen.map(|secs| {
            seen_before.push(secs);
            let tracks = self.users.iter().filter_map(|user| self.track(user, secs, &seen_before)).collect();
            (stamp(self.start, secs), tracks)
        })
        .collect()
    }

    /// The track as it is at `secs`: it exists from its second detection on, as the tracker confirms it.
    fn track(&self, user: &User, secs: f64, frames: &[f64]) -> Option<Track> {
        let rect = user.rect(secs)?;
        let is_detected = |at: &&f64| user.rect(**at).is_some() && !user.is_hidden(**at);
        let first = *frames.iter().find(is_detected)?;
        let last = *frames.iter().rev().find(is_detected)?;
        let before = user.rect(secs - 1.0 / self.fps).unwrap_or(rect);
        let per_second = self.fps as f32;
        (last > first).then(|| Track {
            id: TrackId(user.id),
            rect,
            class: user.class(secs),
            score: Score::new(0.8),
            velocity: Point::new((rect.left - before.left) * per_second, (rect.top - before.top) * per_second),
            is_observed: last == secs,
            is_rider: user.rider,
            first_seen: (MediaTime::from_secs_f64(first), user.rect(first).expect("detected there")),
            last_seen: MediaTime::from_secs_f64(last),
        })
    }

    /// What `rule` finds in the whole film, the end of the session included.
    pub(super) fn show(&self, rule: &mut dyn Rule) -> Findings {
        let mut out = Findings::default();
        let mut scene = SceneState::new();
        let mut last = stamp(self.start, 0.0);
        for (at, mut tracks) in self.frames() {
            tracks.sort_by_key(|track| track.id);
            rule.observe(&scene.observe(at, SIZE, &tracks), &mut out);
            last = at;
        }
        rule.finish(last, EndReason::CameraLost, &mut out);
        out
    }
}

pub(super) fn stamp(start: WallTime, secs: f64) -> Stamp {
    Stamp { media: MediaTime::from_secs_f64(secs), wall: start + Duration::from_secs_f64(secs) }
}
