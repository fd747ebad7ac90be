//! What was measured in a film, as tables that a spreadsheet opens.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::unwritable;
use crate::event::{CsvTable, FlowReport, Wire};

/// The tables that are asked for.
pub(super) struct Tables {
    files: Vec<(CsvTable, PathBuf, BufWriter<File>)>,
    rows: String,
}

impl Tables {
    /// Opens the files now, so that a wrong path is said before the work and not after it.
    pub(super) fn create(wanted: &[(CsvTable, Option<&Path>)]) -> Result<Self> {
        let mut tables = Self { files: Vec::new(), rows: String::new() };
        for (table, path) in wanted {
            let Some(path) = path else { continue };
            let mut file = BufWriter::new(File::create(path).with_context(|| unwritable(path))?);
            writeln!(file, "{}", table.header()).with_context(|| unwritable(path))?;
            tables.files.push((*table, path.to_path_buf(), file));
        }
        Ok(tables)
    }

    /// Adds what the tables are about; minutes and quarters of an hour tell of the same passages.
    pub(super) fn add(&mut self, reports: &[FlowReport], wire: &Wire) -> Result<()> {
        if self.files.is_empty() {
            return Ok(());
        }
        for report in reports {
            self.rows.clear();
            let Some(table) = wire.csv_rows(report, &mut self.rows) else { continue };
            let rows = self.rows.as_bytes();
            for (_, path, file) in self.files.iter_mut().filter(|(of, ..)| *of == table) {
                write_to(path, file, |file| file.write_all(rows))?;
            }
        }
        Ok(())
    }

    /// Writes what is not in the files yet.
    pub(super) fn finish(mut self) -> Result<()> {
        self.files.iter_mut().try_for_each(|(_, path, file)| write_to(path, file, BufWriter::flush))
    }
}

fn write_to(path: &Path, file: &mut BufWriter<File>, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<()> {
    write(file).with_context(|| unwritable(path))
}
