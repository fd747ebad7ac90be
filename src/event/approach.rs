//! Measures of an approach on the wire.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::cloud_event::{GeoPoint, Sentences};
use super::envelope::Envelope;
use super::flow::{Period, per_hour, vehicle_type};
use super::gaps;
use super::measures::{ApproachFigures, DelayMethod, FigureSource, FlowReport};
use super::units::{CycleSource, Units};
use super::utc::Utc;
use super::wire::{Wire, to_json};
use crate::base::class::Class;
use crate::base::los::{LevelOfService, LosTable};
use crate::base::number::{rounded, rounded_rate};

/// An approach in one minute or quarter of an hour. The shape is FIWARE's `TrafficFlowObserved` 0.0.1, over all vehicles, with attributes of ours. What was not
/// measured is absent, and `notMeasured` says why; nothing is guessed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct ApproachObserved {
    /// `urn:ngsi-ld:TrafficFlowObserved:{city}:{site}:{zone}:{period}`: a repeat has the same one.
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
    /// Vehicles that passed the stop line in the period (not per hour).
    #[schemars(range(min = 0))]
    pub intensity: u32,
    /// Mean time from one vehicle to the next over the stop line, all lanes together, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub average_headway_time: Option<f64>,
    /// Edie's space-mean speed in km/h, waiting included; only where the camera is calibrated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub average_vehicle_speed: Option<f64>,
    /// Ours: which zone.
    pub zone_id: String,
    /// Ours: its name as locals say it.
    pub zone_name: String,
    /// Ours: which camera.
    pub camera_id: String,
    /// Ours: share of the period in which pictures were analysed, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub coverage: f64,
    /// Ours: by class, in FIWARE's words; classes that did not pass are left out.
    pub by_class: BTreeMap<String, ClassFlow>,
    /// Ours: all in passenger-car units (smp).
    #[schemars(range(min = 0.0))]
    pub smp: f64,
    /// Ours: vehicles per hour.
    #[schemars(range(min = 0.0))]
    pub vehicles_per_hour: f64,
    /// Ours: smp per hour.
    #[schemars(range(min = 0.0))]
    pub smp_per_hour: f64,
    /// Ours: which table the units are from; other tables give other figures.
    pub smp_table: String,
    /// Ours: Edie's space-mean speed in local car lengths (L, about 4.5 m) a second, waiting included.
    #[serde(rename = "speedLS", default, skip_serializing_if = "Option::is_none")]
    pub speed_l_s: Option<f64>,
    /// Ours: Edie's density, vehicles on one L of the approach, all lanes together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density_veh_l: Option<f64>,
    /// Ours: the same on one kilometre; only where the camera is calibrated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density_veh_km: Option<f64>,
    /// Ours: vehicles in the approach, mean over the period.
    pub vehicles_mean: f64,
    /// Ours: share of the vehicles' time in which they stood, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_share: Option<f64>,
    /// Ours: mean share of the road that vehicles covered, 0 to 1: the union of their footprints, not the sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_occupancy: Option<f64>,
    /// Ours: farthest reach of the queue from the stop line, in L.
    pub queue_max_l: f64,
    /// Ours: the same in metres; only where the camera is calibrated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_max_m: Option<f64>,
    /// Ours: reach of the longest queue that a whole cycle did not clear, in L.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_residual_l: Option<f64>,
    /// Ours: that queue in smp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_residual_pcu: Option<f64>,
    /// Ours: cycle of the signal in seconds.
    #[serde(rename = "cycleS", default, skip_serializing_if = "Option::is_none")]
    pub cycle_s: Option<f64>,
    /// Ours: how the cycle is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycle_source: Option<CycleSource>,
    /// Ours: effective green in seconds.
    #[serde(rename = "greenS", default, skip_serializing_if = "Option::is_none")]
    pub green_s: Option<f64>,
    /// Ours: how the green is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub green_source: Option<Source>,
    /// Ours: saturation flow in smp per hour of green.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saturation_flow_pcu_h: Option<f64>,
    /// Ours: how the saturation flow is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saturation_flow_source: Option<Source>,
    /// Ours: what wanted to pass, in smp per hour: what passed, and by how much more waits at the end than at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demand_pcu_h: Option<f64>,
    /// Ours: degree of saturation (DS, *D_J*): demand over capacity, which is saturation flow × green ÷ cycle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degree_of_saturation: Option<f64>,
    /// Ours: mean control delay in seconds a vehicle.
    #[serde(rename = "delayS", default, skip_serializing_if = "Option::is_none")]
    pub delay_s: Option<f64>,
    /// Ours: the same in seconds a passenger car (smp).
    #[serde(rename = "delayPcuS", default, skip_serializing_if = "Option::is_none")]
    pub delay_pcu_s: Option<f64>,
    /// Ours: mean time that a vehicle stood, in seconds.
    #[serde(rename = "stoppedDelayS", default, skip_serializing_if = "Option::is_none")]
    pub stopped_delay_s: Option<f64>,
    /// Ours: how the delay is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_method: Option<Method>,
    /// Ours: over how many vehicles it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_vehicles: Option<u32>,
    /// Ours: level of service (*tingkat pelayanan*) by `losTable`: of `delayPcuS` for `pm96-2015`, of `delayS` for `hcm6`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_of_service: Option<LevelOfService>,
    /// Ours: where levels of service are cut.
    pub los_table: LosTable,
    /// Ours: figures that are at least what is said, because the queue reached out of sight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_least: Vec<String>,
    /// Ours: why a figure is absent, by its name: in Indonesian, then in English after a slash.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_measured: BTreeMap<String, String>,
    /// Ours: in which units the figures can be read.
    pub units: Units,
    /// Ours: one sentence to read out.
    pub text: Sentences,
}

/// Flow of one class.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct ClassFlow {
    /// How many in the period.
    #[schemars(range(min = 0))]
    pub intensity: u32,
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

/// Who says a figure.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// The configuration.
    Configured,
    /// The traffic.
    Measured,
}

/// How a delay is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Method {
    /// Time in the approach without the time that unhindered vehicles take, of vehicles followed from end to end.
    #[serde(rename = "measured")]
    Measured,
    /// Formula of MKJI 1997 for signalised intersections, without the share of turning vehicles.
    #[serde(rename = "mkji-1997")]
    Mkji1997,
}

impl Wire {
    pub(super) fn approach(&self, report: &FlowReport, figures: &ApproachFigures) -> Envelope {
        let channel = match Period::of(report) {
            Period::Minute => Channel::ApproachMinute,
            Period::Quarter => Channel::ApproachQuarter,
        };
        self.envelope(channel, &[report.place.as_str()], to_json(&self.approach_observed(report, figures)))
    }

    /// What the message for one period of an approach holds.
    pub fn approach_observed(&self, report: &FlowReport, figures: &ApproachFigures) -> ApproachObserved {
        let emp = &self.identity().emp;
        let (intensity, smp) = (figures.counts.iter().sum::<u32>(), emp.of_counts(&figures.counts));
        let metres = figures.metres_per_l;
        let in_metres = |lengths: Option<f64>| figure(lengths.zip(metres).map(|(lengths, metres)| lengths * metres));
        let density_l = figures.length_l.filter(|length| *length > 0.0).map(|length| figures.vehicles_mean / length);
        let delay = figures.delay;
        let observed = ApproachObserved {
            id: self.urn("TrafficFlowObserved", report, report.place.as_str()),
            model: "TrafficFlowObserved".to_owned(),
            location: self.identity().position.map(GeoPoint::new),
            date_observed: format!("{}/{}", report.from, report.to),
            date_observed_from: report.from.into(),
            date_observed_to: report.to.into(),
            intensity,
            average_headway_time: figure(figures.headway_s),
            average_vehicle_speed: in_metres(figures.speed_l_s.map(|speed| 3.6 * speed)),
            zone_id: report.place.to_string(),
            zone_name: figures.name.clone(),
            camera_id: report.camera.to_string(),
            coverage: rounded_rate(figures.coverage).min(1.0),
            by_class: self.class_flows(report, figures),
            smp: rounded(smp),
            vehicles_per_hour: per_hour(f64::from(intensity), report),
            smp_per_hour: per_hour(smp, report),
            smp_table: emp.name.clone(),
            speed_l_s: figure(figures.speed_l_s),
            density_veh_l: figure(density_l),
            density_veh_km: figure(density_l.zip(metres).map(|(density, metres)| density * 1000.0 / metres)),
            vehicles_mean: rounded_rate(figures.vehicles_mean),
            stopped_share: figure(figures.stopped_share),
            area_occupancy: figure(figures.area_occupancy),
            queue_max_l: rounded_rate(figures.queue_max_l),
            queue_max_m: in_metres(Some(figures.queue_max_l)),
            queue_residual_l: figure(figures.queue_residual.map(|(length, _)| length)),
            queue_residual_pcu: figure(figures.queue_residual.map(|(_, smp)| smp)),
            cycle_s: figure(figures.cycle.map(|(secs, _)| secs)),
            cycle_source: figures.cycle.map(|(_, source)| source),
            green_s: figure(figures.green.map(|(secs, _)| secs)),
            green_source: figures.green.map(|(_, source)| source.into()),
            saturation_flow_pcu_h: figure(figures.saturation_smp_h.map(|(flow, _)| flow.round())),
            saturation_flow_source: figures.saturation_smp_h.map(|(_, source)| source.into()),
            demand_pcu_h: figure(figures.demand_smp_h.map(f64::round)),
            degree_of_saturation: figure(figures.degree_of_saturation),
            delay_s: figure(delay.map(|delay| delay.per_vehicle_s)),
            delay_pcu_s: figure(delay.map(|delay| delay.per_smp_s)),
            stopped_delay_s: figure(delay.and_then(|delay| delay.stopped_s)),
            delay_method: delay.map(|delay| delay.method.into()),
            delay_vehicles: delay.and_then(|delay| delay.vehicles),
            level_of_service: figures.level,
            los_table: figures.los_table,
            at_least: Vec::new(),
            not_measured: BTreeMap::new(),
            units: Units { calibrated: metres.is_some() },
            text: sentences(&self.identity().site_name, report, figures, (smp, &emp.name)),
        };
        let (at_least, not_measured) = (gaps::at_least(&observed, figures), gaps::not_measured(&observed, figures));
        ApproachObserved { at_least, not_measured, ..observed }
    }

    fn class_flows(&self, report: &FlowReport, figures: &ApproachFigures) -> BTreeMap<String, ClassFlow> {
        let passed = Class::ALL.into_iter().zip(figures.counts).filter(|(_, number)| *number > 0);
        let flow = |(class, number): (Class, u32)| {
            let smp = self.identity().emp.of_class(class) * f64::from(number);
            let (vehicles_per_hour, smp_per_hour) = (per_hour(f64::from(number), report), per_hour(smp, report));
            Some((vehicle_type(class)?.to_owned(), ClassFlow { intensity: number, smp: rounded(smp), vehicles_per_hour, smp_per_hour }))
        };
        passed.filter_map(flow).collect()
    }
}

/// JSON has no word for what is no number.
fn figure(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite()).map(rounded_rate)
}

/// Flow, saturation, delay and level, each with its manual or table.
fn sentences(site: &str, report: &FlowReport, figures: &ApproachFigures, (smp, table): (f64, &str)) -> Sentences {
    let flow = per_hour(smp, report).round();
    let number = figures.counts.iter().sum::<u32>();
    let (mut id, mut en) = (
        format!("{site}, {}: {number} kendaraan ({flow} smp/jam, {table})", figures.name),
        format!("{site}, {}: {number} vehicles ({flow} smp/h, {table})", figures.name),
    );
    let bound = |id: bool| match (figures.is_out_of_sight, id) {
        (false, _) => "",
        (true, true) => "sedikitnya ",
        (true, false) => "at least ",
    };
    if let Some(saturation) = figures.degree_of_saturation {
        id += &format!(", derajat kejenuhan {}{}", bound(true), format!("{saturation:.2}").replace('.', ","));
        en += &format!(", degree of saturation {}{saturation:.2}", bound(false));
    }
    if let (Some(delay), Some(level)) = (figures.delay, figures.level) {
        let secs = match figures.los_table {
            LosTable::Pm96 => delay.per_smp_s,
            LosTable::Hcm6 => delay.per_vehicle_s,
        };
        let (method_id, method_en) = match delay.method {
            DelayMethod::Measured => ("terukur", "measured"),
            DelayMethod::Mkji1997 => ("rumus MKJI 1997", "formula of MKJI 1997"),
        };
        let word = figures.los_table.word();
        id += &format!(", tundaan {}{secs:.0} detik ({method_id}), tingkat pelayanan {level:?} ({word})", bound(true));
        en += &format!(", delay {}{secs:.0} s ({method_en}), level of service {level:?} ({word})", bound(false));
    }
    Sentences { id: id + ".", en: en + "." }
}

impl From<FigureSource> for Source {
    fn from(source: FigureSource) -> Self {
        match source {
            FigureSource::Configured => Self::Configured,
            FigureSource::Measured => Self::Measured,
        }
    }
}

impl From<DelayMethod> for Method {
    fn from(method: DelayMethod) -> Self {
        match method {
            DelayMethod::Measured => Self::Measured,
            DelayMethod::Mkji1997 => Self::Mkji1997,
        }
    }
}
