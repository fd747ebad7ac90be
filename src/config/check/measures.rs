//! Measures of an approach: a zone with a stop line, and what is known about its signal.

use super::rules::{CYCLE, Rules};
use super::{Checker, below};
use crate::base::id::Slug;
use crate::config::file::camera::ZoneUseFile;
use crate::config::file::duration::DurationText;
use crate::config::file::measures::ApproachFile;
use crate::config::settings::{ApproachSettings, RuleSettings};

impl Checker<'_> {
    /// The rules that measure and tell of nothing.
    pub(super) fn measures(&mut self, rules: &mut Rules<'_>, made: &mut Vec<RuleSettings>) {
        for (at, file) in rules.camera.rules.movements.iter().enumerate() {
            made.extend(self.movements(rules, at, file).map(RuleSettings::Movements));
        }
        for (at, file) in rules.camera.rules.approach.iter().enumerate() {
            made.extend(self.approach(rules, at, file).map(RuleSettings::Approach));
        }
    }

    fn approach(&mut self, rules: &mut Rules<'_>, at: usize, file: &ApproachFile) -> Option<ApproachSettings> {
        let path = format!("{}.approach[{at}]", rules.path);
        let zone = self.zone(rules, &path, file.zone.as_deref());
        let name = self.rule_name(rules, &path, file.name.as_deref(), ("approach", zone.as_ref()));
        self.sees(rules, &path, "vehicles", |class| class.is_vehicle());
        self.measurable(rules, &below(&path, "zone"), zone.as_ref());
        self.measured_once(&below(&path, "zone"), &rules.path, zone.as_ref());
        if let (Some(green), Some(cycle)) = (file.green, file.cycle)
            && green >= cycle
        {
            self.say(
                &below(&path, "green"),
                format!("is {green}, not shorter than `cycle` ({cycle}): write the green of this approach only"),
            );
        }
        let green = DurationText::from_secs(3)..=DurationText::from_secs(300);
        Some(ApproachSettings {
            cycle: file.cycle.map(|cycle| self.duration(&below(&path, "cycle"), cycle, CYCLE)),
            green: file.green.map(|length| self.duration(&below(&path, "green"), length, green)),
            saturation_smp_h: file.saturation_smp_h.map(|flow| self.number(&below(&path, "saturation_smp_h"), flow, 200.0..=20_000.0)),
            emp: self.emp.clone(),
            los: self.los,
            name: name?,
            zone: zone?,
        })
    }

    /// What passes the stop line is the flow, and queues are measured back from it.
    fn measurable(&mut self, rules: &Rules<'_>, path: &str, zone: Option<&Slug>) {
        let Some((id, zone)) = zone.and_then(|id| Some((id, rules.camera.zones.get(id.as_str())?))) else { return };
        if zone.kind != ZoneUseFile::Approach {
            self.say(
                path,
                format!(
                    "names `{id}`, which is not of kind `approach`: measure the lanes before a stop line, or give this zone its true kind"
                ),
            );
        } else if zone.stop_line.is_none() {
            self.say(
                path,
                format!("names `{id}`, which has no `stop_line`: what passes it is the flow, so draw a line there and name it in the zone"),
            );
        }
    }

    /// The topic of an approach names the zone without the camera.
    fn measured_once(&mut self, path: &str, rules: &str, zone: Option<&Slug>) {
        let Some(zone) = zone else { return };
        if let Some(first) = self.measured.insert(zone.clone(), rules.to_owned()) {
            let camera = super::camera_of(&first).unwrap_or_default();
            self.say(
                path,
                format!("names `{zone}`, and camera `{camera}` measures an approach of that name too: remove one rule, or rename one of the zones"),
            );
        }
    }
}
