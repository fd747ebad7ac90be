//! What this runs on, medians, and the processor's view of a process.

use std::path::Path;
use std::time::Duration;

use simpang::base::handoff::{WhenFull, channel};

/// Processor, cores, kernel and date do not decide a verdict; they say whose figures these are.
pub(crate) fn description() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |name| name.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {cores} cores to use, {}, Linux {}", std::env::consts::ARCH, read("/proc/sys/kernel/osrelease").trim())
}

/// Resident memory of a process in MB of 10⁶ bytes, as the kernel counts it.
pub(crate) fn resident_mb(process: u32) -> f64 {
    let status = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status")).unwrap_or_default();
    let kib =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")).and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib * 1024.0 / 1e6)
}

/// CPU seconds that a process has used, user and system (proc(5): fields 14 and 15 of `stat`, in hundredths).
pub(crate) fn cpu_secs(process: u32) -> f64 {
    let stat = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: Vec<f64> = after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
    if ticks.len() == 2 { ticks.iter().sum::<f64>() / 100.0 } else { f64::NAN }
}

/// The middle value; of an even number the upper one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Lets other threads and processes run for so long.
pub(crate) fn pause(length: Duration) {
    let (_keeps_it_open, never) = channel::<()>(1, WhenFull::Block);
    // Always times out: nothing is ever sent.
    let _ = never.recv_timeout(length);
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
