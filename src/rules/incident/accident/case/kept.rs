//! A case for the next run of the program.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Case, Told};
use crate::base::geom::Point;
use crate::base::time::{Stamp, WallTime};
use crate::event::OpenEvent;
use crate::rules::LeftOpen;
use crate::rules::incident::accident::parties::Parties;
use crate::rules::incident::accident::party::{Party, PartyMemory};
use crate::rules::incident::accident::passing::Passing;
use crate::rules::incident::accident::score::Evidence;
use crate::rules::incident::accident::usual::IsExit;
use crate::rules::incident::spot::recalled;
use crate::rules::left_open::OfEvent;

/// A case that was told of, for the next run of the program: where it is, and what spoke for it. Lengths in pixels.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CaseMemory {
    event: String,
    is_confirmed: bool,
    /// The impact, in microseconds of UTC, and how much of the time since then nobody saw, in seconds.
    onset: i64,
    blind_secs: f64,
    place: [f32; 2],
    length: f32,
    /// Those who rest, the jolted one first.
    parties: Vec<PartyMemory>,
    evidence: Vec<(String, f32)>,
    people_before: usize,
    two_wheeler: bool,
    passed: u32,
}

impl OfEvent for CaseMemory {
    fn event(&self) -> &str {
        &self.event
    }
}

impl Case {
    /// For the next run of the program; `None` when nothing was told, or the jolted one does not rest: then nobody could know it again.
    pub(in crate::rules::incident::accident) fn memory(&self) -> Option<CaseMemory> {
        let (event, is_confirmed) = match &self.told {
            Told::Nothing => return None,
            Told::Suspected(event) => (event, false),
            Told::Confirmed(event, _) => (event, true),
        };
        let first = self.parties.first()?.memory()?;
        let others = self.parties[1..].iter().filter_map(Party::memory);
        Some(CaseMemory {
            event: event.last().id.to_string(),
            is_confirmed,
            onset: self.onset.wall.as_micros(),
            blind_secs: self.blind.as_secs_f64(),
            place: [self.place.x, self.place.y],
            length: self.length,
            parties: std::iter::once(first).chain(others).collect(),
            evidence: self.evidence.memory(),
            people_before: self.people_before,
            two_wheeler: self.two_wheeler,
            passed: self.passed(),
        })
    }

    /// A case that an earlier run was cut off in; `None` when this version cannot go on with it. How it moved before the impact is
    /// forgotten: who passes now is not counted any more, and a queue ahead is not looked for.
    pub(in crate::rules::incident::accident) fn recalled(memory: &CaseMemory, left: &LeftOpen, now: Stamp) -> Option<Self> {
        let party = |party: &PartyMemory| Party::recalled(party, left.watched_until, now);
        let mut recalled_parties = memory.parties.iter().map(party);
        let mut parties = Parties::alone(recalled_parties.next()??);
        recalled_parties.flatten().for_each(|other| parties.join(other));
        let secs = |secs: f64| Duration::try_from_secs_f64(secs).unwrap_or_default();
        let onset = recalled(WallTime::from_micros(memory.onset), now);
        let event = Box::new(OpenEvent::resume(left.event.clone()));
        Some(Self {
            onset,
            noticed: onset.media,
            subject: parties[0].track,
            jolt: None,
            fall: None,
            place: Point::new(memory.place[0], memory.place[1]),
            // Said again by the first frame.
            is_in_exit: IsExit::No,
            length: memory.length.max(1.0),
            parties,
            closing_l_s: None,
            evidence: Evidence::recalled(&memory.evidence),
            people_before: memory.people_before,
            two_wheeler: memory.two_wheeler,
            passing: Passing::recalled(memory.passed),
            blockage: None,
            told_blocked: false,
            is_driving: false,
            blind: secs(memory.blind_secs) + secs(left.watched_until.secs_until(now.wall)),
            told: if memory.is_confirmed { Told::Confirmed(event, now.media) } else { Told::Suspected(event) },
        })
    }
}
