//! What is known before anybody is asked: flags and the answers file, which have the same names.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::config::secret_file;
use crate::config::settings::Credentials;

/// Longest answers file in bytes.
const LONGEST: u64 = 1 << 16;

/// Answers; flags and the keys of the answers file.
#[derive(clap::Args, serde::Deserialize, Clone, Default, Debug)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Answers {
    /// Id of the intersection or square, such as simpang-charitas
    #[arg(long, value_name = "ID")]
    pub(super) site: Option<String>,
    /// Its name as locals say it; default: made from the id
    #[arg(long, value_name = "NAME")]
    pub(super) site_name: Option<String>,
    /// City; default: palembang
    #[arg(long, value_name = "CITY")]
    pub(super) city: Option<String>,
    /// Who runs the box; default: atcs
    #[arg(long, value_name = "OPERATOR")]
    pub(super) operator: Option<String>,
    /// Id of this box within the site; default: edge-01
    #[arg(long, value_name = "ID")]
    pub(super) device: Option<String>,
    /// A camera: its id and its rtsp:// address, or the http:// address of its ONVIF service; once for each camera
    #[arg(long, value_name = "NAME=ADDRESS")]
    pub(super) camera: Vec<String>,
    /// Takes every camera that is found, as kamera-1, kamera-2, …; for networks with nothing but the site's cameras
    #[arg(long)]
    pub(super) all_discovered: bool,
    /// User at the cameras
    #[arg(long, value_name = "USER")]
    pub(super) camera_user: Option<String>,
    /// File with the cameras' password and nothing else; only its owner may read it (mode 0600)
    #[arg(long, value_name = "FILE")]
    pub(super) camera_password_file: Option<PathBuf>,
    /// The MQTT broker; `none` when there is none and events go to standard output
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(super) broker: Option<String>,
    /// PEM file with the authority that signed the broker's certificate; needed for brokers on other machines
    #[arg(long, value_name = "FILE")]
    pub(super) broker_ca: Option<PathBuf>,
    /// User at the broker
    #[arg(long, value_name = "USER")]
    pub(super) broker_user: Option<String>,
    /// File with the broker's password and nothing else; only its owner may read it (mode 0600)
    #[arg(long, value_name = "FILE")]
    pub(super) broker_password_file: Option<PathBuf>,
    /// Does not search for cameras before asking
    #[arg(long)]
    pub(super) no_discovery: bool,
    /// How long cameras may take to answer the search; default: 3
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(super) discovery_seconds: Option<u64>,
    /// Folder for one still of each camera; default: stills, beside the configuration
    #[arg(long, value_name = "FOLDER")]
    pub(super) still: Option<PathBuf>,
    /// Starts simpang.service at the end, now and at every start of the box
    #[arg(long)]
    pub(super) start: bool,
}

/// Answers that nothing can be made of. The program exits with 2 and nothing is written.
#[derive(Debug, thiserror::Error)]
pub enum BadAnswers {
    /// Nobody can be asked.
    #[error("without a terminal, or with --yes, nothing is asked: give {} too, as flags or in --answers FILE.toml", .0.join(", "))]
    Missing(Vec<&'static str>),
    /// It cannot be.
    #[error("{flag} {what}")]
    Wrong {
        /// Which flag.
        flag: &'static str,
        /// What is wrong and what to do.
        what: String,
    },
    /// Nobody said that it may go.
    #[error("{} is there already: --yes replaces it and keeps it beside, with .old behind its name", .0.display())]
    Exists(PathBuf),
    /// The input ended.
    #[error("the input ended before {0} was answered; nothing is written")]
    Ended(&'static str),
}

impl BadAnswers {
    /// A wrong answer.
    pub(super) fn wrong(flag: &'static str, what: impl Into<String>) -> Self {
        Self::Wrong { flag, what: what.into() }
    }
}

impl Answers {
    /// These, and the others' where these say nothing.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            site: self.site.or(other.site),
            site_name: self.site_name.or(other.site_name),
            city: self.city.or(other.city),
            operator: self.operator.or(other.operator),
            device: self.device.or(other.device),
            camera: if self.camera.is_empty() { other.camera } else { self.camera },
            all_discovered: self.all_discovered || other.all_discovered,
            camera_user: self.camera_user.or(other.camera_user),
            camera_password_file: self.camera_password_file.or(other.camera_password_file),
            broker: self.broker.or(other.broker),
            broker_ca: self.broker_ca.or(other.broker_ca),
            broker_user: self.broker_user.or(other.broker_user),
            broker_password_file: self.broker_password_file.or(other.broker_password_file),
            no_discovery: self.no_discovery || other.no_discovery,
            discovery_seconds: self.discovery_seconds.or(other.discovery_seconds),
            still: self.still.or(other.still),
            start: self.start || other.start,
        }
    }

    /// That nobody needs to be asked.
    ///
    /// # Errors
    /// Every answer that is missing, by its flag.
    pub(super) fn check_complete(&self) -> Result<(), BadAnswers> {
        let has_camera = !self.camera.is_empty() || self.all_discovered;
        let needed = [("--site", self.site.is_some()), ("--camera", has_camera), ("--broker", self.broker.is_some())];
        let missing: Vec<_> = needed.into_iter().filter(|(_, is_there)| !is_there).map(|(flag, _)| flag).collect();
        if missing.is_empty() { Ok(()) } else { Err(BadAnswers::Missing(missing)) }
    }
}

/// A user and the file with the password, as flags give them.
pub(super) struct Login<'a> {
    pub(super) user: Option<&'a str>,
    pub(super) file: Option<&'a Path>,
    pub(super) user_flag: &'static str,
    pub(super) file_flag: &'static str,
}

impl Login<'_> {
    /// User and password, where both are given.
    ///
    /// # Errors
    /// A password without a user, or a file that may not hold one.
    pub(super) fn read(&self) -> Result<Option<Credentials>, BadAnswers> {
        let Some(file) = self.file else { return Ok(None) };
        let Some(user) = self.user else {
            return Err(BadAnswers::wrong(self.file_flag, format!("is given without a user: give {} too", self.user_flag)));
        };
        let password = secret_file::read_private(file).map_err(|error| BadAnswers::wrong(self.file_flag, error.to_string()))?;
        Ok(Some(Credentials { user: user.to_owned(), password }))
    }
}

/// The answers in `file`. Paths in it start at its folder.
///
/// # Errors
/// When it cannot be read, or says something that is no answer. What it says is never shown: it may be a password in the wrong place.
pub(super) fn read(file: &Path) -> Result<Answers, BadAnswers> {
    let wrong = |what: String| BadAnswers::wrong("--answers", format!("{}: {what}", file.display()));
    let mut text = String::new();
    let length = File::open(file).and_then(|open| open.take(LONGEST + 1).read_to_string(&mut text));
    let length = length.map_err(|error| wrong(format!("cannot be read ({}): check path and owner", error.kind())))?;
    if length as u64 > LONGEST {
        return Err(wrong(format!("is longer than {LONGEST} bytes: is it the right file?")));
    }
    let mut answers: Answers = toml::from_str(&text).map_err(|error| {
        let line = text[..error.span().map_or(0, |span| span.start.min(text.len()))].matches('\n').count() + 1;
        wrong(format!("line {line}: {}", without_value(error.message())))
    })?;
    let folder = file.parent().unwrap_or(Path::new(""));
    for path in [&mut answers.camera_password_file, &mut answers.broker_ca, &mut answers.broker_password_file, &mut answers.still] {
        *path = path.take().map(|path| folder.join(path));
    }
    if answers.discovery_seconds.is_some_and(|seconds| !(1..=60).contains(&seconds)) {
        return Err(wrong("discovery_seconds must be from 1 to 60".to_owned()));
    }
    Ok(answers)
}

/// `invalid type: string "…", expected u64` without the string.
fn without_value(message: &str) -> String {
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if message.starts_with("invalid") => format!("must be {expected}"),
        _ => message.lines().next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_key_or_value_is_named_without_what_it_says() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        for (text, said) in [
            ("site = \"a\"\ncamera_password = \"canary\"\n", "line 2: unknown field `camera_password`"),
            ("start = \"canary\"\n", "line 1: must be a boolean"),
            ("site = canary\"\n", "line 1: "),
        ] {
            let file = folder.path().join("answers.toml");
            std::fs::write(&file, text).expect("own file");
            let error = read(&file).expect_err("wrong").to_string();
            assert!(error.contains(said) && !error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn flags_win_over_the_file() {
        let flags = Answers { site: Some("a".into()), ..Answers::default() };
        let file = Answers { site: Some("b".into()), city: Some("c".into()), start: true, ..Answers::default() };
        let both = flags.or(file);
        assert_eq!((both.site.as_deref(), both.city.as_deref(), both.start), (Some("a"), Some("c"), true));
    }
}
