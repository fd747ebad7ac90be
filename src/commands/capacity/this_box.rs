//! What the box is, and where its figures are kept: the page of measured boxes.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::report::Report;
use crate::base::durable::{self, Access};

/// What the box calls itself: the device tree of ARM boards, the processor of others.
pub(super) fn name() -> String {
    let board = fs::read_to_string("/proc/device-tree/model").ok().map(|name| name.trim_end_matches('\0').to_owned());
    let processor = || {
        let text = fs::read_to_string("/proc/cpuinfo").ok()?;
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let name = board.or_else(processor).unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    // A bar would end the cell of a table.
    name.replace('|', " ")
}

/// Puts the row of `report` into the page, in the place of an older one.
///
/// # Errors
/// A page that cannot be read or written, or has no table.
pub(super) fn add_to(page: &Path, report: &Report) -> Result<()> {
    let text = fs::read_to_string(page).with_context(|| format!("the page {} cannot be read", page.display()))?;
    let new = report.in_page(&text).with_context(|| format!("{} has no table of measured boxes", page.display()))?;
    durable::replace(page, new.as_bytes(), Access::Like(page)).with_context(|| super::super::unwritable(page))
}
