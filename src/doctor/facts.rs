//! What the system tells of the box. Everything stands below a root folder, so that a test can make up a box.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::trial::is_drawn;
use crate::base::disk::{Room, Trouble};
use crate::base::hardware::HardwareDecoder;
use crate::base::thermal;
use crate::base::time::WallTime;
use crate::config::settings::{CameraSettings, Settings, SourceSettings};

/// What a copy of the model takes, and what everything else does (measured with EfficientDet-Lite0).
const BYTES_A_SESSION: u64 = 45 << 20;
const BYTES_BESIDES: u64 = 100 << 20;

/// Beginning of the names of Video4Linux's devices, and the name of Rockchip's, in `/dev`.
pub(super) const V4L2_DEVICE: &str = "video";
pub(super) const RKMPP_DEVICE: &str = "mpp_service";

/// What a configuration asks of the box.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Needs {
    /// Folders it writes into, and the bytes that each may hold in all.
    pub folders: Vec<(PathBuf, u64)>,
    /// Memory.
    pub memory_bytes: u64,
    /// Hardware that cameras are to be decoded by.
    pub hardware: Vec<HardwareDecoder>,
}

impl Needs {
    /// Of a configuration.
    pub fn of(settings: &Settings) -> Self {
        let mut folders = vec![(settings.outbox.directory.clone(), settings.outbox.max_bytes)];
        // Tables have no limit in bytes: a folder that takes files is all that is asked.
        folders.extend(settings.report.as_ref().map(|report| (report.folder.clone(), 0)));
        let needs_model = !settings.cameras.iter().all(is_drawn);
        let sessions = if needs_model { settings.detector.sessions as u64 } else { 0 };
        let wanted = |kind: &HardwareDecoder| {
            let by_it = |camera: &CameraSettings| matches!(&camera.source, SourceSettings::Rtsp(rtsp) if rtsp.hardware.contains(kind));
            settings.cameras.iter().any(by_it)
        };
        let hardware = [HardwareDecoder::V4l2M2m, HardwareDecoder::Rkmpp].into_iter().filter(wanted).collect();
        Self { folders, memory_bytes: BYTES_BESIDES + sessions * BYTES_A_SESSION, hardware }
    }
}

/// Without a configuration: one copy of the model.
impl Default for Needs {
    fn default() -> Self {
        Self { folders: Vec::new(), memory_bytes: BYTES_BESIDES + BYTES_A_SESSION, hardware: Vec::new() }
    }
}

/// What was read. What a box does not tell is `None` or empty.
#[derive(Clone, PartialEq, Debug)]
pub struct Facts {
    /// What time the box thinks it is.
    pub now: WallTime,
    /// Who keeps its clock right.
    pub time: TimeKept,
    /// The disk that the system is on.
    pub root: Option<Room>,
    /// The folders of [`Needs`], in their order.
    pub folders: Vec<Folder>,
    /// Hottest sensor.
    pub temperature_c: Option<f64>,
    /// Raspberry Pi's word about voltage, heat and speed: its firmware's bits, of which the lowest is "too little voltage now".
    pub throttled: Option<u32>,
    /// The processor may not run as fast as it can.
    pub capped: Option<Capped>,
    /// What slows the processor down against heat just now.
    pub cooling: Vec<String>,
    /// Memory that can be had without swapping.
    pub memory_bytes: Option<u64>,
    /// Devices that may decode.
    pub devices: Vec<Device>,
    /// Who looks.
    pub user: u32,
}

/// A device that may decode: `/dev/video*`, `/dev/mpp_service`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// Where it is.
    pub path: PathBuf,
    /// Whether this user may open it.
    pub may_open: bool,
}

/// Who keeps the clock right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeKept {
    /// systemd's service, and it has reached a time server.
    Synchronised,
    /// systemd's service, and it has not.
    NotYet,
    /// A service that does not tell in a file (chrony, ntpd).
    ByAnother,
    /// No service that we know.
    Nobody,
}

/// Speeds of the processor in kHz.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capped {
    /// What it is allowed.
    pub allowed_khz: u64,
    /// What it could do.
    pub possible_khz: u64,
}

/// A folder that the program writes into.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Folder {
    /// As configured.
    pub path: PathBuf,
    /// Why a small file could not be written there, in the system's words too.
    pub refused: Option<(Trouble, String)>,
    /// What is left on its disk.
    pub room: Option<Room>,
    /// Bytes that it already holds.
    pub used_bytes: u64,
    /// Whose it is, when it is there.
    pub owner: Option<u32>,
    /// A file in it that belongs to somebody else.
    pub foreign: Option<PathBuf>,
}

impl Facts {
    /// Reads a box; folders of `needs` are not below `root`.
    pub fn read(root: &Path, needs: &Needs, now: WallTime) -> Self {
        Self {
            now,
            time: time_kept(&root.join("run")),
            root: Room::at(root).ok(),
            folders: needs.folders.iter().map(|(path, _)| Folder::read(path)).collect(),
            temperature_c: thermal::hottest_c(root),
            throttled: throttled(root),
            capped: capped(root),
            cooling: cooling(root),
            memory_bytes: available(&fs::read_to_string(root.join("proc/meminfo")).unwrap_or_default()),
            devices: devices(root),
            user: rustix::process::geteuid().as_raw(),
        }
    }
}

fn time_kept(run: &Path) -> TimeKept {
    let is_there = |name: &str| run.join(name).exists();
    if is_there("systemd/timesync/synchronized") {
        TimeKept::Synchronised
    } else if is_there("systemd/timesync") {
        TimeKept::NotYet
    } else if ["chrony", "ntpd.pid", "ntpsec"].into_iter().any(is_there) {
        TimeKept::ByAnother
    } else {
        TimeKept::Nobody
    }
}

impl Folder {
    /// A folder that is not there yet is made by the agent, so the nearest one above it must take something.
    fn read(path: &Path) -> Self {
        let nearest = path.ancestors().find(|folder| !folder.as_os_str().is_empty() && folder.exists()).unwrap_or(Path::new("."));
        let owner = fs::metadata(path).ok().map(|folder| folder.uid());
        let files = || fs::read_dir(path).into_iter().flatten().flatten().filter_map(|file| Some((file.path(), file.metadata().ok()?)));
        let mut foreign: Vec<PathBuf> = files().filter(|(_, file)| Some(file.uid()) != owner).map(|(path, _)| path).collect();
        foreign.sort();
        Self {
            path: path.to_owned(),
            refused: write_and_remove(nearest).err().map(|error| (Trouble::of(&error), error.to_string())),
            room: Room::at(nearest).ok(),
            used_bytes: files().map(|(_, file)| file.len()).sum(),
            owner,
            foreign: foreign.into_iter().next(),
        }
    }
}

/// Only writing tells whether a folder can be written: mount options, quotas and broken cards do not show in its permissions.
fn write_and_remove(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".simpang-trial-{}", std::process::id()));
    // Never through a link that somebody else has put there.
    let mut file = File::create_new(&path)?;
    let written = file.write_all(&[0; 4096]).and_then(|()| file.sync_all());
    let removed = fs::remove_file(&path);
    written.and(removed)
}

fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// Where Raspberry Pi's kernel says what the firmware does, in hexadecimal digits; Linux's own driver tells the voltage only.
fn throttled(root: &Path) -> Option<u32> {
    let text = fs::read_to_string(root.join("sys/devices/platform/soc/soc:firmware/get_throttled")).ok();
    let firmware = text.and_then(|text| u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok());
    let sensors = fs::read_dir(root.join("sys/class/hwmon")).into_iter().flatten().flatten().map(|sensor| sensor.path());
    let mut voltage = sensors.filter(|sensor| fs::read_to_string(sensor.join("name")).is_ok_and(|name| name.trim() == "rpi_volt"));
    let alarm = voltage.find_map(|sensor| number(&sensor.join("in0_lcrit_alarm"))).map(|alarm| u32::from(alarm > 0));
    firmware.or(alarm)
}

/// The part of the processor that is held back most.
fn capped(root: &Path) -> Option<Capped> {
    let policies = fs::read_dir(root.join("sys/devices/system/cpu/cpufreq")).ok()?.flatten().map(|policy| policy.path());
    let speeds = policies.filter_map(|policy| {
        Some(Capped { allowed_khz: number(&policy.join("scaling_max_freq"))?, possible_khz: number(&policy.join("cpuinfo_max_freq"))? })
    });
    speeds.filter(|speed| speed.allowed_khz < speed.possible_khz).min_by_key(|speed| speed.allowed_khz * 1000 / speed.possible_khz.max(1))
}

/// A fan that turns is as it should be; a processor that is held back is not.
fn cooling(root: &Path) -> Vec<String> {
    let devices = fs::read_dir(root.join("sys/class/thermal")).into_iter().flatten().flatten().map(|device| device.path());
    let mut found: Vec<String> = devices
        .filter(|device| number(&device.join("cur_state")).is_some_and(|state| state > 0))
        .filter_map(|device| Some(fs::read_to_string(device.join("type")).ok()?.trim().to_owned()))
        .filter(|kind| kind.contains("cpu") || kind == "Processor")
        .collect();
    found.sort();
    found
}

/// `MemAvailable` of `/proc/meminfo`, which is in kibibytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find(|line| line.starts_with("MemAvailable:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

fn devices(root: &Path) -> Vec<Device> {
    use rustix::fs::Access;
    let decodes =
        |path: &PathBuf| path.file_name().is_some_and(|name| name == RKMPP_DEVICE || name.to_string_lossy().starts_with(V4L2_DEVICE));
    let found = fs::read_dir(root.join("dev")).into_iter().flatten().flatten().map(|entry| entry.path()).filter(decodes);
    let device = |path: PathBuf| Device { may_open: rustix::fs::access(&path, Access::READ_OK | Access::WRITE_OK).is_ok(), path };
    let mut devices: Vec<Device> = found.map(device).collect();
    devices.sort_by(|a, b| a.path.cmp(&b.path));
    devices
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A box with these files.
    fn made_up(files: &[(&str, &str)]) -> TempDir {
        let root = TempDir::new().expect("temp dir");
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("below the root")).expect("own folder");
            fs::write(path, text).expect("own folder");
        }
        root
    }

    fn read(files: &[(&str, &str)]) -> Facts {
        Facts::read(made_up(files).path(), &Needs { folders: Vec::new(), memory_bytes: 0, hardware: Vec::new() }, WallTime::from_micros(0))
    }

    #[test]
    fn a_box_that_tells_nothing_is_read_all_the_same() {
        let facts = read(&[]);
        assert_eq!((facts.time, facts.temperature_c, facts.throttled, facts.capped), (TimeKept::Nobody, None, None, None));
        assert!(facts.cooling.is_empty() && facts.devices.is_empty() && facts.memory_bytes.is_none());
    }

    #[test]
    fn heat_and_what_is_done_against_it_are_read() {
        let facts = read(&[
            ("sys/class/thermal/thermal_zone0/temp", "61234\n"),
            ("sys/class/thermal/thermal_zone1/temp", "84000\n"),
            ("sys/class/thermal/thermal_zone2/temp", "\n"),
            ("sys/class/thermal/cooling_device0/type", "pwm-fan\n"),
            ("sys/class/thermal/cooling_device0/cur_state", "3\n"),
            ("sys/class/thermal/cooling_device1/type", "cpufreq-cpu0\n"),
            ("sys/class/thermal/cooling_device1/cur_state", "2\n"),
            ("sys/class/thermal/cooling_device2/type", "cpufreq-cpu4\n"),
            ("sys/class/thermal/cooling_device2/cur_state", "0\n"),
            ("sys/class/thermal/cooling_device3/type", "Processor\n"),
            ("sys/class/thermal/cooling_device3/cur_state", "-1\n"),
        ]);
        assert_eq!((facts.temperature_c, facts.cooling), (Some(84.0), vec!["cpufreq-cpu0".to_owned()]));
    }

    #[test]
    fn voltage_and_speed_are_read() {
        let pi = "sys/devices/platform/soc/soc:firmware/get_throttled";
        assert_eq!(read(&[(pi, "50005\n")]).throttled, Some(0x5_0005));
        assert_eq!(read(&[(pi, "0x0\n")]).throttled, Some(0));
        assert_eq!(read(&[(pi, "sehat\n")]).throttled, None);
        let sensor = |name, alarm| [("sys/class/hwmon/hwmon1/name", name), ("sys/class/hwmon/hwmon1/in0_lcrit_alarm", alarm)];
        assert_eq!(read(&sensor("rpi_volt\n", "1\n")).throttled, Some(1));
        assert_eq!(read(&sensor("rpi_volt\n", "0\n")).throttled, Some(0));
        assert_eq!(read(&sensor("cpu_thermal\n", "1\n")).throttled, None);
        let speeds = |allowed| {
            read(&[
                ("sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq", "1800000"),
                ("sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq", "1800000"),
                ("sys/devices/system/cpu/cpufreq/policy4/scaling_max_freq", allowed),
                ("sys/devices/system/cpu/cpufreq/policy4/cpuinfo_max_freq", "2400000"),
            ])
            .capped
        };
        assert_eq!(speeds("1200000"), Some(Capped { allowed_khz: 1_200_000, possible_khz: 2_400_000 }));
        assert_eq!(speeds("2400000"), None);
    }

    #[test]
    fn who_keeps_the_clock_is_read() {
        for (file, expected) in [
            ("run/systemd/timesync/synchronized", TimeKept::Synchronised),
            ("run/systemd/timesync/other", TimeKept::NotYet),
            ("run/chrony/chronyd.pid", TimeKept::ByAnother),
        ] {
            assert_eq!(read(&[(file, "")]).time, expected, "{file}");
        }
    }

    #[test]
    fn memory_is_what_can_be_had_without_swapping() {
        assert_eq!(read(&[("proc/meminfo", "MemTotal: 9 kB\nMemFree:  1 kB\nMemAvailable:   2048 kB\n")]).memory_bytes, Some(2 << 20));
    }

    #[test]
    fn a_folder_is_really_written_to_and_left_as_it_was() {
        let folder = TempDir::new().expect("temp dir");
        fs::write(folder.path().join("outbox.db"), [0; 100]).expect("own folder");
        let found = Folder::read(folder.path());
        assert_eq!((found.refused, found.used_bytes, found.foreign), (None, 100, None));
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 1);
        assert_eq!(Folder::read(&folder.path().join("not/yet")).refused, None);
        assert!(!folder.path().join("not").exists());
        let below_a_file = Folder::read(&folder.path().join("outbox.db/outbox"));
        assert_eq!(below_a_file.refused.map(|(trouble, _)| trouble), Some(Trouble::NoFolder));
    }
}
