//! What is wrong with this box, in words for somebody in front of the cabinet.
//!
//! ```text
//! facts (reads /proc, /sys, folders) ──► box_state, disk ──┐
//! trial (model, cameras, broker)     ──► reach ────────────┼──► Finding
//! certificate files                  ──► certificates ─────┘
//! ```
//! Reading and trying is apart from judging: what is judged is plain values, so a test needs no hot or broken box.

mod box_state;
mod certificates;
mod configuration;
mod disk;
pub mod facts;
mod indonesian;
mod reach;
pub mod trial;

use std::path::Path;

use crate::base::id::Slug;
use crate::base::time::{Clock, WallTime};
use crate::config::settings::Settings;
use crate::outbox::{Cause, certificate};
use certificates::{CertificateFile, Holder};
use facts::{Facts, Needs};

pub use configuration::{refused_cameras, sound, unusable};

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// As it should be.
    Good,
    /// It works, but not well or not for long.
    Warning,
    /// It does not work.
    Broken,
}

/// What a finding is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// The configuration file.
    Configuration,
    /// What program and libraries were built for.
    Processor,
    /// The time.
    Clock,
    /// The disk.
    Disk,
    /// How hot it is.
    Temperature,
    /// Electricity and the processor's speed.
    Power,
    /// Memory.
    Memory,
    /// Who may do what.
    Rights,
    /// The disk of the operating system.
    SystemDisk,
    /// The model and its runtime.
    Model,
    /// Files for the encrypted connection.
    Certificate,
    /// The command center's broker.
    Broker,
    /// One camera.
    Camera(Slug),
}

impl What {
    /// In Indonesian.
    pub fn id(&self) -> String {
        match self {
            Self::Configuration => "konfigurasi".into(),
            Self::Processor => "prosesor".into(),
            Self::Clock => "jam".into(),
            Self::Disk => "disk".into(),
            Self::SystemDisk => "disk sistem".into(),
            Self::Temperature => "suhu".into(),
            Self::Power => "listrik".into(),
            Self::Memory => "memori".into(),
            Self::Rights => "hak akses".into(),
            Self::Model => "model".into(),
            Self::Certificate => "sertifikat".into(),
            Self::Broker => "broker".into(),
            Self::Camera(id) => format!("kamera `{id}`"),
        }
    }

    /// In English.
    pub fn en(&self) -> String {
        match self {
            Self::Configuration => "configuration".into(),
            Self::Processor => "processor".into(),
            Self::Clock => "clock".into(),
            Self::Disk => "disk".into(),
            Self::SystemDisk => "system disk".into(),
            Self::Temperature => "temperature".into(),
            Self::Power => "power".into(),
            Self::Memory => "memory".into(),
            Self::Rights => "permissions".into(),
            Self::Model => "model".into(),
            Self::Certificate => "certificate".into(),
            Self::Broker => "broker".into(),
            Self::Camera(id) => format!("camera `{id}`"),
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub what: What,
    /// The sentence with its remedy, in Indonesian.
    pub id: String,
    /// The same in English.
    pub en: String,
}

impl Finding {
    fn good(what: What, id: impl Into<String>, en: impl Into<String>) -> Self {
        Self { severity: Severity::Good, what, id: id.into(), en: en.into() }
    }

    fn warning(what: What, id: impl Into<String>, en: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, what, id: id.into(), en: en.into() }
    }

    fn broken(what: What, id: impl Into<String>, en: impl Into<String>) -> Self {
        Self { severity: Severity::Broken, what, id: id.into(), en: en.into() }
    }
}

/// The box itself; without a configuration what can be told without one. `root` is `/` except in tests.
pub fn of_box(root: &Path, settings: Option<&Settings>, clock: &dyn Clock) -> Vec<Finding> {
    let needs = settings.map(Needs::of).unwrap_or_default();
    let facts = Facts::read(root, &needs, clock.wall());
    box_state::findings(&facts, &needs)
}

/// The files for the encrypted connection, if there is to be one.
pub fn of_certificates(settings: &Settings, now: WallTime) -> Vec<Finding> {
    let Some(tls) = settings.mqtt.as_ref().and_then(|mqtt| mqtt.tls.as_ref()) else { return Vec::new() };
    if let Err(cause) = certificate::usable(tls) {
        return vec![reach::broker_files(&cause)];
    }
    let authority = CertificateFile::read(Holder::Authority, &tls.ca);
    let own = tls.client.as_ref().map(|client| CertificateFile::read(Holder::Box, &client.certificate));
    [Some(authority), own].into_iter().flatten().filter_map(|file| certificates::finding(&file, now)).collect()
}

/// Model and runtime: the file for this processor, whole, and one picture through it.
pub fn of_model(settings: &Settings) -> Vec<Finding> {
    match trial::processor(&settings.detector) {
        Err(error) => vec![reach::model_error(What::Processor, &error)],
        Ok(processor) => vec![reach::processor(processor), reach::model(&trial::model(&settings.detector))],
    }
}

/// The broker, if there is one and the files for it, which [`of_certificates`] tells of, do not stand in the way.
pub fn of_broker(settings: &Settings) -> Option<Finding> {
    let mqtt = settings.mqtt.as_ref()?;
    match trial::broker(mqtt) {
        Err(Cause::CertificateFile(_)) => None,
        greeted => Some(reach::broker(mqtt, greeted)),
    }
}

/// Each camera, all at the same time: a dead one takes as long as a patient viewer waits.
pub fn of_cameras(settings: &Settings) -> Vec<Finding> {
    let pictures = trial::first_pictures(&settings.cameras);
    settings.cameras.iter().zip(pictures).map(|(camera, picture)| reach::camera(camera, picture)).collect()
}

/// What the log of a start says of the box: only what keeps it from its work and does not stop the start with a sentence of its own. Nothing of the system's own disk: for a
/// service of systemd (`ProtectSystem=strict`) that is always read-only.
pub fn at_start(settings: &Settings, clock: &dyn Clock) -> Vec<Finding> {
    let about_box = of_box(Path::new("/"), Some(settings), clock).into_iter().filter(|finding| match finding.what {
        What::Clock => finding.severity == Severity::Broken,
        What::Disk => finding.severity > Severity::Good,
        _ => false,
    });
    let certificates = of_certificates(settings, clock.wall()).into_iter().filter(|finding| finding.severity > Severity::Good);
    about_box.chain(certificates).collect()
}
