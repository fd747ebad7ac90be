//! `simpang events`: what happens in the city, one sentence an event, as it comes.

use std::future::Future;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, anyhow, ensure};

use crate::base::time::{Clock, SystemClock};
use crate::config::secret_file;
use crate::config::settings::Secret;
use crate::event::feed::{Feed, Lang, Look};
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
    /// File that holds the password of the user in --broker and nothing else; only its owner may read it (mode 0600). Without it the
    /// variable SIMPANG_MQTT_PASSWORD is used.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Hours from UTC of the clock on the wall; 7 is WIB.
    #[arg(long, default_value_t = 7, allow_negative_numbers = true, value_parser = clap::value_parser!(i8).range(-12..=14))]
    pub utc_offset: i8,
}

/// Runs the command until Ctrl-C.
pub async fn run(args: &EventsArgs) -> anyhow::Result<()> {
    super::logging::start();
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
            Heard::Connected => eprintln!("{}", connected(args.lang, &args.broker)),
            Heard::Lost { cause, retry_in } => eprintln!("{}", lost(args.lang, &args.broker, cause, retry_in.as_secs_f64())),
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
    let read = |file: &PathBuf| {
        std::fs::read(file).with_context(|| format!("--ca: {} cannot be read; check the path and who may read it", file.display()))
    };
    let password = match &args.password_file {
        Some(file) => {
            ensure!(args.broker.user.is_some(), "--password-file without a user: write the user into --broker, mqtts://user@host:8883");
            Some(secret_file::read_private(file).map_err(|error| anyhow!("--password-file {error}"))?)
        }
        None => std::env::var("SIMPANG_MQTT_PASSWORD").ok().map(Secret::new),
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

fn connected(lang: Lang, broker: &BrokerAddress) -> String {
    match lang {
        Lang::Id => format!("tersambung ke {broker}, menunggu kejadian (Ctrl-C untuk berhenti)"),
        Lang::En => format!("connected to {broker}, waiting for events (Ctrl-C to stop)"),
    }
}

fn lost(lang: Lang, broker: &BrokerAddress, cause: Loss, secs: f64) -> String {
    let (id, en) = match cause {
        Loss::Closed => ("ditutup dari sana", "closed at the other end"),
        Loss::NothingListens => ("broker tidak berjalan", "nothing listens there"),
        Loss::NoAnswer => ("tidak ada jawaban", "no answer"),
        Loss::Refused => ("ditolak broker", "refused by the broker"),
        Loss::NotTrusted => ("sertifikat tidak dipercaya", "certificate not trusted"),
    };
    match lang {
        Lang::Id => format!("sambungan ke {broker} terputus ({id}); dicoba lagi dalam {secs:.0} detik"),
        Lang::En => format!("connection to {broker} lost ({en}); trying again in {secs:.0} s"),
    }
}
