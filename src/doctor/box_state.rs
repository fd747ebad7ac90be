//! From facts about the box to findings.

use super::facts::{Capped, Device, Facts, Needs, RKMPP_DEVICE, TimeKept, V4L2_DEVICE};
use super::{Finding, What, disk};
use crate::base::disk::megabytes;
use crate::base::hardware::HardwareDecoder;
use crate::base::time::WallTime;

/// No box runs this program before it was written (2026-01-01): an earlier clock was never set.
const WRITTEN: WallTime = WallTime::from_micros(1_767_225_600_000_000);
/// Processors slow down from about here on (Raspberry Pi: 80 °C; most others 85 to 95 °C).
const HOT_C: f64 = 80.0;
/// Boxes switch themselves off soon after.
const TOO_HOT_C: f64 = 95.0;
const ROOT_USER: u32 = 0;

/// Whether the clock was never set since the box got power.
pub(super) fn is_unset(now: WallTime) -> bool {
    now < WRITTEN
}

/// Everything about the box itself.
pub(super) fn findings(facts: &Facts, needs: &Needs) -> Vec<Finding> {
    let mut found = vec![clock(facts)];
    found.extend(facts.folders.iter().zip(&needs.folders).map(|(folder, (_, most))| disk::finding(folder, *most)));
    found.extend(facts.root.and_then(disk::system));
    found.extend(facts.temperature_c.map(temperature));
    found.extend(power(facts));
    found.extend(facts.memory_bytes.map(|available| memory(available, needs.memory_bytes)));
    found.extend(rights(facts));
    found.extend(needs.hardware.iter().filter_map(|&hardware| hardware_decoding(hardware, &facts.devices)));
    found
}

fn clock(facts: &Facts) -> Finding {
    let now = facts.now.to_string();
    let year = &now[..4];
    if is_unset(facts.now) {
        return Finding::broken(
            What::Clock,
            format!(
                "kotak mengira sekarang tahun {year} ({now}), jadi sertifikat dan waktu kejadian salah; sambungkan jaringan dan jalankan `sudo timedatectl set-ntp true`, atau pasang baterai jam (RTC)"
            ),
            format!(
                "the box thinks it is {year} ({now}), so certificates and times of events are wrong; connect the network and run `sudo timedatectl set-ntp true`, or fit a battery for the clock (RTC)"
            ),
        );
    }
    match facts.time {
        TimeKept::Synchronised => {
            Finding::good(What::Clock, format!("{now}, disetel dari jaringan"), format!("{now}, set from the network"))
        }
        TimeKept::ByAnother => Finding::good(
            What::Clock,
            format!("{now}, dijaga layanan waktu lain (chrony atau ntpd)"),
            format!("{now}, kept by another time service (chrony or ntpd)"),
        ),
        TimeKept::NotYet => Finding::warning(
            What::Clock,
            format!(
                "{now}, tetapi belum disetel dari jaringan sejak kotak menyala; periksa kabel jaringan dan `timedatectl timesync-status`"
            ),
            format!(
                "{now}, but not set from the network since the box was switched on; check the network cable and `timedatectl timesync-status`"
            ),
        ),
        TimeKept::Nobody => Finding::warning(
            What::Clock,
            format!("{now}, tetapi tidak ada layanan yang menyetelnya; jalankan `sudo apt install systemd-timesyncd`"),
            format!("{now}, but no service sets it; run `sudo apt install systemd-timesyncd`"),
        ),
    }
}

fn temperature(celsius: f64) -> Finding {
    if celsius >= TOO_HOT_C {
        Finding::broken(
            What::Temperature,
            format!("{celsius:.0} °C, kotak akan mati sendiri; matikan, dinginkan kabinet, bersihkan kipas dan lubang angin"),
            format!("{celsius:.0} °C, the box will switch itself off; switch it off, cool the cabinet, clean fan and vents"),
        )
    } else if celsius >= HOT_C {
        Finding::warning(
            What::Temperature,
            format!("{celsius:.0} °C, prosesor melambat karena panas; bersihkan kipas dan lubang angin kabinet, lindungi dari matahari"),
            format!("{celsius:.0} °C, the processor slows down from heat; clean the cabinet's fan and vents, shade it from the sun"),
        )
    } else {
        Finding::good(What::Temperature, format!("{celsius:.0} °C"), format!("{celsius:.0} °C"))
    }
}

/// Bits of Raspberry Pi's firmware (vcgencmd's documentation): now in the low half, since the box got power in the high half.
const UNDER_VOLTAGE: u32 = 1;
const SLOWED: u32 = 0b1110;
const SINCE_POWER_ON: u32 = 16;

fn power(facts: &Facts) -> Vec<Finding> {
    let mut found: Vec<Finding> = facts.throttled.into_iter().flat_map(firmware).collect();
    if !facts.cooling.is_empty() {
        let who = facts.cooling.join(", ");
        found.push(Finding::warning(
            What::Power,
            format!("prosesor sedang diperlambat karena panas ({who}); bersihkan kipas dan lubang angin kabinet"),
            format!("the processor is being slowed down against heat ({who}); clean the cabinet's fan and vents"),
        ));
    } else if let Some(Capped { allowed_khz, possible_khz }) = facts.capped {
        let (allowed, possible) = (allowed_khz / 1000, possible_khz / 1000);
        found.push(Finding::warning(
            What::Power,
            format!("prosesor dibatasi {allowed} dari {possible} MHz; periksa suhu, catu daya, dan `cpupower frequency-info`"),
            format!("the processor is held at {allowed} of {possible} MHz; check heat, power supply and `cpupower frequency-info`"),
        ));
    }
    found
}

fn firmware(bits: u32) -> Vec<Finding> {
    let (now, earlier) = (bits, bits >> SINCE_POWER_ON);
    let mut found = Vec::new();
    if now & UNDER_VOLTAGE != 0 {
        found.push(Finding::broken(
            What::Power,
            "tegangan sekarang terlalu rendah; ganti catu daya atau kabelnya dengan yang asli (5,1 V, minimal 3 A)",
            "the voltage is too low now; replace power supply or cable by the original ones (5.1 V, 3 A at least)",
        ));
    } else if earlier & UNDER_VOLTAGE != 0 {
        found.push(Finding::warning(
            What::Power,
            "tegangan pernah terlalu rendah sejak kotak menyala; periksa catu daya dan sambungan kabelnya",
            "the voltage was too low at some time since the box was switched on; check power supply and cable",
        ));
    }
    if now & SLOWED != 0 {
        found.push(Finding::warning(
            What::Power,
            "prosesor sekarang diperlambat oleh firmware; bersihkan kipas, periksa suhu dan catu daya",
            "the firmware slows the processor down now; clean the fan, check heat and power supply",
        ));
    } else if earlier & SLOWED != 0 {
        found.push(Finding::warning(
            What::Power,
            "prosesor pernah diperlambat oleh firmware sejak kotak menyala; periksa kipas dan catu daya",
            "the firmware has slowed the processor down since the box was switched on; check fan and power supply",
        ));
    }
    if found.is_empty() {
        found.push(Finding::good(What::Power, "tegangan cukup, kecepatan penuh", "voltage is right, full speed"));
    }
    found
}

fn memory(available: u64, needed: u64) -> Finding {
    let (free, needed) = (megabytes(available), megabytes(needed));
    if free < needed {
        Finding::warning(
            What::Memory,
            format!(
                "tersisa {free} MB, konfigurasi ini perlu sekitar {needed} MB bila agen belum berjalan; hentikan program lain atau kecilkan `detector.sessions`"
            ),
            format!(
                "{free} MB left, this configuration needs about {needed} MB unless the agent already runs; stop other programs or lower `detector.sessions`"
            ),
        )
    } else {
        Finding::good(
            What::Memory,
            format!("tersisa {free} MB, perlu sekitar {needed} MB"),
            format!("{free} MB left, about {needed} MB needed"),
        )
    }
}

fn rights(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    let service = facts.folders.iter().find_map(|folder| folder.owner);
    if let Some(service) = service.filter(|owner| facts.user == ROOT_USER && *owner != ROOT_USER) {
        found.push(Finding::warning(
            What::Rights,
            format!("diperiksa sebagai root, padahal layanan berjalan sebagai pengguna {service}; ulangi dengan `sudo -u '#{service}' simpang doctor`"),
            format!("looked at as root, but the service runs as user {service}; do it again with `sudo -u '#{service}' simpang doctor`"),
        ));
    }
    for folder in &facts.folders {
        if let Some(file) = &folder.foreign {
            let (file, path) = (file.display(), folder.path.display());
            found.push(Finding::warning(
                What::Rights,
                format!("`{file}` milik pengguna lain daripada foldernya, jadi layanan mungkin tidak dapat menulisnya; jalankan `sudo chown -R --reference={path} {path}`"),
                format!("`{file}` belongs to another user than its folder, so the service may not be able to write it; run `sudo chown -R --reference={path} {path}`"),
            ));
        }
    }
    found
}

fn hardware_decoding(hardware: HardwareDecoder, devices: &[Device]) -> Option<Finding> {
    let name = match hardware {
        HardwareDecoder::V4l2M2m => V4L2_DEVICE,
        HardwareDecoder::Rkmpp => RKMPP_DEVICE,
    };
    let of_it = |device: &&Device| device.path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name));
    let mut devices = devices.iter().filter(of_it).peekable();
    let Some(first) = devices.peek().map(|device| device.path.display()) else {
        return Some(Finding::warning(
            What::Rights,
            format!(
                "`{hardware}` diminta di `hardware_decoders`, padahal tidak ada `/dev/{name}*`; hapus baris itu, atau beri layanan hak atas perangkatnya (`/usr/lib/simpang/hardware-decoding.conf`)"
            ),
            format!(
                "`hardware_decoders` asks for `{hardware}`, but there is no `/dev/{name}*`; remove that line, or let the service have its devices (`/usr/lib/simpang/hardware-decoding.conf`)"
            ),
        ));
    };
    let first = first.to_string();
    // A box has more of them than decode; one that may be opened shows that this user may.
    if devices.any(|device| device.may_open) {
        return None;
    }
    Some(Finding::warning(
        What::Rights,
        format!(
            "pengguna ini tidak boleh membuka `{first}`, jadi pengurai gambar perangkat keras tidak dapat dipakai; jalankan `sudo usermod -aG video PENGGUNA` lalu mulai ulang layanan"
        ),
        format!(
            "this user may not open `{first}`, so hardware decoding cannot be used; run `sudo usermod -aG video USER` and start the service anew"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::disk::{Access, Room, Trouble};
    use crate::doctor::Severity::{self, Broken, Good, Warning};
    use crate::doctor::facts::Folder;

    const ROOM: Room = Room { free_bytes: 5 << 30, free_files: Some(100_000), access: Access::Writable };

    /// As a box should be: 2026-11-23, 48 °C, room and memory enough.
    fn healthy() -> (Facts, Needs) {
        let folder =
            Folder { path: "/var/lib/simpang".into(), refused: None, room: Some(ROOM), used_bytes: 0, owner: Some(990), foreign: None };
        let facts = Facts {
            now: WallTime::from_micros(1_795_400_000_000_000),
            time: TimeKept::Synchronised,
            root: Some(ROOM),
            folders: vec![folder],
            temperature_c: Some(48.2),
            throttled: Some(0),
            capped: None,
            cooling: Vec::new(),
            memory_bytes: Some(1 << 30),
            devices: Vec::new(),
            user: 990,
        };
        (facts, Needs { folders: vec![("/var/lib/simpang".into(), 1 << 30)], memory_bytes: 235 << 20, hardware: Vec::new() })
    }

    /// What is not good about a box that differs from a healthy one like this.
    fn with(change: impl FnOnce(&mut Facts)) -> Vec<Finding> {
        let (mut facts, needs) = healthy();
        change(&mut facts);
        findings(&facts, &needs).into_iter().filter(|finding| finding.severity > Good).collect()
    }

    fn assert_only(found: &[Finding], severity: Severity, what: &What, id: &str, en: &str) {
        let [finding] = found else { panic!("one finding wanted: {found:#?}") };
        assert_eq!((finding.severity, &finding.what), (severity, what), "{finding:#?}");
        assert!(finding.id.starts_with(id) && finding.en.starts_with(en), "{finding:#?}");
    }

    #[test]
    fn a_healthy_box_is_good_in_every_respect() {
        let (facts, needs) = healthy();
        let found = findings(&facts, &needs);
        let what: Vec<String> = found.iter().map(|finding| format!("{:?} {}", finding.severity, finding.what.en())).collect();
        assert_eq!(what, ["Good clock", "Good disk", "Good temperature", "Good power", "Good memory"]);
    }

    #[test]
    fn a_clock_that_was_never_set_is_told() {
        let unset = with(|facts| (facts.now, facts.time) = (WallTime::from_micros(192_000_000), TimeKept::NotYet));
        let (id, en) =
            ("kotak mengira sekarang tahun 1970 (1970-01-01T00:03:12.000Z)", "the box thinks it is 1970 (1970-01-01T00:03:12.000Z)");
        assert_only(&unset, Broken, &What::Clock, id, en);
        let drifting = with(|facts| facts.time = TimeKept::NotYet);
        assert_only(&drifting, Warning, &What::Clock, "2026-11-23T", "2026-11-23T");
        assert_only(&with(|facts| facts.time = TimeKept::Nobody), Warning, &What::Clock, "2026-11-23T", "2026-11-23T");
        assert!(with(|facts| facts.time = TimeKept::ByAnother).is_empty());
    }

    #[test]
    fn a_disk_that_takes_nothing_is_told_by_its_cause() {
        let refused = |trouble, free_files| {
            with(|facts| {
                facts.folders[0].refused = Some((trouble, "words of the system".into()));
                facts.folders[0].room = Some(Room { free_files: Some(free_files), ..ROOM });
            })
        };
        for (trouble, free_files, id, en) in [
            (
                Trouble::ReadOnly,
                9,
                "`/var/lib/simpang` tidak dapat ditulisi karena disknya hanya-baca",
                "`/var/lib/simpang` takes nothing because its disk is read-only",
            ),
            (Trouble::Full, 9, "disk untuk `/var/lib/simpang` penuh", "the disk of `/var/lib/simpang` is full"),
            (
                Trouble::Full,
                0,
                "disk untuk `/var/lib/simpang` tidak dapat menambah berkas",
                "the disk of `/var/lib/simpang` takes no more files",
            ),
            (Trouble::NotAllowed, 9, "`/var/lib/simpang` tidak boleh ditulisi", "this user may not write to `/var/lib/simpang`"),
            (Trouble::NoFolder, 9, "`/var/lib/simpang` bukan folder", "`/var/lib/simpang` is no folder"),
            (Trouble::Other, 9, "`/var/lib/simpang` tidak dapat ditulisi (words", "`/var/lib/simpang` cannot be written to (words"),
        ] {
            assert_only(&refused(trouble, free_files), Broken, &What::Disk, id, en);
        }
    }

    #[test]
    fn a_disk_with_less_room_than_the_queue_may_take_is_told() {
        let room =
            |free_bytes, free_files| with(|facts| facts.folders[0].room = Some(Room { free_bytes, free_files: Some(free_files), ..ROOM }));
        assert_only(
            &room(300 << 20, 1000),
            Warning,
            &What::Disk,
            "`/var/lib/simpang` masih punya 300 MB, padahal antrean masih boleh mengisi 1024 MB",
            "`/var/lib/simpang` has 300 MB left, but the queue may still take 1024 MB",
        );
        assert_only(&room(300 << 10, 1000), Broken, &What::Disk, "disk untuk", "the disk of `/var/lib/simpang` is full");
        assert_only(&room(5 << 30, 10), Broken, &What::Disk, "disk untuk", "the disk of `/var/lib/simpang` takes no more files");
        let used =
            with(|facts| (facts.folders[0].used_bytes, facts.folders[0].room) = (800 << 20, Some(Room { free_bytes: 300 << 20, ..ROOM })));
        assert!(used.is_empty(), "what it holds already needs no room: {used:#?}");
        let read_only = with(|facts| facts.root = Some(Room { access: Access::ReadOnly, ..ROOM }));
        assert_only(&read_only, Warning, &What::SystemDisk, "disk sistem hanya-baca", "the system's disk is read-only");
    }

    #[test]
    fn heat_is_told_in_two_steps() {
        assert!(with(|facts| facts.temperature_c = Some(79.4)).is_empty());
        assert_only(
            &with(|facts| facts.temperature_c = Some(84.0)),
            Warning,
            &What::Temperature,
            "84 °C, prosesor melambat",
            "84 °C, the processor slows",
        );
        assert_only(
            &with(|facts| facts.temperature_c = Some(95.0)),
            Broken,
            &What::Temperature,
            "95 °C, kotak akan mati",
            "95 °C, the box will",
        );
        let cooled = with(|facts| facts.cooling = vec!["cpufreq-cpu0".into()]);
        assert_only(
            &cooled,
            Warning,
            &What::Power,
            "prosesor sedang diperlambat karena panas (cpufreq-cpu0)",
            "the processor is being slowed",
        );
        let capped = with(|facts| facts.capped = Some(Capped { allowed_khz: 1_200_000, possible_khz: 2_400_000 }));
        assert_only(&capped, Warning, &What::Power, "prosesor dibatasi 1200 dari 2400 MHz", "the processor is held at 1200 of 2400 MHz");
    }

    #[test]
    fn each_bit_of_the_firmware_is_understood() {
        for (bits, expected) in [
            (0x0, vec![]),
            (0x1, vec![(Broken, "the voltage is too low now")]),
            (0x1_0000, vec![(Warning, "the voltage was too low")]),
            (0x5_0005, vec![(Broken, "the voltage is too low now"), (Warning, "the firmware slows the processor down now")]),
            (0x4_0000, vec![(Warning, "the firmware has slowed")]),
            (0x8, vec![(Warning, "the firmware slows the processor down now")]),
            (0x2_0000, vec![(Warning, "the firmware has slowed")]),
        ] {
            let found = with(|facts| facts.throttled = Some(bits));
            assert_eq!(found.len(), expected.len(), "{bits:#x}: {found:#?}");
            for (finding, (severity, words)) in found.iter().zip(expected) {
                assert!(finding.severity == severity && finding.en.starts_with(words), "{bits:#x}: {finding:#?}");
            }
        }
    }

    #[test]
    fn memory_is_held_against_the_copies_of_the_model() {
        let short = with(|facts| facts.memory_bytes = Some(200 << 20));
        assert_only(
            &short,
            Warning,
            &What::Memory,
            "tersisa 200 MB, konfigurasi ini perlu sekitar 235 MB",
            "200 MB left, this configuration needs about 235 MB",
        );
    }

    #[test]
    fn who_may_not_do_what_is_told() {
        assert_only(
            &with(|facts| facts.user = 0),
            Warning,
            &What::Rights,
            "diperiksa sebagai root, padahal layanan berjalan sebagai pengguna 990",
            "looked at as root",
        );
        let foreign = with(|facts| facts.folders[0].foreign = Some("/var/lib/simpang/outbox.db".into()));
        assert_only(
            &foreign,
            Warning,
            &What::Rights,
            "`/var/lib/simpang/outbox.db` milik pengguna lain",
            "`/var/lib/simpang/outbox.db` belongs to another user",
        );
    }

    #[test]
    fn a_device_is_missed_only_where_it_is_to_decode() {
        let (mut facts, mut needs) = healthy();
        let locked = |path: &str| Device { path: path.into(), may_open: false };
        let mut look = |devices: &[Device], hardware: &[HardwareDecoder]| {
            (facts.devices, needs.hardware) = (devices.to_vec(), hardware.to_vec());
            findings(&facts, &needs).into_iter().filter(|finding| finding.severity > Good).collect::<Vec<_>>()
        };
        let (v4l2, rkmpp) = ([HardwareDecoder::V4l2M2m], [HardwareDecoder::Rkmpp]);
        assert!(look(&[], &[]).is_empty() && look(&[locked("/dev/video10")], &[]).is_empty());
        let webcam = Device { may_open: true, ..locked("/dev/video11") };
        assert!(look(&[locked("/dev/video10"), webcam], &v4l2).is_empty());
        let (id, en) =
            ("`rkmpp` diminta di `hardware_decoders`", "`hardware_decoders` asks for `rkmpp`, but there is no `/dev/mpp_service*`");
        assert_only(&look(&[locked("/dev/video10")], &rkmpp), Warning, &What::Rights, id, en);
        let (id, en) = ("pengguna ini tidak boleh membuka `/dev/video10`", "this user may not open `/dev/video10`");
        assert_only(&look(&[locked("/dev/video10")], &v4l2), Warning, &What::Rights, id, en);
    }
}
