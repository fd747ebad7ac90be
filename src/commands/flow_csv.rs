//! What passed the lines of a film, as a table that a spreadsheet opens: one row for each period, line, direction and class.
//!
//! Names are slugs and numbers have no separators, so no field ever needs quotes (RFC 4180, section 2).

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::unwritable;
use crate::event::{FlowEntity, FlowMeasure, FlowReport, Wire};

const HEADER: &str = "from,to,camera,line,direction,class,number,smp,vehicles_per_hour,smp_per_hour,smp_table";
/// In the column of the class, for the sum over all vehicles.
const ALL: &str = "all";

/// The table, when one is asked for.
pub(super) struct FlowCsv(Option<(PathBuf, BufWriter<File>)>);

impl FlowCsv {
    /// Opens the file now, so that a wrong path is said before the work and not after it.
    pub(super) fn create(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let file = File::create(path).with_context(|| unwritable(path))?;
        let mut table = Self(Some((path.to_owned(), BufWriter::new(file))));
        table.write(|out| writeln!(out, "{HEADER}"))?;
        Ok(table)
    }

    /// Adds the periods of lines among `reports`; minutes and quarters of an hour tell of the same passages.
    pub(super) fn add(&mut self, reports: &[FlowReport], wire: &Wire) -> Result<()> {
        for report in reports {
            let FlowMeasure::Line(counts) = &report.measure else { continue };
            self.write(|out| wire.line_flow(report, counts).iter().try_for_each(|entity| row(out, report, entity)))?;
        }
        Ok(())
    }

    /// Writes what is not in the file yet.
    pub(super) fn finish(mut self) -> Result<()> {
        self.write(BufWriter::flush)
    }

    fn write(&mut self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<()> {
        let Some((path, out)) = &mut self.0 else { return Ok(()) };
        write(out).with_context(|| unwritable(path))
    }
}

fn row(out: &mut impl Write, report: &FlowReport, entity: &FlowEntity) -> io::Result<()> {
    write!(out, "{},{},{},{},", report.from, report.to, report.camera, report.place)?;
    match entity {
        FlowEntity::Vehicles(flow) => {
            let class = flow.vehicle_type.as_deref().unwrap_or(ALL);
            write!(out, "{},{class},{},{},", flow.direction_name, flow.intensity, flow.smp)?;
            writeln!(out, "{},{},{}", flow.vehicles_per_hour, flow.smp_per_hour, flow.smp_table)
        }
        FlowEntity::People(flow) => writeln!(out, "{},person,{},,,,", flow.direction_name, flow.people_count),
    }
}
