//! The thread that owns the store and the window: writes what comes, sends what waits.
//!
//! One owner and one order of doing things: hear the transport, write a group, tell who waits for it, hand over what the window wants.
//! A message is on the disk before the transport sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::inbox::{Inbox, Letter, Letters};
use super::link::{Parcel, Report};
use super::store::{Committed, Outcomes, Store, StoreError, Waiting};
use super::window::{Blame, Refused, Row, Wanted, Window};
use super::{Cause, Connection, OutboxStatus, Render};
use crate::base::backoff::Backoff;
use crate::base::rate_limit::RateLimit;
use crate::base::time::{Clock, WallTime};
use crate::event::{Envelope, Qos};

/// Acknowledgements are written with the next group of messages, or after this time: losing them costs duplicates only.
const SETTLE_AFTER: Duration = Duration::from_millis(200);
/// So many acknowledgements are written at once without waiting longer.
const SETTLE_AT: usize = 64;
/// Outgoings in the first group after a failure.
const SMALL_GROUP: usize = 16;
/// How often old history is removed.
const TRIM_EVERY: Duration = Duration::from_secs(3600);
/// The longest look away: nothing below depends on it.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Topics of which the latest state is kept for sending it again after a reconnect.
const LATEST_TOPICS: usize = 256;
/// How long the transport may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(3);

/// What the keeper is made of.
pub(super) struct Parts {
    pub(super) store: Store,
    pub(super) inbox: Arc<Inbox>,
    pub(super) parcels: mpsc::Sender<(u64, Parcel)>,
    pub(super) transport: JoinHandle<()>,
    pub(super) render: Render,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) status: Arc<Mutex<OutboxStatus>>,
}

/// See the module.
pub(super) struct Keeper {
    parts: Parts,
    window: Window,
    epoch: u64,
    unsaved: Vec<Letter>,
    outcomes: Outcomes,
    outcomes_since: Option<Duration>,
    latest: BTreeMap<String, Latest>,
    figures: OutboxStatus,
    highest_sent: Row,
    disk_retry: Backoff,
    disk_retry_at: Option<Duration>,
    disk_log: RateLimit,
    trim_at: Duration,
    transport_ended: bool,
    stopping: bool,
}

/// The latest of a state that is not queued.
struct Latest {
    envelope: Envelope,
    due: bool,
}

impl Keeper {
    pub(super) fn new(parts: Parts) -> Self {
        let figures = parts.status.lock().expect("no holder of this lock can panic").clone();
        let seed = parts.clock.wall().as_micros().unsigned_abs();
        Self {
            parts,
            window: Window::default(),
            epoch: 0,
            unsaved: Vec::new(),
            outcomes: Outcomes::default(),
            outcomes_since: None,
            latest: BTreeMap::new(),
            figures,
            highest_sent: 0,
            disk_retry: Backoff::new(Duration::from_millis(500), Duration::from_secs(5), seed),
            disk_retry_at: None,
            disk_log: RateLimit::new(Duration::from_secs(10)),
            trim_at: Duration::ZERO,
            transport_ended: false,
            stopping: false,
        }
    }

    /// Runs until the inbox is closed and what can be sent within the patience of whoever closed it is sent.
    pub(super) fn run(mut self) {
        let mut deadline = None;
        loop {
            let now = self.now();
            let letters = if self.unsaved.is_empty() { Letters::Take } else { Letters::Leave };
            let mail = self.parts.inbox.take(self.patience(now, deadline), letters);
            mail.reports.into_iter().for_each(|report| self.hear(report));
            mail.latest.into_iter().for_each(|envelope| self.keep_latest(envelope));
            self.unsaved.extend(mail.letters);
            self.save();
            self.send();
            self.send_latest();
            self.show();
            if let Some(patience) = mail.closing {
                let now = self.now();
                if self.is_done() || now >= *deadline.get_or_insert(now + patience) {
                    break;
                }
            }
        }
        self.finish();
    }

    fn now(&self) -> Duration {
        self.parts.clock.monotonic()
    }

    /// How long there is nothing to do unless something comes.
    fn patience(&self, now: Duration, deadline: Option<Duration>) -> Duration {
        let settle_at = self.outcomes_since.map(|since| since + SETTLE_AFTER);
        let disk_at = self.disk_retry_at;
        let unsaved_at = (!self.unsaved.is_empty() && disk_at.is_none()).then_some(now);
        let times = [deadline, disk_at, unsaved_at, settle_at.filter(|_| disk_at.is_none()), self.window.next_due()];
        times.into_iter().flatten().min().map_or(LONGEST_WAIT, |at| at.saturating_sub(now)).min(LONGEST_WAIT)
    }

    fn hear(&mut self, report: Report) {
        match report {
            Report::Connected { epoch, limit } => {
                self.epoch = epoch;
                self.window.connected(limit);
                self.latest.values_mut().filter(|latest| latest.envelope.retain).for_each(|latest| latest.due = true);
                self.figures.connection = Connection::Up;
            }
            Report::Disconnected(cause, blame) => {
                let culprit = self.window.disconnected(blame);
                if let (Some(row), Blame::Message) = (culprit, blame) {
                    self.put_aside(row, format!("the broker hangs up when it is sent: {cause}"));
                }
                self.figures.connection = Connection::Down(cause);
            }
            Report::Delivered(row) => {
                if self.window.delivered(row) {
                    self.outcomes.delivered.insert(row);
                    self.figures.delivered += 1;
                    self.note_outcome();
                }
            }
            Report::Refused(row, reason) => {
                if self.window.refused(row, self.now()) == Refused::PutAside {
                    self.put_aside(row, reason);
                }
            }
            Report::Ended => {
                self.transport_ended = true;
                if !self.stopping {
                    tracing::error!("outbox: its transport ended by itself; events are kept on the disk until the next start");
                    self.window.disconnected(Blame::Nobody);
                    self.figures.connection = Connection::Down(Cause::Broken);
                }
            }
        }
    }

    fn put_aside(&mut self, row: Row, reason: String) {
        tracing::warn!(row, reason, "outbox: message put aside, it stays in table `refused`");
        self.outcomes.refused.push((row, reason));
        self.figures.refused += 1;
        self.note_outcome();
    }

    fn note_outcome(&mut self) {
        self.outcomes_since.get_or_insert(self.parts.clock.monotonic());
    }

    /// Writes what is due, as one group.
    fn save(&mut self) {
        let now = self.now();
        if self.disk_retry_at.is_some_and(|at| now < at) {
            return;
        }
        let settle = self.stopping && !self.outcomes.is_empty()
            || self.outcomes.delivered.len() >= SETTLE_AT
            || self.outcomes_since.is_some_and(|since| now >= since + SETTLE_AFTER);
        if self.unsaved.is_empty() && !settle {
            return self.trim(now);
        }
        let wall = self.parts.clock.wall();
        // After a failure in small groups: what room there is may not hold a large one.
        let most = if self.disk_retry_at.is_some() { SMALL_GROUP } else { usize::MAX };
        let batch: Vec<_> = self.unsaved.iter().take(most).map(|letter| &letter.outgoing).collect();
        match self.parts.store.commit(&batch, &self.outcomes, &self.parts.render, wall) {
            Ok(done) => self.saved(done),
            Err(error) => self.not_saved(error, wall),
        }
    }

    fn saved(&mut self, done: Committed) {
        if self.disk_retry_at.take().is_some() {
            tracing::info!("outbox: the disk takes events again");
            self.disk_retry.reset();
            self.figures.disk_trouble = None;
            self.parts.inbox.disk_fails(false);
        }
        let settled = (self.outcomes.delivered.len() + self.outcomes.refused.len()) as u64;
        let dropped = done.dropped_measures + done.dropped_events;
        self.figures.accepted += done.sequences.len() as u64;
        self.figures.dropped_measures += done.dropped_measures;
        self.figures.dropped_events += done.dropped_events;
        self.figures.depth = (self.figures.depth + done.messages).saturating_sub(settled + dropped);
        if dropped > 0 {
            tracing::warn!(measures = done.dropped_measures, events = done.dropped_events, "outbox: size limit reached, oldest dropped");
        }
        self.outcomes = Outcomes::default();
        self.outcomes_since = None;
        for (letter, sequence) in self.unsaved.drain(..done.sequences.len()).zip(done.sequences) {
            // Nobody waiting any more is fine: the receipt is an offer.
            let _ = letter.receipt.map(|receipt| receipt.try_send(sequence));
        }
    }

    /// The letters stay in memory and are tried again; nobody waits for room meanwhile.
    fn not_saved(&mut self, error: StoreError, wall: WallTime) {
        let now = self.now();
        self.figures.disk_errors += 1;
        self.disk_retry_at = Some(now + self.disk_retry.next_delay());
        self.figures.disk_trouble = Some(error.to_string());
        self.parts.inbox.disk_fails(true);
        let said = self.disk_log.pass(now);
        if let Some(held_back) = said {
            let detail = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, ?detail, held_back, waiting = self.unsaved.len(), "outbox: not written, trying again");
        }
        match error {
            StoreError::Damaged(_) => self.recover(wall, said.is_some()),
            // History is worth less than what comes now. Where not even this can be written, the next try is as good as this one.
            StoreError::Full(_) => drop(self.parts.store.relieve()),
            _ => {}
        }
    }

    fn recover(&mut self, wall: WallTime, aloud: bool) {
        match self.parts.store.recover(wall) {
            Ok(salvaged) => {
                self.disk_retry_at = Some(self.now());
                self.figures.salvaged = salvaged.or(self.figures.salvaged.take());
                self.figures.depth = self.parts.store.depth().map_or(self.figures.depth, |(depth, _)| depth);
            }
            Err(error) if aloud => tracing::error!(%error, "outbox: damaged database could not be set aside, trying again"),
            Err(_) => {}
        }
    }

    fn trim(&mut self, now: Duration) {
        if now < self.trim_at {
            return;
        }
        self.trim_at = now + TRIM_EVERY;
        if let Err(error) = self.parts.store.trim(self.parts.clock.wall()) {
            tracing::warn!(%error, "outbox: old history could not be removed, trying again in an hour");
        }
    }

    /// Hands over what the window wants, as long as the transport takes it.
    fn send(&mut self) {
        // Setting a damaged file aside failed: the next try has its time.
        if !self.parts.store.is_open() && self.disk_retry_at.is_some_and(|at| self.now() < at) {
            return;
        }
        while let Some(wanted) = self.window.wanted(self.now()) {
            let waiting = match self.parts.store.read(wanted) {
                Ok(waiting) => waiting,
                Err(error) => return self.not_saved(error, self.parts.clock.wall()),
            };
            if let Wanted::Again(row) = wanted
                && waiting.first().is_none_or(|first| first.row != row)
            {
                self.window.gone(row);
                continue;
            }
            if waiting.is_empty() || !waiting.into_iter().all(|one| self.send_one(one)) {
                return;
            }
        }
    }

    /// `false` when the transport takes no more for now.
    fn send_one(&mut self, waiting: Waiting) -> bool {
        let row = waiting.row;
        // Settled, but not yet written: the store does not know.
        if self.outcomes.delivered.contains(&row) || self.outcomes.refused.iter().any(|&(refused, _)| refused == row) {
            self.window.gone(row);
            return true;
        }
        let Some(envelope) = waiting.envelope else {
            self.figures.damaged += 1;
            self.window.gone(row);
            self.put_aside(row, "damaged on the disk".to_owned());
            return true;
        };
        if self.parts.parcels.try_send((self.epoch, Parcel::Send(Some(row), envelope))).is_err() {
            return false;
        }
        self.window.handed_over(row);
        self.figures.resent += u64::from(row <= self.highest_sent);
        self.highest_sent = self.highest_sent.max(row);
        true
    }

    fn keep_latest(&mut self, envelope: Envelope) {
        if self.latest.len() >= LATEST_TOPICS && !self.latest.contains_key(&envelope.topic) {
            // More topics than cameras a box can have: a mistake of the caller, who sees it in the figures.
            self.figures.not_accepted += 1;
            return;
        }
        self.latest.insert(envelope.topic.clone(), Latest { envelope, due: true });
    }

    fn send_latest(&mut self) {
        if self.figures.connection != Connection::Up {
            return;
        }
        let due: BTreeSet<String> = self.latest.iter().filter(|(_, latest)| latest.due).map(|(topic, _)| topic.clone()).collect();
        for topic in due {
            let Some(latest) = self.latest.get_mut(&topic) else { continue };
            if self.parts.parcels.try_send((self.epoch, Parcel::Send(None, latest.envelope.clone()))).is_err() {
                return;
            }
            latest.due = false;
            if !latest.envelope.retain && latest.envelope.qos == Qos::AtMostOnce {
                self.latest.remove(&topic);
            }
        }
    }

    fn show(&mut self) {
        self.figures.oldest = if self.figures.depth > 0 { self.parts.store.oldest().ok().flatten() } else { None };
        *self.parts.status.lock().expect("no holder of this lock can panic") = self.figures.clone();
    }

    /// Everything is written and sent, or cannot be sent now: it is on the disk and goes at the next start.
    fn is_done(&self) -> bool {
        let settled = (self.outcomes.delivered.len() + self.outcomes.refused.len()) as u64;
        let offline = matches!(&self.figures.connection, Connection::Down(cause) if *cause != Cause::Starting);
        let sent = offline || self.figures.depth <= settled;
        self.unsaved.is_empty() && sent
    }

    fn finish(mut self) {
        // The last acknowledgements; should they not be written, the messages are sent once more at the next start.
        (self.stopping, self.disk_retry_at) = (true, None);
        self.save();
        // A full lane is a transport that does not move: it is ended below.
        let _ = self.parts.parcels.try_send((self.epoch, Parcel::Stop));
        let until = self.now() + GOODBYE;
        while !self.transport_ended && self.now() < until {
            let mail = self.parts.inbox.take(until.saturating_sub(self.now()), Letters::Leave);
            mail.reports.into_iter().for_each(|report| self.hear(report));
        }
        if !self.transport_ended {
            self.parts.transport.abort();
        }
        self.show();
    }
}
