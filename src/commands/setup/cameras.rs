//! Which cameras: those that were named, those that answered, or those that somebody chooses.

use std::net::IpAddr;

use anyhow::Result;

use super::answers::{Answers, BadAnswers, Login};
use super::ask_cameras;
use super::dialogue::{Dialogue, Question};
use super::found::{self, Search};
use super::look::{Seen, Watcher};
use super::plan::{CameraPlan, slug};
use crate::base::id::Slug;
use crate::base::time::SystemClock;
use crate::config::settings::Credentials;
use crate::onvif::{Discovery, ServiceAddress};
use crate::source::address;

/// The cameras that are written, and what went wrong with those that were tried.
#[derive(Default)]
pub(super) struct Chosen {
    pub(super) cameras: Vec<CameraPlan>,
    pub(super) failures: Vec<String>,
}

/// A camera before it was asked anything.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) id: Slug,
    pub(super) address: Address,
    pub(super) login: Option<Credentials>,
}

/// Where a camera is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Address {
    /// Its stream.
    Stream(String),
    /// A service that tells where its stream is.
    Service(ServiceAddress),
}

/// The cameras, each looked at.
///
/// # Errors
/// An answer is wrong, or nothing can be written.
pub(super) fn choose(watcher: &Watcher<'_>, answers: &Answers, search: &Search, dialogue: &mut Dialogue) -> Result<Chosen> {
    let login = given_login(answers, dialogue)?;
    let mut wanted = Vec::new();
    for text in &answers.camera {
        let one = named(text, login.as_ref(), &wanted)?;
        wanted.push(one);
    }
    if answers.all_discovered {
        let found = found::search(search, &SystemClock::new())?;
        print!("{}", found::listing(&found));
        let everyone = everyone(&found, login.as_ref(), &wanted);
        wanted.extend(everyone);
    }
    let mut chosen = Chosen::default();
    for one in &wanted {
        chosen.take(one, watcher.look(one)?);
    }
    if !dialogue.is_silent() && wanted.is_empty() {
        let search = (!answers.no_discovery).then_some(search);
        ask_cameras::ask(watcher, search, login, dialogue, &mut chosen)?;
    }
    Ok(chosen)
}

impl Chosen {
    /// Takes what can be written; what cannot be seen now may be seen once.
    pub(super) fn take(&mut self, wanted: &Wanted, seen: Seen) {
        match seen {
            Seen::Shown(plan) => self.cameras.push(plan),
            Seen::Dark(plan, why) => {
                println!("{why}");
                self.cameras.push(plan);
                self.failures.push(format!("camera `{}`: {why}", wanted.id));
            }
            Seen::Unknown(why) => {
                println!("{why}");
                self.failures.push(format!("camera `{}` is left out: {why}", wanted.id));
            }
        }
    }
}

/// User and password of the flags. A user alone is asked for the password.
fn given_login(answers: &Answers, dialogue: &mut Dialogue) -> Result<Option<Credentials>> {
    let flags = Login {
        user: answers.camera_user.as_deref(),
        file: answers.camera_password_file.as_deref(),
        user_flag: "--camera-user",
        file_flag: "--camera-password-file",
    };
    match (flags.read()?, flags.user) {
        (Some(login), _) => Ok(Some(login)),
        (None, None) => Ok(None),
        (None, Some(_)) if dialogue.is_silent() => {
            Err(BadAnswers::wrong("--camera-user", "is given without a password: give --camera-password-file too").into())
        }
        (None, Some(user)) => {
            let password = dialogue.password(&Question::new("--camera-password-file", "Sandi di kamera", "password at the cameras"))?;
            Ok(Some(Credentials { user: user.to_owned(), password }))
        }
    }
}

/// A camera of a flag, `utara=rtsp://192.168.10.21/stream2`.
fn named(text: &str, login: Option<&Credentials>, earlier: &[Wanted]) -> Result<Wanted, BadAnswers> {
    let wrong = |what: String| BadAnswers::wrong("--camera", what);
    let Some((id, address)) = text.split_once('=').filter(|(id, _)| !id.contains("://")) else {
        return Err(wrong("is not a camera: write NAME=ADDRESS, such as utara=rtsp://192.168.10.21:554/stream2".to_owned()));
    };
    let id = slug(id).map_err(wrong)?;
    if earlier.iter().any(|other| other.id == id) {
        return Err(wrong(format!("names `{id}` twice: give each camera its own name")));
    }
    match read_address(address).map_err(|what| wrong(format!("{id}: {what}")))? {
        (_, Some(_)) => Err(wrong(format!(
            "{id} has a user or password in its address, which everybody on this machine can read: give --camera-user and --camera-password-file"
        ))),
        (address, None) => Ok(Wanted { id, address, login: login.cloned() }),
    }
}

/// Every camera that answered, numbered on.
fn everyone(found: &Discovery, login: Option<&Credentials>, earlier: &[Wanted]) -> Vec<Wanted> {
    let id = |number: usize| Slug::new(&format!("kamera-{number}")).expect("short and plain");
    let mut free = (1..).map(id).filter(|id| !earlier.iter().any(|other| other.id == *id));
    let service = |device: &crate::onvif::Found| Address::Service(device.service.clone());
    let devices = found.devices().into_iter();
    devices.filter_map(|device| Some(Wanted { id: free.next()?, address: service(device), login: login.cloned() })).collect()
}

/// The address of a stream, of an ONVIF service, or of a host that has one; with the login that people paste into addresses. Never repeated: see there.
pub(super) fn read_address(text: &str) -> Result<(Address, Option<Credentials>), String> {
    const USUAL: &str = "write rtsp://HOST:554/PATH, http://HOST/onvif/device_service, or HOST alone";
    if text.starts_with("rtsp://") {
        let (url, login) = address::split(text).map_err(|error| error.to_string())?;
        // As it was typed, where nothing was taken out: `{password}` must stay what it is.
        let stream = if login.is_some() { url.reveal().to_string() } else { text.to_owned() };
        return Ok((Address::Stream(stream), login));
    }
    let is_host = |text: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
        text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(fits)
    };
    let service = match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => ServiceAddress::new(&format!("http://[{address}]/onvif/device_service")),
        _ if is_host(text) => ServiceAddress::new(&format!("http://{text}/onvif/device_service")),
        _ => ServiceAddress::new(text),
    };
    service.map(|service| (Address::Service(service), None)).ok_or_else(|| format!("this is no address of a camera: {USUAL}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_stream_a_service_or_a_host() {
        let read = |text| read_address(text).map(|(address, login)| (address, login.map(|login| login.user)));
        let stream = |text: &str| Ok((Address::Stream(text.to_owned()), None));
        assert_eq!(read("rtsp://10.0.0.7/user={user}&password={password}"), stream("rtsp://10.0.0.7/user={user}&password={password}"));
        assert_eq!(read("rtsp://a:b@10.0.0.7/x"), Ok((Address::Stream("rtsp://10.0.0.7/x".into()), Some("a".into()))));
        for (text, service) in [
            ("10.0.0.7", "http://10.0.0.7/onvif/device_service"),
            ("10.0.0.7:8000", "http://10.0.0.7:8000/onvif/device_service"),
            ("fe80::1", "http://[fe80::1]/onvif/device_service"),
            ("http://10.0.0.7:8899/onvif", "http://10.0.0.7:8899/onvif"),
        ] {
            assert_eq!(read(text), Ok((Address::Service(ServiceAddress::new(service).expect("legal")), None)));
        }
        for bad in ["", "https://10.0.0.7/", "file:///etc/passwd", "canary canary", "http://a:canary@10.0.0.7/"] {
            let said = read(bad).expect_err(bad);
            assert!(!said.contains("canary"), "{said}");
        }
    }

    #[test]
    fn a_camera_with_a_password_in_its_address_is_refused_without_showing_it() {
        for bad in ["utara=rtsp://a:canary@10.0.0.7/x", "rtsp://a:canary@10.0.0.7/?x=1", "canary!=rtsp://10.0.0.7/"] {
            let said = named(bad, None, &[]).expect_err(bad).to_string();
            assert!(!said.contains("canary@"), "{said}");
        }
    }
}
