//! The agent as systemd's service: what it says on systemd's socket, and the files of the unit.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::program::{PATIENCE, Program, Workshop, junction};

#[test]
fn systemd_hears_that_the_agent_is_ready_lives_and_stops() {
    let workshop = Workshop::new();
    let config = workshop.config("box.toml", &[junction()]);
    let socket = workshop.path("notify");
    let systemd = UnixDatagram::bind(&socket).expect("bound");
    systemd.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    let hear = || {
        let mut text = [0; 64];
        let length = systemd.recv(&mut text).expect("the agent says something");
        String::from_utf8_lossy(&text[..length]).into_owned()
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_simpang"));
    command.args(["run", "--config", config.to_str().expect("plain")]).env("NOTIFY_SOCKET", &socket);
    let agent = Program::start_command(command);
    assert_eq!(hear(), "READY=1\nWATCHDOG=1");
    let alive = [hear(), hear()];
    assert!(alive.iter().all(|word| word == "WATCHDOG=1"), "{alive:?}");
    let ended = agent.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!((0..100).map(|_| hear()).any(|word| word == "STOPPING=1"));
}

/// The most that `systemd-analyze security` may find open, in tenths.
const MOST_EXPOSED: &str = "15";

#[test]
fn the_unit_is_sound_and_open_to_little() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("NOT RUN: there is no systemd-analyze on this machine");
        return;
    }
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("cross/package/simpang.service");
    let threshold = format!("--threshold={MOST_EXPOSED}");
    let security = Command::new("systemd-analyze").args(["security", "--offline=true", &threshold]).arg(&unit).output().expect("it runs");
    let said = String::from_utf8_lossy(&security.stdout).into_owned();
    println!("{}", said.lines().last().unwrap_or_default());
    assert!(security.status.success(), "{said}");
    let text = std::fs::read_to_string(&unit).expect("part of the repository");
    assert!(text.contains("\nRestartPreventExitStatus=2\n"), "a configuration error waits for a person");
    let watchdog =
        text.lines().find_map(|line| line.strip_prefix("WatchdogSec=")?.strip_suffix('s')?.parse().ok()).map(Duration::from_secs);
    assert!(
        watchdog.is_some_and(|watchdog| watchdog > Duration::from_secs(60)),
        "the agent speaks every second, and a slow disk may hold it up for a minute: {watchdog:?}"
    );
}
