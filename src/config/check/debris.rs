//! What to watch for on a carriageway that no detector has a class for.

use super::rules::{HOLD, Rules, UPDATE};
use super::{Checker, below};
use crate::config::file::camera::ZoneUseFile;
use crate::config::file::debris::DebrisFile;
use crate::config::file::duration::DurationText;
use crate::config::settings::{DebrisSettings, RuleSettings};

impl Checker<'_> {
    /// Every rule about things on the road.
    pub(super) fn all_debris(&mut self, rules: &mut Rules<'_>, made: &mut Vec<RuleSettings>) {
        for (at, file) in rules.camera.rules.debris.iter().enumerate() {
            made.extend(self.debris(rules, at, file).map(RuleSettings::Debris));
        }
    }

    fn debris(&mut self, rules: &mut Rules<'_>, at: usize, file: &DebrisFile) -> Option<DebrisSettings> {
        let path = format!("{}.debris[{at}]", rules.path);
        let zone = self.zone(rules, &path, file.zone.as_deref());
        let name = self.rule_name(rules, &path, file.name.as_deref(), ("debris", zone.as_ref()));
        let kind = file.zone.as_ref().and_then(|zone| rules.camera.zones.get(zone)).map(|zone| zone.kind);
        if matches!(kind, Some(ZoneUseFile::Sidewalk | ZoneUseFile::Plaza | ZoneUseFile::Waiting)) {
            self.say(&below(&path, "zone"), "is a place where things are put down: watch the carriageway, or give this zone its true kind");
        }
        let dwell = DurationText::from_secs(30)..=DurationText::from_secs(3600);
        Some(DebrisSettings {
            dwell: self.duration(&below(&path, "dwell"), file.dwell, dwell),
            smallest_l: self.number(&below(&path, "smallest_l"), file.smallest_l, 0.05..=2.0),
            largest_l: self.more_than(&path, ("largest_l", file.largest_l), ("smallest_l", file.smallest_l), 10.0),
            gone: self.duration(&below(&path, "gone"), file.gone, HOLD),
            update_every: self.duration(&below(&path, "update_every"), file.update_every, UPDATE),
            name: name?,
            zone: zone?,
        })
    }
}
