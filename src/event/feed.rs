//! Events as people read them: one line an event, none twice.

use std::collections::{BTreeSet, VecDeque};
use std::io::IsTerminal;

use super::cloud_event::CloudEvent;
use super::reader::{self, Received};
use super::types::{Phase, Severity};

/// Language of the sentences.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Lang {
    /// Bahasa Indonesia.
    Id,
    /// English.
    En,
}

/// Whether lines carry colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// For files and pipes.
    Plain,
    /// For terminals.
    Coloured,
}

impl Look {
    /// What suits this process's standard output (<https://no-color.org>).
    pub fn of_stdout() -> Self {
        if std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() { Self::Coloured } else { Self::Plain }
    }
}

/// Turns messages into lines; knows what was printed already.
#[derive(Debug)]
pub struct Feed {
    lang: Lang,
    utc_offset: i8,
    look: Look,
    seen: BTreeSet<(String, String)>,
    order: VecDeque<(String, String)>,
}

/// Enough to recognise everything that comes again after a reconnect, small enough to forget.
const REMEMBERED: usize = 10_000;

impl Feed {
    /// Nothing printed yet.
    pub fn new(lang: Lang, utc_offset: i8, look: Look) -> Self {
        Self { lang, utc_offset, look, seen: BTreeSet::new(), order: VecDeque::new() }
    }

    /// The event in a message, when it is one and was not there before (by `source` and `id`, as CloudEvents says).
    pub fn news(&mut self, topic: &str, payload: &[u8]) -> Option<CloudEvent> {
        match reader::read(topic, payload) {
            Ok(Some(Received::Event(event))) => self.is_new(&event).then_some(*event),
            Ok(Some(Received::Removed(_)) | None) => None,
            Err(error) => {
                tracing::warn!("{}: {error}", printable(topic));
                None
            }
        }
    }

    fn is_new(&mut self, event: &CloudEvent) -> bool {
        let key = (event.source.clone(), event.id.clone());
        if !self.seen.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }

    /// `17:07:40 WIB  [SEDANG]  Antrean padat di …`
    pub fn line(&self, event: &CloudEvent, is_retained: bool) -> String {
        let data = &event.data;
        let sentence = match self.lang {
            Lang::Id => &data.text.id,
            Lang::En => &data.text.en,
        };
        let still = match (is_retained, self.lang) {
            (false, _) => "",
            (true, Lang::Id) => " (masih berlangsung)",
            (true, Lang::En) => " (still going on)",
        };
        let clock = data.update_time.0.local_clock(self.utc_offset);
        format!("{clock} {}  {}  {}{still}", zone_name(self.utc_offset), self.mark(data.phase, data.severity), printable(sentence))
    }

    /// Ten columns wide, so that sentences stand under each other.
    fn mark(&self, phase: Phase, severity: Severity) -> String {
        let (id, en, colour) = match (phase, severity) {
            (Phase::End, _) => ("selesai", "ended", "32"),
            (_, Severity::Informational) => ("info", "info", "2"),
            (_, Severity::Low) => ("rendah", "low", "36"),
            (_, Severity::Medium) => ("sedang", "medium", "33"),
            (_, Severity::High) => ("TINGGI", "HIGH", "31"),
            (_, Severity::Critical) => ("GENTING", "CRITICAL", "1;97;41"),
        };
        let word = match self.lang {
            Lang::Id => id,
            Lang::En => en,
        };
        let mark = format!("{:<10}", format!("[{word}]"));
        match self.look {
            Look::Plain => mark,
            Look::Coloured => format!("\x1b[{colour}m{mark}\x1b[0m"),
        }
    }
}

/// The clock people go by.
fn zone_name(utc_offset: i8) -> String {
    match utc_offset {
        7 => "WIB".to_owned(),
        8 => "WITA".to_owned(),
        9 => "WIT".to_owned(),
        0 => "UTC".to_owned(),
        other => format!("UTC{other:+}"),
    }
}

/// Text from the network must not steer the terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
