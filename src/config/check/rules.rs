//! What to watch for: every rule names a line or zone that exists, and its thresholds make sense together.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::{Checker, below};
use crate::base::class::Class;
use crate::base::cue::Cue;
use crate::base::id::Slug;
use crate::config::document::list;
use crate::config::file::camera::{CameraFile, ZoneUseFile};
use crate::config::file::duration::DurationText;
use crate::config::file::rules::{
    AccidentFile, AnchorFile, CongestionFile, CrowdFile, LineCountFile, PedestrianOnRoadFile, StoppedVehicleFile, WrongWayFile,
    ZoneOccupancyFile,
};
use crate::config::nearest::did_you_mean;
use crate::config::settings::{
    AccidentSettings, Anchor, CongestionSettings, CrowdSettings, LineCountSettings, PedestrianOnRoadSettings, RuleSettings,
    StoppedVehicleSettings, WrongWaySettings, ZoneOccupancySettings,
};

pub(super) const HOLD: RangeInclusive<DurationText> = DurationText::from_secs(1)..=DurationText::from_secs(3600);
const CLEAR_HOLD: RangeInclusive<DurationText> = DurationText::from_secs(1)..=DurationText::from_secs(7200);
pub(super) const CYCLE: RangeInclusive<DurationText> = DurationText::from_secs(30)..=DurationText::from_secs(300);
pub(super) const UPDATE: RangeInclusive<DurationText> = DurationText::from_secs(10)..=DurationText::from_secs(86_400);
/// Exit over enter, at least: closer and an event flutters (SCATS and AID practice keep 20 to 40 %).
const LEAST_SEPARATION: f64 = 1.2;

/// The rules of one camera while they are checked.
pub(super) struct Rules<'a> {
    /// `cameras.north.rules`
    pub(super) path: String,
    pub(super) camera: &'a CameraFile,
    /// What the camera keeps at all.
    kept: &'a [Class],
    /// Names given so far and where.
    names: BTreeMap<Slug, String>,
}

impl Checker<'_> {
    pub(super) fn rules(&mut self, camera_path: &str, camera: &CameraFile, kept: &[Class]) -> Vec<RuleSettings> {
        let mut rules = Rules { path: below(camera_path, "rules"), camera, kept, names: BTreeMap::new() };
        let mut made = Vec::new();
        for (at, file) in camera.rules.line_count.iter().enumerate() {
            made.extend(self.line_count(&mut rules, at, file).map(RuleSettings::LineCount));
        }
        for (at, file) in camera.rules.zone_occupancy.iter().enumerate() {
            made.extend(self.zone_occupancy(&mut rules, at, file).map(RuleSettings::ZoneOccupancy));
        }
        for (at, file) in camera.rules.congestion.iter().enumerate() {
            made.extend(self.congestion(&mut rules, at, file).map(RuleSettings::Congestion));
        }
        for (at, file) in camera.rules.crowd.iter().enumerate() {
            made.extend(self.crowd(&mut rules, at, file).map(RuleSettings::Crowd));
        }
        for (at, file) in camera.rules.stopped_vehicle.iter().enumerate() {
            made.extend(self.stopped_vehicle(&mut rules, at, file).map(RuleSettings::StoppedVehicle));
        }
        for (at, file) in camera.rules.wrong_way.iter().enumerate() {
            made.extend(self.wrong_way(&mut rules, at, file).map(RuleSettings::WrongWay));
        }
        for (at, file) in camera.rules.pedestrian_on_road.iter().enumerate() {
            made.extend(self.pedestrian_on_road(&mut rules, at, file).map(RuleSettings::PedestrianOnRoad));
        }
        for (at, file) in camera.rules.accident.iter().enumerate() {
            made.extend(self.accident(&mut rules, at, file).map(RuleSettings::Accident));
        }
        self.measures(&mut rules, &mut made);
        self.all_debris(&mut rules, &mut made);
        made
    }

    fn line_count(&mut self, rules: &mut Rules<'_>, at: usize, file: &LineCountFile) -> Option<LineCountSettings> {
        let path = format!("{}.line_count[{at}]", rules.path);
        let line = self.place(&below(&path, "line"), file.line.as_deref(), "line", rules.camera.lines.keys());
        let name = self.rule_name(rules, &path, file.name.as_deref(), ("line-count", line.as_ref()));
        self.counted_once(rules, &below(&path, "line"), line.as_ref());
        let to_right = self.slug(&below(&path, "to_right"), &file.to_right);
        let to_left = self.slug(&below(&path, "to_left"), &file.to_left);
        if to_right.is_some() && to_right == to_left {
            self.say(&below(&path, "to_left"), "has the name of the other direction: give the two directions different names");
        }
        let classes = self.rule_classes(rules, &below(&path, "classes"), &file.classes);
        let anchor = match file.anchor {
            AnchorFile::Foot => Anchor::Foot,
            AnchorFile::Center => Anchor::Center,
        };
        Some(LineCountSettings { name: name?, line: line?, to_right: to_right?, to_left: to_left?, classes, anchor })
    }

    fn zone_occupancy(&mut self, rules: &mut Rules<'_>, at: usize, file: &ZoneOccupancyFile) -> Option<ZoneOccupancySettings> {
        let path = format!("{}.zone_occupancy[{at}]", rules.path);
        let zone = self.zone(rules, &path, file.zone.as_deref());
        let name = self.rule_name(rules, &path, file.name.as_deref(), ("occupancy", zone.as_ref()));
        self.counted_once(rules, &below(&path, "zone"), zone.as_ref());
        let classes = self.rule_classes(rules, &below(&path, "classes"), &file.classes);
        Some(ZoneOccupancySettings { name: name?, zone: zone?, classes })
    }

    fn congestion(&mut self, rules: &mut Rules<'_>, at: usize, file: &CongestionFile) -> Option<CongestionSettings> {
        let path = format!("{}.congestion[{at}]", rules.path);
        let zone = self.zone(rules, &path, file.zone.as_deref());
        let name = self.rule_name(rules, &path, file.name.as_deref(), ("congestion", zone.as_ref()));
        self.sees(rules, &path, "vehicles", |class| class.is_vehicle());
        let window = DurationText::from_secs(10)..=DurationText::from_secs(3600);
        let least_exit = file.enter_below * LEAST_SEPARATION;
        if file.exit_above < least_exit {
            self.say(
                &below(&path, "exit_above"),
                format!(
                    "is {}, too near to `enter_below` ({}): make it at least {least_exit:.2}, or the event flutters",
                    file.exit_above, file.enter_below
                ),
            );
        }
        if file.clear_hold < file.hold {
            self.say(
                &below(&path, "clear_hold"),
                format!("is {}, shorter than `hold` ({}): make it at least as long, or the event flutters", file.clear_hold, file.hold),
            );
        }
        if file.cycle.is_some() && self.document.has(&below(&path, "window")) {
            self.say(
                &below(&path, "window"),
                "has no effect beside `cycle`: it is the cycle that is assumed while none is known, so remove one of the two",
            );
        }
        let exit_zone = file.exit_zone.as_deref().and_then(|exit| self.exit_zone(rules, &below(&path, "exit_zone"), exit));
        Some(CongestionSettings {
            free_flow_l_s: self.number(&below(&path, "free_flow_l_s"), file.free_flow_l_s, 0.1..=10.0),
            enter_below: self.number(&below(&path, "enter_below"), file.enter_below, 0.01..=0.9),
            exit_above: self.number(&below(&path, "exit_above"), file.exit_above, 0.01..=1.5),
            window: self.duration(&below(&path, "window"), file.window, window),
            hold: self.duration(&below(&path, "hold"), file.hold, HOLD),
            min_vehicles: self.number(&below(&path, "min_vehicles"), file.min_vehicles, 0.5..=1000.0),
            update_every: self.duration(&below(&path, "update_every"), file.update_every, UPDATE),
            cycle: file.cycle.map(|cycle| self.duration(&below(&path, "cycle"), cycle, CYCLE)),
            residual_smp: self.number(&below(&path, "residual_smp"), file.residual_smp, 1.0..=200.0),
            clear_hold: self.duration(&below(&path, "clear_hold"), file.clear_hold, CLEAR_HOLD),
            exit_zone,
            emp: self.emp.clone(),
            name: name?,
            zone: zone?,
        })
    }

    /// The zone that an approach flows into.
    fn exit_zone(&mut self, rules: &Rules<'_>, path: &str, text: &str) -> Option<Slug> {
        let zone = self.place(path, Some(text), "zone", rules.camera.zones.keys())?;
        let is_exit = rules.camera.zones.get(text).is_some_and(|zone| zone.kind == ZoneUseFile::Exit);
        if !is_exit {
            self.say(
                path,
                format!("names `{zone}`, which is not of kind `exit`: name the zone behind the junction, or give this one its true kind"),
            );
        }
        Some(zone)
    }

    fn crowd(&mut self, rules: &mut Rules<'_>, at: usize, file: &CrowdFile) -> Option<CrowdSettings> {
        let path = format!("{}.crowd[{at}]", rules.path);
        let zone = self.zone(rules, &path, file.zone.as_deref());
        let name = self.rule_name(rules, &path, file.name.as_deref(), ("crowd", zone.as_ref()));
        self.sees(rules, &path, "people", |class| !class.is_vehicle());
        if file.exit_below >= file.enter_at {
            self.say(
                &below(&path, "exit_below"),
                format!(
                    "is {}, not less than `enter_at` ({}): a quarter less keeps the event from fluttering",
                    file.exit_below, file.enter_at
                ),
            );
        }
        Some(CrowdSettings {
            enter_at: self.number(&below(&path, "enter_at"), file.enter_at, 2..=10_000),
            exit_below: self.number(&below(&path, "exit_below"), file.exit_below, 1..=10_000),
            hold: self.duration(&below(&path, "hold"), file.hold, HOLD),
            update_every: self.duration(&below(&path, "update_every"), file.update_every, UPDATE),
            name: name?,
            zone: zone?,
        })
    }

    fn stopped_vehicle(&mut self, rules: &mut Rules<'_>, at: usize, file: &StoppedVehicleFile) -> Option<StoppedVehicleSettings> {
        let path = format!("{}.stopped_vehicle[{at}]", rules.path);
        let zone = self.zone(rules, &path, file.zone.as_deref());
        let name = self.rule_name(rules, &path, file.name.as_deref(), ("stopped", zone.as_ref()));
        self.sees(rules, &path, "vehicles", |class| class.is_vehicle());
        self.not_for_waiting(rules, &path, file.zone.as_ref());
        let dwell = DurationText::from_secs(1)..=DurationText::from_secs(86_400);
        Some(StoppedVehicleSettings {
            dwell: self.duration(&below(&path, "dwell"), file.dwell, dwell),
            drift_l: self.number(&below(&path, "drift_l"), file.drift_l, 0.05..=5.0),
            passed: self.number(&below(&path, "passed"), file.passed, 0..=1000),
            gone: self.duration(&below(&path, "gone"), file.gone, HOLD),
            update_every: self.duration(&below(&path, "update_every"), file.update_every, UPDATE),
            name: name?,
            zone: zone?,
        })
    }

    fn wrong_way(&mut self, rules: &mut Rules<'_>, at: usize, file: &WrongWayFile) -> Option<WrongWaySettings> {
        let path = format!("{}.wrong_way[{at}]", rules.path);
        let zone = self.zone(rules, &path, file.zone.as_deref());
        let name = self.rule_name(rules, &path, file.name.as_deref(), ("wrong-way", zone.as_ref()));
        self.sees(rules, &path, "vehicles", |class| class.is_vehicle());
        let lasting = DurationText::from_millis(500)..=DurationText::from_secs(60);
        let together = DurationText::from_secs(60)..=DurationText::from_secs(86_400);
        Some(WrongWaySettings {
            distance_l: self.number(&below(&path, "distance_l"), file.distance_l, 1.0..=100.0),
            lasting: self.duration(&below(&path, "lasting"), file.lasting, lasting),
            riders_together: self.duration(&below(&path, "riders_together"), file.riders_together, together),
            update_every: self.duration(&below(&path, "update_every"), file.update_every, UPDATE),
            name: name?,
            zone: zone?,
        })
    }

    fn pedestrian_on_road(&mut self, rules: &mut Rules<'_>, at: usize, file: &PedestrianOnRoadFile) -> Option<PedestrianOnRoadSettings> {
        let path = format!("{}.pedestrian_on_road[{at}]", rules.path);
        let zone = self.zone(rules, &path, file.zone.as_deref());
        let name = self.rule_name(rules, &path, file.name.as_deref(), ("pedestrian", zone.as_ref()));
        self.sees(rules, &path, "people", |class| !class.is_vehicle());
        let kind = file.zone.as_ref().and_then(|zone| rules.camera.zones.get(zone)).map(|zone| zone.kind);
        if matches!(kind, Some(ZoneUseFile::Crossing | ZoneUseFile::Sidewalk | ZoneUseFile::Waiting)) {
            self.say(&below(&path, "zone"), "is a place for people on foot: watch the carriageway, or give this zone its true kind");
        }
        Some(PedestrianOnRoadSettings {
            dwell: self.duration(&below(&path, "dwell"), file.dwell, HOLD),
            gone: self.duration(&below(&path, "gone"), file.gone, HOLD),
            update_every: self.duration(&below(&path, "update_every"), file.update_every, UPDATE),
            name: name?,
            zone: zone?,
        })
    }

    fn accident(&mut self, rules: &mut Rules<'_>, at: usize, file: &AccidentFile) -> Option<AccidentSettings> {
        let path = format!("{}.accident[{at}]", rules.path);
        // A zone that is named and missing must not become the whole picture.
        let zone = match &file.zone {
            Some(zone) => Some(self.zone(rules, &path, Some(zone))?),
            None => None,
        };
        let usual = zone.as_ref().map_or_else(|| "accident".to_owned(), |zone| format!("accident-{zone}"));
        let name = self.rule_name(rules, &path, file.name.as_deref().or(zone.is_none().then_some(&usual)), ("accident", zone.as_ref()));
        self.sees(rules, &path, "vehicles", |class| class.is_vehicle());
        self.not_for_waiting(rules, &path, file.zone.as_ref());
        let confirm_within = DurationText::from_secs(10)..=DurationText::from_secs(600);
        Some(AccidentSettings {
            cues: self.cues(&below(&path, "cues"), &file.cues),
            suspect_at: self.number(&below(&path, "suspect_at"), file.suspect_at, 0.1..=0.95),
            confirm_at: self.more_than(&path, ("confirm_at", file.confirm_at), ("suspect_at", file.suspect_at), 0.99),
            confirm_within: self.duration(&below(&path, "confirm_within"), file.confirm_within, confirm_within),
            braking_l_s2: self.number(&below(&path, "braking_l_s2"), file.braking_l_s2, 0.3..=10.0),
            crash_l_s2: self.more_than(&path, ("crash_l_s2", file.crash_l_s2), ("braking_l_s2", file.braking_l_s2), 20.0),
            closing_l_s: self.number(&below(&path, "closing_l_s"), file.closing_l_s, 0.2..=10.0),
            passed: self.number(&below(&path, "passed"), file.passed, 0..=1000),
            min_score: self.number(&below(&path, "min_score"), file.min_score, 0.0..=1.0),
            gone: self.duration(&below(&path, "gone"), file.gone, HOLD),
            update_every: self.duration(&below(&path, "update_every"), file.update_every, UPDATE),
            name: name?,
            zone,
        })
    }

    fn cues(&mut self, path: &str, names: &[String]) -> Vec<Cue> {
        let known = Cue::ALL.map(Cue::name);
        let mut cues = Vec::new();
        for (index, name) in names.iter().enumerate() {
            match Cue::from_name(name) {
                Some(cue) => cues.push(cue),
                None => self.say(&format!("{path}[{index}]"), format!("is not one of {}{}", list(&known), did_you_mean(name, known))),
            }
        }
        if names.is_empty() {
            self.say(path, "is empty, so nothing would ever be suspected: name at least two cues, or leave the key out for all");
        }
        cues.sort();
        cues.dedup();
        cues
    }

    /// A threshold that lies above another one of the same rule.
    pub(super) fn more_than(&mut self, path: &str, (key, value): (&str, f64), (lower, least): (&str, f64), most: f64) -> f64 {
        if value <= least {
            self.say(&below(path, key), format!("is {value}, not more than `{lower}` ({least}): make it larger"));
        }
        self.number(&below(path, key), value, 0.1..=most)
    }

    fn not_for_waiting(&mut self, rules: &Rules<'_>, path: &str, zone: Option<&String>) {
        let kind = zone.and_then(|zone| rules.camera.zones.get(zone)).map(|zone| zone.kind);
        if kind == Some(ZoneUseFile::Waiting) {
            self.say(
                &below(path, "zone"),
                "is of kind `waiting`, where standing is normal: watch another zone, or give this one its true kind",
            );
        }
    }

    pub(super) fn zone(&mut self, rules: &Rules<'_>, path: &str, text: Option<&str>) -> Option<Slug> {
        self.place(&below(path, "zone"), text, "zone", rules.camera.zones.keys())
    }

    /// The line or zone (`noun`) that a rule names.
    pub(super) fn place<'k>(
        &mut self,
        path: &str,
        text: Option<&str>,
        noun: &str,
        known: impl Iterator<Item = &'k String>,
    ) -> Option<Slug> {
        let known: Vec<&str> = known.map(String::as_str).collect();
        let Some(text) = text else {
            self.missing(path, &format!("write which {noun} of this camera is meant"));
            return None;
        };
        if known.contains(&text) {
            // A place with a bad name is reported where it is made.
            return Slug::new(text);
        }
        let there = match known.as_slice() {
            [] => format!("this camera has no {noun}s"),
            known => format!("this camera has {}", list(known)),
        };
        // Shown only when it cannot be more than a name.
        let shown =
            Slug::new(text).map_or_else(|| format!("names no {noun}"), |text| format!("names `{text}`, which is no {noun} of this camera"));
        self.say(path, format!("{shown}{}: {there}", did_you_mean(text, known.iter().copied())));
        None
    }

    /// The rule's name, made of its kind and place when not given; unique within the camera.
    pub(super) fn rule_name(
        &mut self,
        rules: &mut Rules<'_>,
        path: &str,
        text: Option<&str>,
        usual: (&str, Option<&Slug>),
    ) -> Option<Slug> {
        let key = below(path, "name");
        let name = match (text, usual) {
            (Some(text), _) => self.slug(&key, text)?,
            (None, (kind, place)) => {
                let usual = format!("{kind}-{}", place?);
                let Some(name) = Slug::new(&usual) else {
                    self.missing(&key, &format!("the usual one, `{usual}`, is longer than 32 characters, so write a shorter one"));
                    return None;
                };
                name
            }
        };
        if let Some(first) = rules.names.insert(name.clone(), path.to_owned()) {
            let first = first.strip_prefix(&format!("{}.", rules.path)).unwrap_or(&first).to_owned();
            self.say(&key, format!("is `{name}`, which is the name of `{first}` too: give each rule of a camera its own `name`"));
        }
        Some(name)
    }

    /// Two counts of one place would be published under the same topic, within a camera and across the box.
    fn counted_once(&mut self, rules: &Rules<'_>, path: &str, place: Option<&Slug>) {
        let Some(place) = place else { return };
        match self.counted.insert(place.clone(), rules.path.clone()) {
            Some(first) if first == rules.path => {
                self.say(path, format!("names `{place}`, which another rule counts already: remove one of the two, or draw another one"));
            }
            Some(first) => {
                let camera = super::camera_of(&first).unwrap_or_default();
                self.say(
                    path,
                    format!("names `{place}`, and camera `{camera}` counts one of that name too: rename one, flow topics name the place without the camera"),
                );
            }
            None => {}
        }
    }

    pub(super) fn rule_classes(&mut self, rules: &Rules<'_>, path: &str, names: &[String]) -> Vec<Class> {
        let classes = self.classes(path, names);
        let is_default = !self.document.has(path);
        for class in classes.iter().filter(|class| !is_default && !rules.kept.contains(class)) {
            self.say(
                path,
                format!("has `{class}`, which this camera does not keep: add it to the camera's `detect.classes`, or remove it here"),
            );
        }
        classes.into_iter().filter(|class| rules.kept.contains(class)).collect()
    }

    /// A rule about what the camera throws away would be silent for ever.
    pub(super) fn sees(&mut self, rules: &Rules<'_>, path: &str, what: &str, wanted: impl Fn(Class) -> bool) {
        if !rules.kept.is_empty() && !rules.kept.iter().any(|class| wanted(*class)) {
            self.say(
                path,
                format!("never sees {what}, because the camera's `detect.classes` leaves them out: add them there, or remove this rule"),
            );
        }
    }
}
