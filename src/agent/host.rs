//! How the box itself is: memory, processor, temperature, disk. Read from Linux's own files; what a box does not tell is left out.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::disk::Room;
use crate::base::thermal;

/// Kernel clock ticks a second in `/proc`; fixed at 100 for user space on every Linux architecture (`USER_HZ`, proc(5)).
const TICKS_A_SECOND: f64 = 100.0;

/// Reads the box; remembers the last reading, because load is a difference.
#[derive(Debug)]
pub(super) struct Host {
    queue: PathBuf,
    last: Option<(Duration, f64)>,
}

/// One reading.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Reading {
    /// Share of all processors that this program used since the last reading, 0 to 100.
    pub(super) cpu_percent: Option<f64>,
    /// Resident memory, in bytes.
    pub(super) memory_bytes: Option<u64>,
    /// Hottest sensor, in degrees Celsius.
    pub(super) temperature_c: Option<f64>,
    /// Free bytes where the queue is.
    pub(super) disk_free_bytes: Option<u64>,
}

impl Host {
    /// `queue` is the folder of the durable queue.
    pub(super) fn new(queue: PathBuf) -> Self {
        Self { queue, last: None }
    }

    /// Reads now (monotonic).
    pub(super) fn read(&mut self, now: Duration) -> Reading {
        Reading {
            cpu_percent: self.cpu_percent(now),
            memory_bytes: memory_bytes(&fs::read_to_string("/proc/self/status").unwrap_or_default()),
            temperature_c: thermal::hottest_c(Path::new("/")),
            disk_free_bytes: Room::at(&self.queue).ok().map(|room| room.free_bytes),
        }
    }

    fn cpu_percent(&mut self, now: Duration) -> Option<f64> {
        let used = cpu_seconds(&fs::read_to_string("/proc/self/stat").ok()?)?;
        let (then, before) = self.last.replace((now, used))?;
        let passed = now.saturating_sub(then).as_secs_f64() * std::thread::available_parallelism().map_or(1, usize::from) as f64;
        (passed > 0.0).then(|| ((used - before) / passed * 1000.0).round() / 10.0)
    }
}

/// User and system time of `/proc/self/stat` (proc(5), fields 14 and 15), which follow the program's name in brackets.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_A_SECOND)
}

/// `VmRSS` of `/proc/self/status`, which is in kibibytes.
fn memory_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_brackets_in_its_name_is_read_right() {
        let stat = "42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 100 1000 10 18446744073709551615";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds("nonsense"), None);
        assert_eq!(memory_bytes("VmPeak: 9 kB\nVmRSS:\t  2048 kB\n"), Some(2 << 20));
    }

    #[test]
    fn this_program_uses_memory_and_its_disk_has_a_size() {
        let mut host = Host::new(std::env::temp_dir());
        let reading = host.read(Duration::ZERO);
        assert!(reading.memory_bytes.expect("Linux tells") > 1 << 20);
        assert!(reading.disk_free_bytes.is_some() && reading.cpu_percent.is_none(), "{reading:?}");
        assert!(host.read(Duration::from_secs(1)).cpu_percent.is_some_and(|percent| percent >= 0.0));
    }
}
