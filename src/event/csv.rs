//! Periodic measures as tables that a spreadsheet opens: what passed lines, turning movements, measures of approaches.
//!
//! Names are slugs, words or table names without commas, and numbers have no separators, so no field ever needs quotes (RFC 4180, section 2). An empty field was
//! not measured. A table's columns are only added to, at the end.

use std::fmt::Write as _;

use super::approach::{ApproachObserved, Method};
use super::flow::{FlowEntity, per_hour, vehicle_type};
use super::measures::{ByClass, FlowMeasure, FlowReport, MovementCounts};
use super::wire::Wire;
use crate::base::class::Class;
use crate::base::number::rounded;

/// A table of one kind of measure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CsvTable {
    /// What passed lines: a row for each period, line, direction and class.
    Flow,
    /// Turning movements: a row for each quarter of an hour, movement and class.
    Movements,
    /// Measures of approaches: a row for each period and approach.
    Approach,
}

/// In the column of the class, for the sum over all vehicles.
const ALL: &str = "all";
/// In place of an arm that nobody knows; no arm can be called so.
const UNKNOWN: &str = "?";
/// Classes of vehicles, in FIWARE's words, each with a column among the measures of an approach.
const CLASSES: [&str; 5] = ["bicycle", "car", "motorcycle", "bus", "lorry"];

impl CsvTable {
    /// Every table.
    pub const ALL: [Self; 3] = [Self::Flow, Self::Movements, Self::Approach];

    /// Its name in the names of files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Movements => "movements",
            Self::Approach => "approach",
        }
    }

    /// Its first line.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Flow => "from,to,camera,line,direction,class,number,smp,vehicles_per_hour,smp_per_hour,smp_table",
            Self::Movements => "from,to,camera,entry,exit,class,number,smp,vehicles_per_hour,smp_per_hour,inferred,coverage,smp_table",
            Self::Approach => {
                "from,to,camera,approach,number,smp,vehicles_per_hour,smp_per_hour,bicycle,car,motorcycle,bus,lorry,headway_s,speed_l_s,speed_km_h,\
                 density_veh_l,density_veh_km,vehicles_mean,area_occupancy,stopped_share,queue_max_l,queue_max_m,queue_residual_l,queue_residual_pcu,cycle_s,\
                 green_s,saturation_flow_pcu_h,demand_pcu_h,degree_of_saturation,delay_s,delay_pcu_s,delay_method,level_of_service,los_table,at_least,\
                 coverage,smp_table"
            }
        }
    }
}

impl Wire {
    /// Adds the lines of one report to `out` and says of which table they are; `None` for measures that have none.
    pub fn csv_rows(&self, report: &FlowReport, out: &mut String) -> Option<CsvTable> {
        match &report.measure {
            FlowMeasure::Line(counts) => {
                self.line_flow(report, counts).iter().for_each(|entity| flow(out, report, entity));
                Some(CsvTable::Flow)
            }
            FlowMeasure::Movements(counts) => {
                movements(out, report, counts, self);
                Some(CsvTable::Movements)
            }
            FlowMeasure::Approach(figures) => {
                approach(out, report, &self.approach_observed(report, figures));
                Some(CsvTable::Approach)
            }
            FlowMeasure::Zone { .. } => None,
        }
    }
}

/// Writing to a text cannot fail.
macro_rules! add {
    ($out:expr, $($part:tt)*) => {
        write!($out, $($part)*).expect("a text takes everything")
    };
}

fn period(out: &mut String, report: &FlowReport) {
    add!(out, "{},{},{}", report.from, report.to, report.camera);
}

fn flow(out: &mut String, report: &FlowReport, entity: &FlowEntity) {
    period(out, report);
    add!(out, ",{},", report.place);
    match entity {
        FlowEntity::Vehicles(flow) => {
            let class = flow.vehicle_type.as_deref().unwrap_or(ALL);
            add!(out, "{},{class},{},{},", flow.direction_name, flow.intensity, flow.smp);
            add!(out, "{},{},{}\n", flow.vehicles_per_hour, flow.smp_per_hour, field(&flow.smp_table));
        }
        FlowEntity::People(flow) => add!(out, "{},person,{},,,,\n", flow.direction_name, flow.people_count),
    }
}

/// A row for all vehicles of a movement, then one for each class that made it.
fn movements(out: &mut String, report: &FlowReport, counts: &MovementCounts, wire: &Wire) {
    let observed = wire.movements_observed(report, counts);
    let (emp, table, coverage) = (&wire.identity().emp, field(&observed.smp_table), observed.coverage);
    let classes = |out: &mut String, (entry, exit): (&str, &str), counts: &ByClass| {
        for (class, number) in Class::ALL.into_iter().zip(counts).filter(|(_, number)| **number > 0) {
            let Some(word) = vehicle_type(class) else { continue };
            let smp = emp.of_class(class) * f64::from(*number);
            period(out, report);
            add!(out, ",{entry},{exit},{word},{number},{},", rounded(smp));
            add!(out, "{},{},,{coverage},{table}\n", per_hour(f64::from(*number), report), per_hour(smp, report));
        }
    };
    for (movement, counts) in observed.movements.iter().zip(&counts.movements) {
        let (entry, exit) = (movement.entry.as_str(), movement.exit.as_str());
        period(out, report);
        add!(out, ",{entry},{exit},{ALL},{},{},", movement.intensity, movement.smp);
        add!(out, "{},{},{},{coverage},{table}\n", movement.vehicles_per_hour, movement.smp_per_hour, movement.inferred);
        classes(out, (entry, exit), &counts.counts);
    }
    let smp = emp.of_counts(&counts.unknown);
    period(out, report);
    add!(out, ",{UNKNOWN},{UNKNOWN},{ALL},{},{},", observed.unknown, rounded(smp));
    add!(out, "{},{},,{coverage},{table}\n", per_hour(f64::from(observed.unknown), report), per_hour(smp, report));
    classes(out, (UNKNOWN, UNKNOWN), &counts.unknown);
}

fn approach(out: &mut String, report: &FlowReport, observed: &ApproachObserved) {
    period(out, report);
    add!(out, ",{},{},{},", report.place, observed.intensity, observed.smp);
    add!(out, "{},{}", observed.vehicles_per_hour, observed.smp_per_hour);
    for class in CLASSES {
        add!(out, ",{}", observed.by_class.get(class).map_or(0, |flow| flow.intensity));
    }
    for figure in figures(observed) {
        match figure {
            Some(figure) => add!(out, ",{figure}"),
            None => out.push(','),
        }
    }
    let method = observed.delay_method.map_or("", |method| match method {
        Method::Measured => "measured",
        Method::Mkji1997 => "mkji-1997",
    });
    let level = observed.level_of_service.map_or_else(String::new, |level| format!("{level:?}"));
    add!(out, ",{method},{level},{},{}", observed.los_table.word(), observed.at_least.join(" "));
    add!(out, ",{},{}\n", observed.coverage, field(&observed.smp_table));
}

/// What was measured on an approach, in the order of the columns from the headway to the delay in smp.
fn figures(observed: &ApproachObserved) -> [Option<f64>; 19] {
    [
        observed.average_headway_time,
        observed.speed_l_s,
        observed.average_vehicle_speed,
        observed.density_veh_l,
        observed.density_veh_km,
        Some(observed.vehicles_mean),
        observed.area_occupancy,
        observed.stopped_share,
        Some(observed.queue_max_l),
        observed.queue_max_m,
        observed.queue_residual_l,
        observed.queue_residual_pcu,
        observed.cycle_s,
        observed.green_s,
        observed.saturation_flow_pcu_h,
        observed.demand_pcu_h,
        observed.degree_of_saturation,
        observed.delay_s,
        observed.delay_pcu_s,
    ]
}

/// The only field that people name freely: without what would end it.
fn field(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ',' | '"' | '\n' | '\r') { ' ' } else { c }).collect()
}
