//! How to reach the broker.

use std::net::IpAddr;
use std::path::PathBuf;

use super::Checker;
use super::secret::Login;
use crate::config::file::{DurationText, MqttFile, TlsFile, Version};
use crate::config::settings::{ClientCertificate, MqttSettings, MqttVersion, Site, TlsSettings};

/// Levels that `root` may have: site, device and the message's own follow, and access lists stay readable.
const MOST_ROOT_LEVELS: usize = 4;

impl Checker<'_> {
    pub(super) fn mqtt(&mut self, file: &MqttFile, site: Option<&Site>) -> MqttSettings {
        let host = self.host(file.host.as_deref(), file.tls.is_some());
        let login = Login {
            user: file.user.as_deref(),
            password_file: file.password_file.as_deref(),
            password_credential: file.password_credential.as_deref(),
        };
        let credentials = self.credentials("mqtt", &login);
        let port = file.port.unwrap_or(if file.tls.is_some() { 8883 } else { 1883 });
        if let Some(root) = &file.root {
            self.topic_root(root);
        }
        if let Some(client_id) = &file.client_id {
            self.client_id(client_id);
        }
        // Without a site nothing runs, so what is made of it then is never used.
        let usual_root = || site.map(|site| format!("its/v1/{}", site.city)).unwrap_or_default();
        let usual_client_id = || site.map(|site| format!("{}-{}", site.id, site.device)).unwrap_or_default();
        let tls = file.tls.as_ref().map(|tls| self.tls(tls));
        MqttSettings {
            port: self.number("mqtt.port", port, 1..=u16::MAX),
            version: match file.version {
                Version::V5 => MqttVersion::V5,
                Version::V3 => MqttVersion::V3,
            },
            tls,
            credentials,
            root: file.root.clone().unwrap_or_else(usual_root),
            client_id: file.client_id.clone().unwrap_or_else(usual_client_id),
            keep_alive: self.duration("mqtt.keep_alive", file.keep_alive, DurationText::from_secs(5)..=DurationText::from_secs(3600)),
            host: host.unwrap_or_default(),
        }
    }

    /// The broker's host; one on another machine only when the way there `is_encrypted`.
    fn host(&mut self, host: Option<&str>, is_encrypted: bool) -> Option<String> {
        let Some(host) = host else {
            self.missing("mqtt.host", "write the name or address of the broker, such as \"localhost\"");
            return None;
        };
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        let is_name = host.chars().all(legal) && (!host.contains(':') || host.parse::<IpAddr>().is_ok());
        if host.is_empty() || !is_name {
            // Not shown: people write `mqtt://user:password@host` here.
            self.say("mqtt.host", "is not a host: write its name or address alone; port, user and encryption have their own keys");
            return None;
        }
        if !is_encrypted && !is_this_machine(host) {
            self.say(
                "mqtt.host",
                format!("is `{host}`, another machine, without encryption: add `[mqtt.tls]` with `ca`, or use a broker on this machine (localhost)"),
            );
        }
        Some(host.to_owned())
    }

    fn topic_root(&mut self, root: &str) {
        let levels: Vec<&str> = root.split('/').collect();
        let bad = |level: &&str| !level.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        let what = if let Some(wildcard) = root.chars().find(|c| matches!(c, '+' | '#')) {
            format!("has a `{wildcard}`, which only subscribers may use: write plain levels, such as \"its/v1/palembang\"")
        } else if root.starts_with('$') {
            "begins with `$`, which belongs to the broker: write plain levels, such as \"its/v1/palembang\"".to_owned()
        } else if levels.iter().any(|level| level.is_empty()) {
            "has an empty level: write one `/` between levels, and none at the ends".to_owned()
        } else if levels.len() > MOST_ROOT_LEVELS {
            format!("has {} levels, at most {MOST_ROOT_LEVELS} are allowed: site, device and message follow", levels.len())
        } else if let Some(level) = levels.into_iter().find(bad) {
            format!("has the level `{}`: only letters, digits, `-`, `_` and `.` are safe in a topic", level.escape_default())
        } else if root.len() > 128 {
            "is longer than 128 characters: every message carries it".to_owned()
        } else {
            return;
        };
        self.say("mqtt.root", what);
    }

    fn client_id(&mut self, text: &str) {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if text.is_empty() || text.len() > 64 || !text.chars().all(legal) {
            self.say("mqtt.client_id", "is not a client id: 1 to 64 letters, digits, `-`, `_` and `.` make one");
        }
    }

    fn tls(&mut self, file: &TlsFile) -> TlsSettings {
        let ca = match &file.ca {
            Some(text) => self.existing("mqtt.tls.ca", text),
            None => {
                self.missing("mqtt.tls.ca", "name the PEM file with the authority that signed the broker's certificate");
                PathBuf::new()
            }
        };
        TlsSettings { ca, client: self.client_certificate(file) }
    }

    fn client_certificate(&mut self, file: &TlsFile) -> Option<ClientCertificate> {
        match (&file.certificate, &file.key) {
            (Some(certificate), Some(key)) => {
                let certificate = self.existing("mqtt.tls.certificate", certificate);
                Some(ClientCertificate { certificate, key: self.private_file("mqtt.tls.key", key)? })
            }
            (Some(_), None) => {
                self.missing("mqtt.tls.key", "a certificate is of use only with its private key");
                None
            }
            (None, Some(_)) => {
                self.missing("mqtt.tls.certificate", "a private key is of use only with its certificate");
                None
            }
            (None, None) => None,
        }
    }
}

/// Whether a broker of this name needs no encryption on the way to it.
pub fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
