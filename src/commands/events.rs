//! `simpang events`: what happens in the city, one sentence an event, as it comes.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::Context;

use crate::base::time::{Clock, SystemClock};
use crate::event::reader::{self, Received};
use crate::event::{CloudEvent, Phase, Severity};
use crate::outbox::subscriber::{BrokerAddress, Heard, Loss, Subscriber, Subscription};

/// Prints events as people read them.
///
/// Begins with what is going on now (kept by the broker), then prints what comes. Reconnects by itself; ends with Ctrl-C.
#[derive(clap::Args, Debug)]
pub struct EventsArgs {
    /// Broker to listen to: mqtt://host:1883, or mqtts://user@host:8883 with TLS.
    #[arg(long, value_name = "URL")]
    pub broker: BrokerAddress,
    /// First levels of the topics, as in the agents' configuration; `+` stands for any one level.
    #[arg(long, default_value = "its/v1/palembang", value_parser = topic_root)]
    pub root: String,
    /// Language of the sentences.
    #[arg(long, value_enum, default_value = "id")]
    pub lang: Lang,
    /// Print each event as one line of JSON instead, exactly as received.
    #[arg(long)]
    pub json: bool,
    /// PEM file with the authority that signed the broker's certificate; needed for mqtts://.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// File that holds the password and nothing else. Without it the variable SIMPANG_MQTT_PASSWORD is used.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Hours from UTC of the clock on the wall; 7 is WIB.
    #[arg(long, default_value_t = 7, allow_negative_numbers = true, value_parser = clap::value_parser!(i8).range(-12..=14))]
    pub utc_offset: i8,
}

/// Language of the sentences.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Lang {
    /// Bahasa Indonesia.
    Id,
    /// English.
    En,
}

/// Runs the command until Ctrl-C.
pub async fn run(args: &EventsArgs) -> anyhow::Result<()> {
    let stop = async {
        // Without a handler for Ctrl-C the process ends by the signal: nothing is lost by that.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    follow(args, Look::of_stdout(), &mut std::io::stdout(), stop).await
}

/// Prints what is heard to `out` until `stop` or until `out` is closed.
pub async fn follow(args: &EventsArgs, look: Look, out: &mut impl Write, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let mut subscriber = Subscriber::new(subscription(args)?)?;
    let mut feed = Feed::new(args.lang, args.utc_offset, look);
    tokio::pin!(stop);
    loop {
        let heard = tokio::select! {
            () = &mut stop => return Ok(()),
            heard = subscriber.next() => heard?,
        };
        match heard {
            Heard::Connected => eprintln!("{}", feed.connected(&args.broker)),
            Heard::Lost { cause, retry_in } => eprintln!("{}", feed.lost(&args.broker, cause, retry_in.as_secs_f64())),
            Heard::Message { topic, payload, is_retained } => {
                let Some(event) = feed.news(&topic, &payload) else { continue };
                let line = if args.json { String::from_utf8_lossy(&payload).into_owned() } else { feed.line(&event, is_retained) };
                if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
                    // Whoever read us has gone (`simpang events | head`): that is a normal end.
                    return Ok(());
                }
            }
        }
    }
}

fn subscription(args: &EventsArgs) -> anyhow::Result<Subscription> {
    let read = |file: &PathBuf| std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()));
    let password = match &args.password_file {
        Some(file) => {
            Some(String::from_utf8(read(file)?).with_context(|| format!("{} is not text", file.display()))?.trim_end().to_owned())
        }
        None => std::env::var("SIMPANG_MQTT_PASSWORD").ok(),
    };
    let authorities = args.ca.as_ref().map(read).transpose()?;
    let started = SystemClock::new().wall().as_micros();
    Ok(Subscription {
        broker: args.broker.clone(),
        password,
        authorities,
        filters: ["active", "event"].map(|kind| format!("{}/+/+/{kind}/#", args.root)).to_vec(),
        client_id: format!("simpang-events-{}-{started}", std::process::id()),
    })
}

fn topic_root(text: &str) -> Result<String, String> {
    let is_legal = !text.is_empty() && text.split('/').all(|level| !level.is_empty() && (level == "+" || !level.contains(['+', '#'])));
    if is_legal {
        Ok(text.to_owned())
    } else {
        Err("write topic levels such as its/v1/palembang, without / at the ends and without #".to_owned())
    }
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

    fn connected(&self, broker: &BrokerAddress) -> String {
        match self.lang {
            Lang::Id => format!("tersambung ke {broker}, menunggu kejadian (Ctrl-C untuk berhenti)"),
            Lang::En => format!("connected to {broker}, waiting for events (Ctrl-C to stop)"),
        }
    }

    fn lost(&self, broker: &BrokerAddress, cause: Loss, secs: f64) -> String {
        let (id, en) = match cause {
            Loss::Closed => ("ditutup dari sana", "closed at the other end"),
            Loss::NothingListens => ("broker tidak berjalan", "nothing listens there"),
            Loss::NoAnswer => ("tidak ada jawaban", "no answer"),
            Loss::Refused => ("ditolak broker", "refused by the broker"),
            Loss::NotTrusted => ("sertifikat tidak dipercaya", "certificate not trusted"),
        };
        match self.lang {
            Lang::Id => format!("sambungan ke {broker} terputus ({id}); dicoba lagi dalam {secs:.0} detik"),
            Lang::En => format!("connection to {broker} lost ({en}); trying again in {secs:.0} s"),
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
