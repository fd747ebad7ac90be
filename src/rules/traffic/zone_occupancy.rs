//! Counts what is in a zone: now, and on average over each minute and quarter of an hour.

use std::collections::BTreeMap;

use crate::base::class::Class;
use crate::base::id::Slug;
use crate::base::time::Stamp;
use crate::config::settings::{Zone, ZoneOccupancySettings};
use crate::event::{EndReason, FlowMeasure, FlowReport};
use crate::rules::period::{Closed, Periods, REPORTED};
use crate::rules::sampling::Sampling;
use crate::rules::{Findings, Rule};
use crate::scene::Scene;

type PerClass<T> = [T; Class::ALL.len()];

/// Counts what is in one zone. A thing is in the zone when its foot point is.
#[derive(Debug)]
pub struct ZoneOccupancy {
    camera: Slug,
    settings: ZoneOccupancySettings,
    zone: Zone,
    sampling: Sampling,
    now: PerClass<u32>,
    periods: [(Periods, Sums); 2],
}

/// What one period has added up.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    observed_secs: f64,
    present_secs: PerClass<f64>,
    people_max: u32,
}

impl ZoneOccupancy {
    /// Counts in `zone` of `camera`, whose frames stand for the time that `sampling` says.
    pub(crate) fn new(camera: Slug, settings: ZoneOccupancySettings, zone: Zone, sampling: Sampling) -> Self {
        let periods = REPORTED.map(|length| (Periods::new(length), Sums::default()));
        Self { camera, settings, zone, sampling, now: Default::default(), periods }
    }

    /// The zone's id.
    pub fn zone(&self) -> &Slug {
        &self.settings.zone
    }

    /// What is in the zone now; classes that are not there are left out.
    pub fn now(&self) -> BTreeMap<Class, u32> {
        Class::ALL.into_iter().zip(self.now).filter(|(_, number)| *number > 0).collect()
    }

    fn report(&mut self, over: [Option<Closed>; 2], out: &mut Findings) {
        for (closed, (_, sums)) in over.into_iter().zip(&mut self.periods) {
            let Some(closed) = closed else { continue };
            let sums = std::mem::take(sums);
            let mean = |secs: f64| if sums.observed_secs > 0.0 { secs / sums.observed_secs } else { 0.0 };
            let seen = Class::ALL.into_iter().zip(sums.present_secs).filter(|(_, secs)| *secs > 0.0);
            let measure = FlowMeasure::Zone {
                mean: seen.map(|(class, secs)| (class, mean(secs))).collect(),
                people_max: sums.people_max,
                coverage: (sums.observed_secs / closed.secs()).clamp(0.0, 1.0),
            };
            let (camera, place) = (self.camera.clone(), self.settings.zone.clone());
            out.reports.push(FlowReport { camera, place, from: closed.from, to: closed.to, measure });
        }
    }
}

impl Rule for ZoneOccupancy {
    fn observe(&mut self, scene: &Scene<'_>, out: &mut Findings) {
        let over = self.periods.each_mut().map(|(periods, _)| periods.advance(scene.at));
        self.report(over, out);
        self.now = present(scene, &self.zone, &self.settings.classes);
        let people = self.now[Class::Person.index()];
        let secs = self.sampling.secs(scene);
        for (_, sums) in &mut self.periods {
            sums.observed_secs += secs;
            sums.people_max = sums.people_max.max(people);
            sums.present_secs.iter_mut().zip(self.now).for_each(|(sum, number)| *sum += f64::from(number) * secs);
        }
    }

    fn finish(&mut self, at: Stamp, _reason: EndReason, out: &mut Findings) {
        let over = self.periods.each_mut().map(|(periods, _)| periods.finish(at.media));
        self.report(over, out);
        self.periods.iter_mut().for_each(|(_, sums)| *sums = Sums::default());
    }

    fn zone_now(&self) -> Option<(&Slug, BTreeMap<Class, u32>)> {
        Some((self.zone(), self.now()))
    }
}

/// How many of each of `classes` are in `zone` now. Riders are no people: their motorcycle is counted.
fn present(scene: &Scene<'_>, zone: &Zone, classes: &[Class]) -> PerClass<u32> {
    let mut number = PerClass::default();
    for track in scene.tracks.iter().filter(|track| track.is_present(scene.at.media)) {
        let class = track.track.class;
        let is_rider = class == Class::Person && track.track.is_rider;
        if classes.contains(&class) && !is_rider && zone.polygon.contains(scene.size.to_norm(track.foot())) {
            number[class.index()] += 1;
        }
    }
    number
}
