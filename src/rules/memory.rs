//! What rules keep from one run of the program to the next.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::crowd::UsualCover;
use super::incident::accident::CaseMemory;
use super::incident::stopped_vehicle::Standing;
use super::traffic::approach::MeasuresMemory;
use super::traffic::congestion::CongestionMemory;
use super::traffic::movements::MovementsMemory;
use crate::base::geom::{Line, Norm, Point};
use crate::base::id::Slug;
use crate::config::settings::Zone;

/// What one rule keeps.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RuleMemory {
    /// Name of the rule.
    rule: String,
    /// The ground it watches: what was learned on another one is worth nothing.
    ground: String,
    pub(crate) kept: Kept,
}

/// What it is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kept {
    /// What is usual on an approach.
    Congestion(CongestionMemory),
    /// Where the vehicles of open events stand.
    Standing(Vec<Standing>),
    /// Where people on the carriageway stand, in pixels.
    OnFoot(Vec<[f32; 2]>),
    /// Accidents that were told of.
    Accidents(Vec<CaseMemory>),
    /// The usual ways between the gates of a junction.
    Movements(MovementsMemory),
    /// What is usual on an approach that is measured.
    Approach(MeasuresMemory),
    /// How much one person covers of the picture.
    Crowd(UsualCover),
}

impl RuleMemory {
    /// Name of the rule that kept it.
    pub fn rule(&self) -> &str {
        &self.rule
    }
}

/// Whose memory it is: a rule by name, and the zones it watches.
#[derive(Clone, Debug)]
pub(crate) struct Keeper {
    rule: Slug,
    ground: String,
}

impl Keeper {
    pub(crate) fn new<'a>(rule: &Slug, zones: impl IntoIterator<Item = &'a Zone>) -> Self {
        Self { rule: rule.clone(), ground: ground(zones) }
    }

    /// For a rule that does not watch zones; `ground` says where it watches.
    pub(crate) fn of_ground(rule: &Slug, ground: String) -> Self {
        Self { rule: rule.clone(), ground }
    }

    pub(crate) fn keep(&self, kept: Kept) -> RuleMemory {
        RuleMemory { rule: self.rule.to_string(), ground: self.ground.clone(), kept }
    }

    /// Whether it was kept by this rule on this ground.
    pub(crate) fn is_mine(&self, memory: &RuleMemory) -> bool {
        memory.rule == self.rule.as_str() && memory.ground == self.ground
    }
}

/// Zones in words: the same as long as nobody draws them anew. Names and real areas may change.
pub fn ground<'a>(zones: impl IntoIterator<Item = &'a Zone>) -> String {
    let mut text = String::new();
    let mut write = |part: std::fmt::Arguments<'_>| text.write_fmt(part).expect("writing to a String cannot fail");
    let point = |p: Point<Norm>| [p.x, p.y];
    let line = |line: Line<Norm>| [point(line.a), point(line.b)];
    for zone in zones {
        let corners: Vec<_> = zone.polygon.corners().iter().map(|&corner| point(corner)).collect();
        write(format_args!("{} {corners:?} {:?} {:?}; ", zone.kind.word(), zone.direction.map(line), zone.stop_line.map(line)));
    }
    text
}
