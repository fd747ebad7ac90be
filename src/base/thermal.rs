//! How hot the box is, from Linux's own files.

use std::fs;
use std::path::Path;

/// The hottest thermal zone in degrees Celsius, below the file system's `root`; sensors tell thousandths of a degree. `None` where there is none.
pub fn hottest_c(root: &Path) -> Option<f64> {
    let zones = fs::read_dir(root.join("sys/class/thermal")).ok()?;
    let readings = zones.flatten().filter_map(|zone| fs::read_to_string(zone.path().join("temp")).ok()?.trim().parse::<f64>().ok());
    readings.map(|thousandths| thousandths / 1000.0).reduce(f64::max)
}
