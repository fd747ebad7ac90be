//! Turning movements on the wire.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::cloud_event::{GeoPoint, Sentences};
use super::envelope::Envelope;
use super::flow::{per_hour, vehicle_type};
use super::measures::{ByClass, FlowReport, Movement, MovementCounts};
use super::utc::Utc;
use super::wire::{Wire, to_json};
use crate::base::class::Class;
use crate::base::number::{rounded, rounded_rate};

/// Who went from which arm to which in a quarter of an hour: the matrix of a junction, U-turns included. Movements without gates are not in it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct MovementsObserved {
    /// Name and version of this vocabulary. Within 1.x fields are only added.
    #[schemars(extend("const" = "its-movements/1.0"))]
    pub schema: String,
    /// `urn:ngsi-ld:TurningMovementsObserved:{city}:{site}:{camera}:{period}`: a repeat has the same one.
    pub id: String,
    /// The site on the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<GeoPoint>,
    /// The period as an ISO 8601 interval, `from/to`.
    pub date_observed: String,
    /// Beginning of the period.
    pub date_observed_from: Utc,
    /// End of the period, exclusive.
    pub date_observed_to: Utc,
    /// Which camera.
    pub camera_id: String,
    /// The arms, in the order of their ids.
    pub arms: Vec<ArmName>,
    /// Every movement that the gates allow, also those that nobody made.
    pub movements: Vec<TurningMovement>,
    /// All vehicles, the unknown ones too.
    #[schemars(range(min = 0))]
    pub intensity: u32,
    /// Vehicles that were seen at one gate and of which nobody knows the other.
    #[schemars(range(min = 0))]
    pub unknown: u32,
    /// Their share of all, 0 to 1; absent when nobody passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub unknown_share: Option<f64>,
    /// Them by class, in FIWARE's words; classes that did not pass are left out.
    pub unknown_by_class: BTreeMap<String, u32>,
    /// Share of the period in which pictures were analysed, 0 to 1. Below 0.8 the figures are not to be trusted.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub coverage: f64,
    /// Which table the passenger-car units (smp) are from.
    pub smp_table: String,
    /// One sentence to read out.
    pub text: Sentences,
}

/// An arm of the junction.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ArmName {
    /// Configured id.
    pub id: String,
    /// As locals say it.
    pub name: String,
}

/// One movement.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct TurningMovement {
    /// Arm it came from.
    pub entry: String,
    /// Arm it went to.
    pub exit: String,
    /// Whether the two are the same.
    pub u_turn: bool,
    /// How many in the period (not per hour).
    #[schemars(range(min = 0))]
    pub intensity: u32,
    /// How many of them passed one gate unseen and were put here by the way they went.
    #[schemars(range(min = 0))]
    pub inferred: u32,
    /// By class, in FIWARE's words; classes that did not pass are left out.
    pub by_class: BTreeMap<String, u32>,
    /// In passenger-car units (smp).
    #[schemars(range(min = 0.0))]
    pub smp: f64,
    /// Vehicles per hour.
    #[schemars(range(min = 0.0))]
    pub vehicles_per_hour: f64,
    /// Smp per hour.
    #[schemars(range(min = 0.0))]
    pub smp_per_hour: f64,
}

impl Wire {
    pub(super) fn movements(&self, report: &FlowReport, counts: &MovementCounts) -> Envelope {
        self.envelope(Channel::Movements, &[report.camera.as_str()], to_json(&self.movements_observed(report, counts)))
    }

    /// What the message for one period of a junction holds.
    pub fn movements_observed(&self, report: &FlowReport, counts: &MovementCounts) -> MovementsObserved {
        let movements: Vec<TurningMovement> = counts.movements.iter().map(|movement| self.movement(report, movement)).collect();
        let unknown = counts.unknown.iter().sum::<u32>();
        let intensity = movements.iter().map(|movement| movement.intensity).sum::<u32>() + unknown;
        let unknown_share = (intensity > 0).then(|| rounded_rate(f64::from(unknown) / f64::from(intensity)));
        MovementsObserved {
            schema: "its-movements/1.0".to_owned(),
            id: self.urn("TurningMovementsObserved", report, report.camera.as_str()),
            location: self.identity().position.map(GeoPoint::new),
            date_observed: format!("{}/{}", report.from, report.to),
            date_observed_from: report.from.into(),
            date_observed_to: report.to.into(),
            camera_id: report.camera.to_string(),
            arms: counts.arms.iter().map(|(id, name)| ArmName { id: id.to_string(), name: name.clone() }).collect(),
            text: sentences(&self.identity().site_name, report, counts, (intensity, unknown)),
            movements,
            intensity,
            unknown,
            unknown_share,
            unknown_by_class: by_class(counts.unknown),
            coverage: rounded_rate(counts.coverage).min(1.0),
            smp_table: self.identity().emp.name.clone(),
        }
    }

    fn movement(&self, report: &FlowReport, movement: &Movement) -> TurningMovement {
        let intensity = movement.counts.iter().sum::<u32>();
        let smp = self.identity().emp.of_counts(&movement.counts);
        TurningMovement {
            entry: movement.entry.to_string(),
            exit: movement.exit.to_string(),
            u_turn: movement.entry == movement.exit,
            intensity,
            inferred: movement.inferred,
            by_class: by_class(movement.counts),
            smp: rounded(smp),
            vehicles_per_hour: per_hour(f64::from(intensity), report),
            smp_per_hour: per_hour(smp, report),
        }
    }
}

/// In FIWARE's words, without classes that did not pass.
pub(super) fn by_class(counts: ByClass) -> BTreeMap<String, u32> {
    let passed = Class::ALL.into_iter().zip(counts).filter(|(_, number)| *number > 0);
    passed.filter_map(|(class, number)| Some((vehicle_type(class)?.to_owned(), number))).collect()
}

/// How many, the greatest movement, and what is unknown.
fn sentences(site: &str, report: &FlowReport, counts: &MovementCounts, (all, unknown): (u32, u32)) -> Sentences {
    let minutes = (report.from.secs_until(report.to) / 60.0).round().max(1.0);
    let number = |movement: &Movement| movement.counts.iter().sum::<u32>();
    // The first of equals, so that the sentence does not depend on anything else.
    let greatest = counts.movements.iter().rev().max_by_key(|movement| number(movement)).filter(|movement| number(movement) > 0);
    let name = |id: &crate::base::id::Slug| counts.arms.iter().find(|(arm, _)| arm == id).map_or(id.as_str(), |(_, name)| name).to_owned();
    let share = if all > 0 { (100.0 * f64::from(unknown) / f64::from(all)).round() } else { 0.0 };
    let (most_id, most_en) = match greatest {
        Some(most) if most.entry == most.exit => (
            format!("; terbanyak putar balik di {} ({})", name(&most.entry), number(most)),
            format!("; most make a U-turn at {} ({})", name(&most.entry), number(most)),
        ),
        Some(most) => (
            format!("; terbanyak dari {} ke {} ({})", name(&most.entry), name(&most.exit), number(most)),
            format!("; most from {} to {} ({})", name(&most.entry), name(&most.exit), number(most)),
        ),
        None => (String::new(), String::new()),
    };
    Sentences {
        id: format!("{site}: {all} kendaraan dalam {minutes} menit{most_id}; arah {share} % tidak diketahui."),
        en: format!("{site}: {all} vehicles in {minutes} min{most_en}; the way of {share} % is not known."),
    }
}
