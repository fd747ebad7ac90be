//! What is to be written: the site, the broker, the cameras.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::answers::{Answers, BadAnswers, Login};
use super::dialogue::{Dialogue, Question};
use super::stage::Stage;
use crate::base::id::Slug;
use crate::config::check::is_this_machine;
use crate::config::settings::Credentials;

/// All of it.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) site: SitePlan,
    pub(super) broker: Option<BrokerPlan>,
    pub(super) cameras: Vec<CameraPlan>,
}

/// Who the box is.
#[derive(Clone, Debug)]
pub(super) struct SitePlan {
    pub(super) id: Slug,
    pub(super) name: String,
    pub(super) city: Slug,
    pub(super) operator: Slug,
    pub(super) device: Slug,
}

/// Where events go.
#[derive(Clone, Debug)]
pub(super) struct BrokerPlan {
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) ca: Option<PathBuf>,
    pub(super) login: Option<LoginPlan>,
}

/// One camera.
#[derive(Clone, Debug)]
pub(super) struct CameraPlan {
    pub(super) id: Slug,
    pub(super) url: String,
    pub(super) login: Option<LoginPlan>,
}

/// A user, and the file with the password, relative to the configuration.
#[derive(Clone, Debug)]
pub(super) struct LoginPlan {
    pub(super) user: String,
    pub(super) password_file: String,
}

impl LoginPlan {
    /// Puts the password where the configuration will find it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn keep(stage: &Stage, name: &str, login: &Credentials) -> Result<Self> {
        Ok(Self { user: login.user.clone(), password_file: stage.secret(name, &login.password)? })
    }
}

/// Who the box is, as given or answered.
///
/// # Errors
/// An answer is wrong or missing.
pub(super) fn site(answers: &Answers, dialogue: &mut Dialogue) -> Result<SitePlan> {
    let question = Question::new("--site", "Id persimpangan, misalnya simpang-charitas", "id of the site");
    let id = dialogue.ask(answers.site.as_deref(), &question, None, slug)?;
    let question = Question::new("--site-name", "Nama persimpangan", "its name");
    let name = dialogue.ask(answers.site_name.as_deref(), &question, Some(&titled(&id)), name)?;
    let question = Question::new("--city", "Kota", "city");
    let city = dialogue.ask(answers.city.as_deref(), &question, Some("palembang"), slug)?;
    let question = Question::new("--operator", "Pengelola", "operator");
    let operator = dialogue.ask(answers.operator.as_deref(), &question, Some("atcs"), slug)?;
    let question = Question::new("--device", "Id kotak ini di persimpangan itu", "id of this box within the site");
    let device = dialogue.ask(answers.device.as_deref(), &question, Some("edge-01"), slug)?;
    Ok(SitePlan { id, name, city, operator, device })
}

/// Where events go, as given or answered; `None` when they go nowhere.
///
/// # Errors
/// An answer is wrong or missing.
pub(super) fn broker(answers: &Answers, dialogue: &mut Dialogue, stage: &Stage) -> Result<Option<BrokerPlan>> {
    let question = Question::new("--broker", "Broker MQTT, HOST atau HOST:PORT (none: tanpa broker)", "MQTT broker (none: no broker)");
    let usual = if dialogue.is_silent() { None } else { Some("localhost") };
    let Some((host, port)) = dialogue.ask(answers.broker.as_deref(), &question, usual, host_and_port)? else { return Ok(None) };
    let ca = authority(answers, dialogue, stage, &host)?;
    let flags = Login {
        user: answers.broker_user.as_deref(),
        file: answers.broker_password_file.as_deref(),
        user_flag: "--broker-user",
        file_flag: "--broker-password-file",
    };
    let login = match flags.read()? {
        Some(login) => Some(login),
        None => broker_login(flags.user, dialogue)?,
    };
    // No camera's id has a dot.
    let login = login.map(|login| LoginPlan::keep(stage, "mqtt.broker", &login)).transpose()?;
    Ok(Some(BrokerPlan { host, port, ca, login }))
}

/// A copy of it: the service may look neither into homes nor into `/tmp`, and a stick is pulled out.
fn authority(answers: &Answers, dialogue: &mut Dialogue, stage: &Stage, host: &str) -> Result<Option<PathBuf>> {
    if answers.broker_ca.is_none() && is_this_machine(host) {
        return Ok(None);
    }
    let question = Question::new(
        "--broker-ca",
        "Berkas CA broker (PEM), karena broker di mesin lain",
        "CA file of the broker, which is on another machine",
    );
    let given = answers.broker_ca.as_ref().map(|path| path.display().to_string());
    let ca = dialogue.ask(given.as_deref(), &question, None, |text| {
        let file = std::path::absolute(Path::new(text)).unwrap_or_else(|_| text.into());
        if file.is_file() { Ok(file) } else { Err(format!("names `{text}`, which is no file: check the path")) }
    })?;
    Ok(Some(stage.authority(&ca)?))
}

fn broker_login(user: Option<&str>, dialogue: &mut Dialogue) -> Result<Option<Credentials>> {
    if dialogue.is_silent() {
        return match user {
            Some(_) => Err(BadAnswers::wrong("--broker-user", "is given without a password: give --broker-password-file too").into()),
            None => Ok(None),
        };
    }
    let question = Question::new("--broker-user", "Pengguna di broker (kosong: tanpa)", "user at the broker (empty: none)");
    let user = dialogue.ask(user, &question, Some(""), |text| Ok(text.to_owned()))?;
    if user.is_empty() {
        return Ok(None);
    }
    let password = dialogue.password(&Question::new("--broker-password-file", "Sandi di broker", "password at the broker"))?;
    Ok(Some(Credentials { user, password }))
}

/// An id.
pub(super) fn slug(text: &str) -> Result<Slug, String> {
    Slug::new(text).ok_or_else(|| {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        format!("is `{shown}`, which is not an id: write 1 to 32 of a-z, 0-9 and -, such as simpang-charitas")
    })
}

fn name(text: &str) -> Result<String, String> {
    let fits = !text.trim().is_empty() && text.chars().count() <= 80 && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err("is not a name that can be shown: write 1 to 80 characters on one line".to_owned()) }
}

/// `Simpang Charitas` of `simpang-charitas`.
pub(super) fn titled(id: &Slug) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    let words: Vec<String> = id.as_str().split('-').filter(|part| !part.is_empty()).map(word).collect();
    if words.is_empty() { id.to_string() } else { words.join(" ") }
}

/// `broker:8883`, `[::1]:1883`, `localhost`; `None` of `none`. What a host may be is checked with the configuration.
fn host_and_port(text: &str) -> Result<Option<(String, Option<u16>)>, String> {
    // Not repeated: people write `mqtt://user:password@host` here.
    let wrong = || "is not a broker: write HOST or HOST:PORT alone, such as localhost:1883, or none".to_owned();
    if text == "none" {
        return Ok(None);
    }
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or_else(wrong)?)),
        None if text.matches(':').count() == 1 => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        None => (text, None),
    };
    let port = port.map(|port| port.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(wrong)).transpose()?;
    let is_host = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
    if is_host { Ok(Some((host.to_owned(), port))) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_a_host_and_perhaps_a_port() {
        let read = |text| host_and_port(text).ok();
        assert_eq!(read("broker.palembang.go.id:8883"), Some(Some(("broker.palembang.go.id".into(), Some(8883)))));
        assert_eq!(read("[::1]:1883"), Some(Some(("::1".into(), Some(1883)))));
        assert_eq!(read("::1"), Some(Some(("::1".into(), None))));
        assert_eq!(read("none"), Some(None));
        for bad in ["", "mqtt://a:b@c", "pusat:", "pusat:0", "pusat:70000", "[::1", "[::1]1883", "host name"] {
            let said = host_and_port(bad).expect_err(bad);
            assert!(bad.is_empty() || !said.contains(bad), "{said}");
        }
    }

    #[test]
    fn a_name_is_made_of_an_id() {
        let of = |text| titled(&Slug::new(text).expect("legal"));
        assert_eq!((of("simpang-charitas").as_str(), of("-").as_str(), of("bkb").as_str()), ("Simpang Charitas", "-", "Bkb"));
    }
}
