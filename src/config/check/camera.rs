//! One camera: where its pictures come from and how they are searched.

use std::collections::BTreeMap;

use url::Url;

use super::secret::Login;
use super::{Checker, below};
use crate::base::camera_url::{CameraUrl, without_secrets};
use crate::base::class::Class;
use crate::base::geom::{Line, Norm};
use crate::base::hardware::HardwareDecoder;
use crate::base::id::Slug;
use crate::config::document::list;
use crate::config::file::DurationText;
use crate::config::file::camera::{CameraFile, DetectFile, HardwareDecoderFile, TrackFile, Transport};
use crate::config::nearest::did_you_mean;
use crate::config::settings::{
    CameraDetectSettings, CameraSettings, Credentials, RtspSettings, RtspTransport, SourceSettings, TrackScores, TrackSettings, Zone,
};

impl Checker<'_> {
    /// The camera, or `None` when anything about it is wrong: half a camera watches the wrong thing.
    pub(super) fn camera(&mut self, id: &str, file: &CameraFile) -> Option<CameraSettings> {
        let path = below("cameras", id);
        let before = self.problems.len();
        let unreadable = self.problems.iter().any(|problem| super::camera_of(&problem.path) == Some(id));
        let slug = self.slug(&path, id);
        let source = self.source(&path, file);
        let detect = self.camera_detect(&below(&path, "detect"), &file.detect);
        let lines = self.lines(&below(&path, "lines"), &file.lines);
        let zones = self.zones(&below(&path, "zones"), &file.zones, &lines);
        self.names_apart(&path, &lines, &zones);
        let calibration = file.calibration.as_ref().and_then(|file| self.calibration(&below(&path, "calibration"), file));
        if let Some(calibration) = &calibration {
            self.below_horizon(&path, &calibration.ground, (&lines, &zones));
        }
        self.gates(&path, file);
        let rules = self.rules(&path, file, &detect.classes);
        let made = CameraSettings {
            name: self.display_name(&below(&path, "name"), file.name.as_deref(), id),
            analyse_fps: self.number(&below(&path, "analyse_fps"), file.analyse_fps, 0.5..=60.0),
            bearing_deg: file.bearing_deg.map(|bearing| self.number(&below(&path, "bearing_deg"), bearing, 0.0..=360.0)),
            track: self.track(&below(&path, "track"), &file.track),
            track_scores: self.track_scores(&below(&path, "track"), &file.track),
            view: self.view(&below(&path, "view"), file),
            calibration,
            id: slug?,
            source: source?,
            detect,
            lines,
            zones,
            rules,
        };
        (self.problems.len() == before && !unreadable).then_some(made)
    }

    fn source(&mut self, path: &str, file: &CameraFile) -> Option<SourceSettings> {
        let login = Login {
            user: file.user.as_deref(),
            password_file: file.password_file.as_deref(),
            password_credential: file.password_credential.as_deref(),
        };
        let credentials = self.credentials(path, &login);
        match (&file.url, &file.film, &file.simulated) {
            (Some(url), None, None) => self.rtsp(path, url, file, credentials).map(SourceSettings::Rtsp),
            (None, Some(film), None) => {
                let path = self.existing(&below(path, "film"), film);
                Some(SourceSettings::File { path, repeat: file.repeat })
            }
            (None, None, Some(simulated)) => Some(SourceSettings::Simulated { seed: simulated.seed }),
            (None, None, None) => {
                let reported = ["film", "simulated"].iter().any(|key| self.document.was_removed(&below(path, key)));
                if !reported {
                    self.missing(
                        &below(path, "url"),
                        "write where the pictures come from, `url = \"rtsp://…\"`, `film = \"…\"` or `simulated = {}`",
                    );
                }
                None
            }
            _ => {
                self.say(path, "has more than one of `url`, `film` and `simulated`: keep the one its pictures come from");
                None
            }
        }
    }

    fn rtsp(&mut self, path: &str, url: &str, file: &CameraFile, credentials: Option<Credentials>) -> Option<RtspSettings> {
        let url = self.camera_url(&below(path, "url"), url).and_then(|()| self.filled(path, url, file, credentials.as_ref()));
        let transport = match file.transport {
            Transport::Tcp => RtspTransport::Tcp,
            Transport::Udp => RtspTransport::Udp,
        };
        let timeout = self.duration(&below(path, "timeout"), file.timeout, DurationText::from_secs(1)..=DurationText::from_secs(60));
        Some(RtspSettings { url: url?, credentials, transport, timeout, hardware: hardware_decoders(&file.hardware_decoders) })
    }

    /// That it is an address, without ever showing it: people paste passwords into it.
    fn camera_url(&mut self, path: &str, text: &str) -> Option<()> {
        let what = match Url::parse(text) {
            Ok(url) if url.scheme() != "rtsp" => format!("begins with `{}://`: only `rtsp://` cameras can be read", url.scheme()),
            Ok(url) if url.password().is_some() => {
                "has a password in it: take user and password out, write `user`, and the password to a file of mode 0600 named by `password_file`".to_owned()
            }
            Ok(url) if !url.username().is_empty() => "has a user in it: take it out and write it as `user`, with `password_file`".to_owned(),
            Ok(_) if has_password_parameter(text) => {
                "has a password among its parameters: write `{password}` in its place (and `{user}` for the user), and give `user` and `password_file`".to_owned()
            }
            Ok(url) if url.host_str().is_none_or(str::is_empty) => "has no host: write it like \"rtsp://192.168.10.21:554/stream2\"".to_owned(),
            Ok(url) if url.port() == Some(0) => "has port 0, on which nothing listens: 554 is usual".to_owned(),
            Ok(_) => return Some(()),
            Err(_) => "is not an address: write it like \"rtsp://192.168.10.21:554/stream2\"".to_owned(),
        };
        self.say(path, what);
        None
    }

    /// The address with user and password where it says `{user}` and `{password}`.
    fn filled(&mut self, path: &str, text: &str, file: &CameraFile, known: Option<&Credentials>) -> Option<CameraUrl> {
        let asks = text.contains(USER) || text.contains(PASSWORD);
        if asks && file.user.is_none() && file.password_file.is_none() && file.password_credential.is_none() {
            self.missing(&below(path, "user"), "the address asks for a login: write `user`, and `password_file` or `password_credential`");
        }
        let (user, password) = known.map_or(("", ""), |known| (known.user.as_str(), known.password.reveal()));
        // What was filled in has no braces any more, so a password that reads `{user}` stays what it is.
        let filled = text.replace(PASSWORD, &percent_encoded(password)).replace(USER, &percent_encoded(user));
        filled.parse().ok()
    }

    fn camera_detect(&mut self, path: &str, file: &DetectFile) -> CameraDetectSettings {
        CameraDetectSettings {
            crops: self.number(&below(path, "crops"), file.crops, 0..=16),
            min_score: file.min_score.map(|score| self.number(&below(path, "min_score"), score, 0.01..=0.99)),
            classes: self.classes(&below(path, "classes"), &file.classes),
        }
    }

    /// Known classes, each once, in their usual order.
    pub(super) fn classes(&mut self, path: &str, names: &[String]) -> Vec<Class> {
        let known = Class::ALL.map(Class::name);
        let mut classes = Vec::new();
        for (index, name) in names.iter().enumerate() {
            match Class::from_name(name) {
                Some(class) => classes.push(class),
                None => {
                    let meant = did_you_mean(name, known);
                    self.say(&format!("{path}[{index}]"), format!("is not one of {}{meant}", list(&known)));
                }
            }
        }
        if names.is_empty() {
            self.say(path, "is empty, so nothing would ever be seen: name at least one class, or leave the key out for all");
        }
        classes.sort();
        classes.dedup();
        classes
    }

    fn track(&mut self, path: &str, file: &TrackFile) -> TrackSettings {
        let millisecond = DurationText::from_millis(1);
        let lost_after = self.duration(&below(path, "lost_after"), file.lost_after, millisecond..=DurationText::from_secs(60));
        if file.lost_after_standing < file.lost_after {
            self.say(
                &below(path, "lost_after_standing"),
                format!(
                    "is {}, shorter than `lost_after` ({}): what stands is waited for longer",
                    file.lost_after_standing, file.lost_after
                ),
            );
        }
        TrackSettings {
            confirm_within: self.duration(&below(path, "confirm_within"), file.confirm_within, millisecond..=DurationText::from_secs(10)),
            lost_after,
            lost_after_standing: self.duration(
                &below(path, "lost_after_standing"),
                file.lost_after_standing,
                millisecond..=DurationText::from_secs(3600),
            ),
            ..TrackSettings::default()
        }
    }

    fn track_scores(&mut self, path: &str, file: &TrackFile) -> TrackScores {
        let mut number = |key, value: Option<f32>| value.map(|value| self.number(&below(path, key), value, 0.05..=0.99));
        TrackScores { high: number("high_score", file.high_score), new: number("new_score", file.new_score) }
    }

    /// Flow topics are made from the ids of lines and zones alike.
    fn names_apart(&mut self, path: &str, lines: &BTreeMap<Slug, Line<Norm>>, zones: &BTreeMap<Slug, Zone>) {
        for id in zones.keys().filter(|id| lines.contains_key(*id)) {
            let path = below(&below(path, "zones"), id.as_str());
            self.say(&path, "has the name of a line: rename one of them, both are levels of the same topic");
        }
    }
}

/// Where a camera takes its login in the path or the query, these words stand for it: `/user={user}&password={password}`.
const USER: &str = "{user}";
const PASSWORD: &str = "{password}";

/// Some cameras take the password in the path or the query, `/user=admin&password=x`. In the file it may only be `{password}`.
fn has_password_parameter(text: &str) -> bool {
    let without_words = text.replace(PASSWORD, "");
    without_secrets(&without_words) != without_words
}

/// RFC 3986, section 2.1: everything that is not unreserved.
fn percent_encoded(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// A program that cannot use them says so when it decodes: a camera is not left out for that.
fn hardware_decoders(file: &[HardwareDecoderFile]) -> Vec<HardwareDecoder> {
    let mut hardware = Vec::new();
    for one in file {
        let one = match one {
            HardwareDecoderFile::V4l2m2m => HardwareDecoder::V4l2M2m,
            HardwareDecoderFile::Rkmpp => HardwareDecoder::Rkmpp,
        };
        if !hardware.contains(&one) {
            hardware.push(one);
        }
    }
    hardware
}
