//! Keeps a connection to the broker and carries parcels over it, whatever the broker and the network do.
//!
//! Every wait has an end: connecting, each poll, the acknowledgement of what was sent. When one runs out the connection is dropped and made
//! anew, after a pause with full jitter. Instants are tokio's, because they are compared with its timers and with nothing else.

use std::pin::pin;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::{Instant, timeout};

use super::cause::Cause;
use super::link::{Link, Parcel, Transport};
use super::mqtt::{self, Heard, Lost, Session};
use super::window::{Blame, InFlight, Row};
use crate::base::backoff::Backoff;
use crate::base::rate_limit::RateLimit;
use crate::config::settings::MqttSettings;
use crate::event::{Envelope, Qos};

/// Publications under way at most: Mosquitto's default receive maximum.
const WINDOW: usize = 20;
/// Bytes of a publication besides topic and payload, at most: fixed header, packet id, our properties.
const OVERHEAD: usize = 128;
/// How long the broker may take to acknowledge our goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// The first pause between attempts, before jitter; it doubles.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest pause between attempts: 500 boxes that come back to a broker are 70 connections a second.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A connection that was up for so long was a success.
const LASTING: Duration = Duration::from_secs(10);

/// What a broker and its subscribers are told about this box being there.
pub struct Presence {
    /// Made at every connection: retained, "online".
    pub birth: Box<dyn Fn() -> Envelope + Send>,
    /// What the broker says when the box vanishes.
    pub will: Envelope,
    /// Made when the box is stopped: what is said then.
    pub goodbye: Box<dyn Fn() -> Envelope + Send>,
}

/// Delivery over MQTT.
pub struct Mqtt {
    settings: MqttSettings,
    presence: Presence,
    backoff: Backoff,
    log: RateLimit,
    started: Instant,
    /// Connections in a row that the broker closed after a moment.
    short: u32,
}

/// How a connection ended.
enum End {
    Stopped,
    Lost(Lost),
    /// It had been up for so long.
    Broken(Lost, Duration),
}

/// What is under way: a message of the store, or something nobody waits for.
type Carried = Option<Row>;

impl Mqtt {
    /// Towards the broker of `settings`; connects when it runs. `seed` makes the pauses differ from box to box.
    pub fn new(settings: MqttSettings, presence: Presence, seed: u64) -> Self {
        let backoff = Backoff::new(PAUSE, LONGEST_PAUSE, seed);
        Self { settings, presence, backoff, log: RateLimit::new(Duration::from_secs(60)), started: Instant::now(), short: 0 }
    }

    /// A connection attempt, and an acknowledgement, may take this long. An idle connection pings every keep-alive interval.
    fn patience(&self) -> Duration {
        self.settings.keep_alive.min(Duration::from_secs(10))
    }

    async fn carry(mut self, mut link: Link) {
        loop {
            let Lost { cause, blame } = match self.connection(&mut link).await {
                End::Stopped => return,
                End::Lost(lost) => lost,
                End::Broken(lost, after) => self.judge(lost, after),
            };
            let pause = self.backoff.next_delay();
            self.tell(&cause, pause);
            link.disconnected(cause, blame);
            // Parcels of the lost connection are thrown away meanwhile; only a stop comes through.
            if let Ok(Parcel::Stop) = timeout(pause, link.next()).await {
                return;
            }
        }
    }

    /// A connection counts as a success once it has lasted: two boxes with one client id would else throw each other out twice a second.
    /// Mosquitto says why it closes in a packet that the client library cannot read (a DISCONNECT without properties), so the pattern
    /// has to tell.
    fn judge(&mut self, lost: Lost, after: Duration) -> Lost {
        // A message that makes the broker hang up is found and put aside within a few connections: no reason to wait longer and longer.
        if after >= LASTING || lost.blame == Blame::Message {
            self.backoff.reset();
            self.short = 0;
        } else if lost.cause == Cause::Closed {
            self.short += 1;
        }
        if lost.cause == Cause::Closed && self.short >= 2 { Lost { cause: Cause::ClosedAgain, ..lost } } else { lost }
    }

    fn tell(&mut self, cause: &Cause, pause: Duration) {
        if let Some(held_back) = self.log.pass(self.started.elapsed()) {
            let (host, port, attempt) = (&self.settings.host, self.settings.port, self.backoff.attempt());
            tracing::warn!(held_back, "broker {host}:{port}: {cause}, trying again in {pause:.1?} (attempt {attempt}); {}", cause.hint());
        }
    }

    /// One connection from the first packet to the last.
    async fn connection(&mut self, link: &mut Link) -> End {
        let lost = |cause| End::Lost(Lost { cause, blame: Blame::Nobody });
        if let Err(cause) = resolve(&self.settings, self.patience()).await {
            return lost(cause);
        }
        let (sender, mut receiver) = match mqtt::connection(&self.settings, Session::Lasting { will: &self.presence.will }, self.patience())
        {
            Ok(connection) => connection,
            Err(cause) => return lost(cause),
        };
        let (receive_maximum, max_packet) = loop {
            match timeout(self.patience(), receiver.poll()).await {
                Err(_) => return lost(Cause::TimedOut),
                Ok(Err(lost)) => return End::Lost(lost),
                Ok(Ok(Heard::Connected { receive_maximum, max_packet })) => break (receive_maximum, max_packet),
                Ok(Ok(_)) => {}
            }
        };
        let limit = receive_maximum.min(WINDOW);
        let mut live = Live { sender, flight: InFlight::new(limit), max_packet, epoch_start: Instant::now(), patience: self.patience() };
        live.hand_over(None, (self.presence.birth)());
        tracing::info!(host = self.settings.host, port = self.settings.port, "broker connected");
        link.connected(limit);
        match live.exchange(&mut receiver, link, self.settings.keep_alive.max(mqtt::SHORTEST_KEEP_ALIVE) * 2).await {
            End::Stopped => live.part(&mut receiver, (self.presence.goodbye)()).await,
            End::Lost(lost) | End::Broken(lost, _) => End::Broken(lost, live.now()),
        }
    }
}

/// Looks the host up ourselves, so that "no such host" is not mistaken for "no connection".
pub(super) async fn resolve(settings: &MqttSettings, patience: Duration) -> Result<(), Cause> {
    match timeout(patience, tokio::net::lookup_host((settings.host.as_str(), settings.port))).await {
        Err(_) => Err(Cause::TimedOut),
        Ok(Err(_)) => Err(Cause::UnknownHost),
        Ok(Ok(mut addresses)) => addresses.next().map(|_| ()).ok_or(Cause::UnknownHost),
    }
}

/// A connection that is up.
struct Live {
    sender: mqtt::Sender,
    flight: InFlight<Carried>,
    max_packet: usize,
    epoch_start: Instant,
    patience: Duration,
}

impl Live {
    fn now(&self) -> Duration {
        self.epoch_start.elapsed()
    }

    fn hand_over(&mut self, row: Carried, envelope: Envelope) -> bool {
        let taken = self.sender.publish(envelope).is_ok();
        if taken {
            self.flight.handed_over(row, self.now());
        }
        taken
    }

    /// Until the connection is lost or we are told to stop. `idle` is how long nothing at all may happen.
    async fn exchange(&mut self, receiver: &mut mqtt::Receiver, link: &mut Link, idle: Duration) -> End {
        loop {
            let heard = {
                let mut poll = pin!(receiver.poll());
                let silent_at = Instant::now() + idle;
                loop {
                    let overdue_at = self.flight.overdue_at(self.patience).map_or(silent_at, |at| silent_at.min(self.epoch_start + at));
                    tokio::select! {
                        heard = &mut poll => break heard,
                        () = tokio::time::sleep_until(overdue_at) => {
                            return End::Lost(Lost { cause: Cause::NoProgress, blame: Blame::Nobody });
                        }
                        parcel = link.next(), if self.flight.has_room() => match parcel {
                            Parcel::Stop => return End::Stopped,
                            Parcel::Send(row, envelope) => self.send(row, envelope, link),
                        }
                    }
                }
            };
            match heard {
                Err(lost) => return End::Lost(lost),
                Ok(heard) => self.note(heard, link),
            }
        }
    }

    fn send(&mut self, row: Carried, envelope: Envelope, link: &Link) {
        let bytes = envelope.topic.len() + envelope.payload.len() + OVERHEAD;
        if bytes > self.max_packet {
            if let Some(row) = row {
                link.refused(row, format!("{bytes} bytes; the broker takes {}", self.max_packet));
            }
            return;
        }
        let sends_ack = envelope.qos == Qos::AtLeastOnce;
        // The client's lane is longer than the window, so it has room; if not, silence runs out and the connection is made anew.
        let taken = self.hand_over(row, envelope);
        debug_assert!(taken && (sends_ack || row.is_none()), "stored messages are acknowledged");
    }

    fn note(&mut self, heard: Heard, link: &Link) {
        let now = self.now();
        match heard {
            Heard::Sent(pkid) => {
                self.flight.sent(pkid, now);
            }
            Heard::Acknowledged(pkid) => {
                if let Some(Some(row)) = self.flight.acknowledged(pkid, now) {
                    link.delivered(row);
                }
            }
            Heard::Refused(pkid, reason) => match self.flight.acknowledged(pkid, now) {
                Some(Some(row)) => link.refused(row, reason),
                _ => tracing::warn!(reason, "the broker refuses a state or birth message; check its access list"),
            },
            Heard::Connected { .. } | Heard::SentDisconnect | Heard::Something => {}
        }
    }

    /// Says goodbye and waits until it is out, but not for long.
    async fn part(&mut self, receiver: &mut mqtt::Receiver, goodbye: Envelope) -> End {
        let out = async {
            self.hand_over(None, goodbye);
            while !self.flight.is_empty() {
                match receiver.poll().await {
                    Ok(Heard::Sent(pkid)) => drop(self.flight.sent(pkid, Duration::ZERO)),
                    Ok(Heard::Acknowledged(pkid) | Heard::Refused(pkid, _)) => drop(self.flight.acknowledged(pkid, Duration::ZERO)),
                    Ok(_) => {}
                    Err(_) => return,
                }
            }
            self.sender.disconnect();
            while let Ok(heard) = receiver.poll().await {
                if matches!(heard, Heard::SentDisconnect) {
                    return;
                }
            }
        };
        // Out of time: the broker sends the last will for us, which says the same.
        let _ = timeout(GOODBYE, out).await;
        End::Stopped
    }
}

impl Transport for Mqtt {
    fn run(self: Box<Self>, link: Link) -> BoxFuture<'static, ()> {
        Box::pin(self.carry(link))
    }
}
