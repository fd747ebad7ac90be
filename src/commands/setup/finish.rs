//! The end: what was written, and starting the unit.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::stage::Written;
use crate::commands::check::{self, CheckArgs};

const UNIT: &str = "simpang.service";
/// Is there when systemd runs the machine (sd_booted(3)).
const SYSTEMD: &str = "/run/systemd/system";
/// The configuration that the unit reads.
const USUAL_OUTPUT: &str = "/etc/simpang/site.toml";

/// Says what was written, as `simpang check` says it.
///
/// # Errors
/// When what was written cannot be read again.
pub(super) fn report(output: &Path, written: Written) -> Result<()> {
    println!();
    match written {
        Written::New => {}
        Written::Replaced(kept) => println!("yang lama disimpan / the old one is kept: {}", kept.display()),
        Written::Unchanged => println!("{}: tidak berubah / it said the same already", output.display()),
    }
    check::run(&CheckArgs { file: output.to_owned(), probe: false }, &[], &mut std::io::stdout())?;
    println!(
        "Lajur belum digambar: kemacetan baru diawasi setelah `simpang learn`. / Nobody has drawn lanes: congestion is watched for after `simpang learn`."
    );
    Ok(())
}

/// Starts the unit when somebody wants it, else says how.
///
/// # Errors
/// When the unit does not start.
pub(super) fn start_or_say(output: &Path, starts: bool) -> Result<()> {
    if starts && Path::new(SYSTEMD).exists() {
        if output != Path::new(USUAL_OUTPUT) {
            println!("{UNIT} membaca / reads {USUAL_OUTPUT}, bukan / not {}", output.display());
        }
        start(&["systemctl"])?;
        println!("{UNIT} berjalan, juga setelah listrik padam / is running, and will after a power cut");
    } else {
        println!("{}", by_hand(output, Path::new(SYSTEMD).exists()));
    }
    Ok(())
}

/// How to start it by hand, in one sentence.
fn by_hand(output: &Path, has_systemd: bool) -> String {
    let command = if has_systemd && output == Path::new(USUAL_OUTPUT) {
        format!("sudo systemctl enable --now {UNIT}")
    } else {
        format!("simpang run --config {}", output.display())
    };
    format!("Jalankan dengan / start it with: {command}")
}

/// At every start of the box, and now; one that runs already reads the new configuration.
fn start(systemctl: &[&str]) -> Result<()> {
    for arguments in [["enable", UNIT], ["restart", UNIT]] {
        let ran = Command::new(systemctl[0]).args(&systemctl[1..]).args(arguments).output();
        let ran = ran.with_context(|| format!("`systemctl {}` cannot be run; start it with `simpang run`", arguments.join(" ")))?;
        if !ran.status.success() {
            let said = String::from_utf8_lossy(&ran.stderr);
            let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no reason");
            bail!(
                "konfigurasi ditulis, tetapi / the configuration is written, but `systemctl {}`: {last}; try `sudo systemctl enable --now {UNIT}`, \
                 then `journalctl -u {UNIT} -n 30`",
                arguments.join(" ")
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_starts_it_by_hand_is_told_how() {
        assert!(by_hand(Path::new("/tmp/a.toml"), true).ends_with("simpang run --config /tmp/a.toml"));
        assert!(by_hand(Path::new(USUAL_OUTPUT), true).ends_with("sudo systemctl enable --now simpang.service"));
    }

    #[test]
    fn a_unit_that_does_not_start_is_told_with_its_last_line() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let script = folder.path().join("systemctl");
        let write = |text: &str| std::fs::write(&script, text).expect("own file");
        let systemctl = ["sh", script.to_str().expect("plain")];
        let log = folder.path().join("log");
        write(&format!("echo \"$@\" >> {}", log.display()));
        start(&systemctl).expect("starts");
        assert_eq!(std::fs::read_to_string(&log).ok().as_deref(), Some("enable simpang.service\nrestart simpang.service\n"));
        write("echo one >&2; echo 'Unit simpang.service not found.' >&2; exit 5");
        let said = start(&systemctl).expect_err("fails").to_string();
        assert!(said.contains("Unit simpang.service not found.; try `sudo systemctl enable --now simpang.service`"), "{said}");
    }
}
