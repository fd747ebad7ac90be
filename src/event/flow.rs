//! Periodic measures on the wire, in the shapes of FIWARE's Smart Data Models (key-values form) with a few attributes of our own.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::cloud_event::GeoPoint;
use super::envelope::Envelope;
use super::measures::{FlowMeasure, FlowReport};
use super::utc::Utc;
use super::wire::{Wire, to_json};
use crate::base::class::Class;
use crate::base::id::Slug;
use crate::base::number::{rounded, rounded_rate};

/// What passed one counting line in one period: one entity for each direction and class of vehicle, and one for each direction
/// over all vehicles (without `vehicleType`). People on foot come as `CrowdFlowObserved` and are in no total of vehicles.
pub type FlowMessage = Vec<FlowEntity>;

/// One measure in a [`FlowMessage`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FlowEntity {
    /// Vehicles.
    Vehicles(TrafficFlowObserved),
    /// People on foot.
    People(PeopleFlowObserved),
}

/// FIWARE `TrafficFlowObserved` 0.0.1.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct TrafficFlowObserved {
    /// `urn:ngsi-ld:TrafficFlowObserved:{city}:{site}:{line}:{direction}:{class}:{period}`: a repeat has the same one.
    pub id: String,
    /// Data model.
    #[serde(rename = "type")]
    #[schemars(extend("const" = "TrafficFlowObserved"))]
    pub model: String,
    /// The site on the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<GeoPoint>,
    /// The period as an ISO 8601 interval, `from/to`.
    pub date_observed: String,
    /// Beginning of the period.
    pub date_observed_from: Utc,
    /// End of the period, exclusive.
    pub date_observed_to: Utc,
    /// FIWARE's word for the class; absent in the total over all vehicles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle_type: Option<String>,
    /// How many passed in the period (not per hour).
    #[schemars(range(min = 0))]
    pub intensity: u32,
    /// Ours: the configured name of the direction.
    pub direction_name: String,
    /// Ours: which line.
    pub line_id: String,
    /// Ours: which camera.
    pub camera_id: String,
    /// Ours: the same in passenger-car units (smp, *satuan mobil penumpang*).
    #[schemars(range(min = 0.0))]
    pub smp: f64,
    /// Ours: which table the units are from; other tables give other figures.
    pub smp_table: String,
    /// Ours: vehicles per hour, from `intensity` and the length of the period.
    #[schemars(range(min = 0.0))]
    pub vehicles_per_hour: f64,
    /// Ours: smp per hour.
    #[schemars(range(min = 0.0))]
    pub smp_per_hour: f64,
}

/// FIWARE `CrowdFlowObserved` 0.0.3: people who crossed a line in one direction.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct PeopleFlowObserved {
    /// `urn:ngsi-ld:CrowdFlowObserved:{city}:{site}:{line}:{direction}:{period}`: a repeat has the same one.
    pub id: String,
    /// Data model.
    #[serde(rename = "type")]
    #[schemars(extend("const" = "CrowdFlowObserved"))]
    pub model: String,
    /// The site on the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<GeoPoint>,
    /// The period as an ISO 8601 interval, `from/to`.
    pub date_observed: String,
    /// Beginning of the period.
    pub date_observed_from: Utc,
    /// End of the period, exclusive.
    pub date_observed_to: Utc,
    /// How many crossed in the period.
    #[schemars(range(min = 0))]
    pub people_count: u32,
    /// Ours: the configured name of the direction.
    pub direction_name: String,
    /// Ours: which line.
    pub line_id: String,
    /// Ours: which camera.
    pub camera_id: String,
}

/// FIWARE `CrowdFlowObserved` 0.0.3: people in a zone during one minute.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct CrowdFlowObserved {
    /// `urn:ngsi-ld:CrowdFlowObserved:{city}:{site}:{zone}:{period}`: a repeat has the same one.
    pub id: String,
    /// Data model.
    #[serde(rename = "type")]
    #[schemars(extend("const" = "CrowdFlowObserved"))]
    pub model: String,
    /// The site on the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<GeoPoint>,
    /// The period as an ISO 8601 interval, `from/to`.
    pub date_observed: String,
    /// Beginning of the period.
    pub date_observed_from: Utc,
    /// End of the period, exclusive.
    pub date_observed_to: Utc,
    /// People in the zone, mean over the period, rounded. Riders are not counted.
    #[schemars(range(min = 0))]
    pub people_count: u32,
    /// Ours: most people at once.
    #[schemars(range(min = 0))]
    pub people_max: u32,
    /// Ours: mean number present, by class.
    pub present_mean: BTreeMap<String, f64>,
    /// Ours: share of the period in which pictures were analysed, 0 to 1. Below 0.8 the figures are not to be trusted.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub coverage: f64,
    /// Ours: which zone.
    pub zone_id: String,
    /// Ours: which camera.
    pub camera_id: String,
}

impl Wire {
    /// The message for one period of a line, a zone, a junction or an approach. Zones report minutes only: a quarter of an hour of presence says nothing new.
    pub fn flow(&self, report: &FlowReport) -> Option<Envelope> {
        match &report.measure {
            FlowMeasure::Line(counts) => {
                let channel = match Period::of(report) {
                    Period::Minute => Channel::FlowMinute,
                    Period::Quarter => Channel::FlowQuarter,
                };
                Some(self.envelope(channel, &[report.place.as_str()], to_json(&self.line_flow(report, counts))))
            }
            FlowMeasure::Movements(counts) => Some(self.movements(report, counts)),
            FlowMeasure::Approach(figures) => Some(self.approach(report, figures)),
            FlowMeasure::Zone { mean, people_max, coverage } => match Period::of(report) {
                Period::Quarter => None,
                Period::Minute => {
                    let message = self.zone_entity(report, mean, *people_max, *coverage);
                    Some(self.envelope(Channel::Crowd, &[report.place.as_str()], to_json(&message)))
                }
            },
        }
    }

    /// What the message for one period of a line holds.
    pub fn line_flow(&self, report: &FlowReport, counts: &BTreeMap<Slug, BTreeMap<Class, u32>>) -> FlowMessage {
        counts.iter().flat_map(|(direction, by_class)| self.line_entities(report, direction, by_class)).collect()
    }

    fn line_entities(&self, report: &FlowReport, direction: &Slug, by_class: &BTreeMap<Class, u32>) -> FlowMessage {
        let vehicles = by_class.iter().filter_map(|(class, n)| vehicle_type(*class).map(|word| (word, *class, *n)));
        let (mut all, mut all_smp) = (0u32, 0.0);
        let mut entities = Vec::with_capacity(by_class.len() + 1);
        for (word, class, n) in vehicles {
            let smp = self.identity().emp.of_class(class) * f64::from(n);
            (all, all_smp) = (all.saturating_add(n), all_smp + smp);
            entities.push(FlowEntity::Vehicles(self.vehicles(report, direction, Some(word), (n, smp))));
        }
        entities.insert(0, FlowEntity::Vehicles(self.vehicles(report, direction, None, (all, all_smp))));
        entities.extend(by_class.get(&Class::Person).map(|n| FlowEntity::People(self.people(report, direction, *n))));
        entities
    }

    /// `flow`: how many, and how much that is in smp.
    fn vehicles(&self, report: &FlowReport, direction: &Slug, kind: Option<&str>, flow: (u32, f64)) -> TrafficFlowObserved {
        let what = format!("{}:{direction}:{}", report.place, kind.unwrap_or("all"));
        TrafficFlowObserved {
            id: self.urn("TrafficFlowObserved", report, &what),
            model: "TrafficFlowObserved".to_owned(),
            location: self.identity().position.map(GeoPoint::new),
            date_observed: format!("{}/{}", report.from, report.to),
            date_observed_from: report.from.into(),
            date_observed_to: report.to.into(),
            vehicle_type: kind.map(str::to_owned),
            intensity: flow.0,
            direction_name: direction.to_string(),
            line_id: report.place.to_string(),
            camera_id: report.camera.to_string(),
            smp: rounded(flow.1),
            vehicles_per_hour: per_hour(f64::from(flow.0), report),
            smp_per_hour: per_hour(flow.1, report),
            smp_table: self.identity().emp.name.clone(),
        }
    }

    fn people(&self, report: &FlowReport, direction: &Slug, people_count: u32) -> PeopleFlowObserved {
        PeopleFlowObserved {
            id: self.urn("CrowdFlowObserved", report, &format!("{}:{direction}", report.place)),
            model: "CrowdFlowObserved".to_owned(),
            location: self.identity().position.map(GeoPoint::new),
            date_observed: format!("{}/{}", report.from, report.to),
            date_observed_from: report.from.into(),
            date_observed_to: report.to.into(),
            people_count,
            direction_name: direction.to_string(),
            line_id: report.place.to_string(),
            camera_id: report.camera.to_string(),
        }
    }

    fn zone_entity(&self, report: &FlowReport, mean: &BTreeMap<Class, f64>, people_max: u32, coverage: f64) -> CrowdFlowObserved {
        let present = |value: &f64| rounded_rate(*value);
        CrowdFlowObserved {
            id: self.urn("CrowdFlowObserved", report, report.place.as_str()),
            model: "CrowdFlowObserved".to_owned(),
            location: self.identity().position.map(GeoPoint::new),
            date_observed: format!("{}/{}", report.from, report.to),
            date_observed_from: report.from.into(),
            date_observed_to: report.to.into(),
            people_count: mean.get(&Class::Person).map_or(0, |people| present(people).round() as u32),
            people_max,
            present_mean: mean.iter().map(|(class, value)| (class.name().to_owned(), present(value))).collect(),
            coverage: present(&coverage).min(1.0),
            zone_id: report.place.to_string(),
            camera_id: report.camera.to_string(),
        }
    }

    /// NGSI-LD identifier of a measure; the period's beginning and length end it, so that a minute and a quarter of an hour differ.
    pub(super) fn urn(&self, model: &str, report: &FlowReport, what: &str) -> String {
        let from = report.from.to_string();
        let compact: String = from.chars().filter(|c| c.is_ascii_digit() || *c == 'T').take("20261121T100700".len()).collect();
        let length = report.from.secs_until(report.to).round() as i64;
        format!("urn:ngsi-ld:{model}:{}:{}:{what}:{compact}-{length}s", self.identity().city, self.identity().site)
    }
}

/// The two lengths of report.
pub(super) enum Period {
    Minute,
    Quarter,
}

impl Period {
    /// By length: the last report before a stop may be shorter than its period.
    pub(super) fn of(report: &FlowReport) -> Self {
        if report.from.secs_until(report.to) > 60.0 { Self::Quarter } else { Self::Minute }
    }
}

/// What `number` in the report's period is in an hour, to whole figures where it says no more.
pub(super) fn per_hour(number: f64, report: &FlowReport) -> f64 {
    let secs = report.from.secs_until(report.to);
    rounded_rate(if secs > 0.0 { (number * 36_000.0 / secs).round() / 10.0 } else { 0.0 })
}

/// FIWARE's `vehicleType` word. `None` for people, who are no vehicles.
pub(super) fn vehicle_type(class: Class) -> Option<&'static str> {
    match class {
        Class::Person => None,
        Class::Bicycle => Some("bicycle"),
        Class::Car => Some("car"),
        Class::Motorcycle => Some("motorcycle"),
        Class::Bus => Some("bus"),
        Class::Truck => Some("lorry"),
    }
}
