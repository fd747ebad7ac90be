//! The numbers of one line: totals, and what is reported for each minute and quarter of an hour.

use std::collections::BTreeMap;

use super::course::Side;
use crate::base::class::Class;
use crate::base::id::Slug;
use crate::base::time::{MediaTime, Stamp};
use crate::config::settings::LineCountSettings;
use crate::event::{FlowMeasure, FlowReport};
use crate::rules::Findings;
use crate::rules::period::{Closed, Periods, REPORTED};

/// What passed, by direction and class.
pub type LineCounts = BTreeMap<Slug, BTreeMap<Class, u32>>;

/// Counts per direction and class. A passage belongs to the period in which it was decided, which can be seconds after it
/// happened: a report that was sent is never wrong afterwards, and the reports add up to the total.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    camera: Slug,
    line: Slug,
    to_left: Slug,
    to_right: Slug,
    totals: LineCounts,
    periods: [(Periods, LineCounts); 2],
}

impl Tally {
    pub(super) fn new(camera: Slug, settings: &LineCountSettings) -> Self {
        let (to_left, to_right) = (settings.to_left.clone(), settings.to_right.clone());
        let zero: LineCounts = [&to_left, &to_right].into_iter().map(|to| (to.clone(), BTreeMap::new())).collect();
        let periods = REPORTED.map(|length| (Periods::new(length), zero.clone()));
        Self { camera, line: settings.line.clone(), to_left, to_right, totals: zero, periods }
    }

    pub(super) fn totals(&self) -> &LineCounts {
        &self.totals
    }

    pub(super) fn direction(&self, to: Side) -> &Slug {
        match to {
            Side::Left => &self.to_left,
            Side::Right => &self.to_right,
        }
    }

    pub(super) fn add(&mut self, to: Side, class: Class) {
        let direction = self.direction(to).clone();
        for counts in std::iter::once(&mut self.totals).chain(self.periods.iter_mut().map(|(_, counts)| counts)) {
            let number = counts.entry(direction.clone()).or_default().entry(class).or_default();
            *number = number.saturating_add(1);
        }
    }

    /// Reports the periods that are over at this frame.
    pub(super) fn advance(&mut self, at: Stamp, out: &mut Findings) {
        let over = self.periods.each_mut().map(|(periods, _)| periods.advance(at));
        self.report(over, out);
    }

    /// Reports the open periods as far as they went.
    pub(super) fn finish(&mut self, at: MediaTime, out: &mut Findings) {
        let over = self.periods.each_mut().map(|(periods, _)| periods.finish(at));
        self.report(over, out);
        self.periods.iter_mut().flat_map(|(_, counts)| counts.values_mut()).for_each(BTreeMap::clear);
    }

    fn report(&mut self, over: [Option<Closed>; 2], out: &mut Findings) {
        for (closed, (_, counts)) in over.into_iter().zip(&mut self.periods) {
            let Some(closed) = closed else { continue };
            let measure = FlowMeasure::Line(counts.clone());
            counts.values_mut().for_each(BTreeMap::clear);
            let (camera, place) = (self.camera.clone(), self.line.clone());
            out.reports.push(FlowReport { camera, place, from: closed.from, to: closed.to, measure });
        }
    }
}
