//! Delivery: store, window, transport. The disk is the queue.
//!
//! ```text
//! accept ──► inbox ──► keeper: store (SQLite, one sync a group) ──► window ──► link ──► transport (MQTT, standard output)
//!                        ▲                                                       │
//!                        └───────────────── delivered, refused, connected ◄──────┘
//! ```
//! An event that was accepted durably leaves the store when the broker has acknowledged it (`delivery = "puback"`), or when it was refused
//! three times, or when the size limit leaves no other way; each is counted. The MQTT client only moves bytes: it forgets what it had
//! accepted when the broker forgets its session (measured: 200 messages for each broker death), the store does not.

mod aside;
mod cause;
pub mod certificate;
pub mod embedded;
mod greeting;
mod inbox;
mod keeper;
mod link;
mod mqtt;
mod carrier;
mod pages;
mod record;
mod room;
mod salvage;
mod schema;
mod stdout;
mod store;
mod tls;
mod window;

#[cfg(test)]
mod samples;

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::base::time::{Clock, WallTime};
use crate::config::settings::OutboxSettings;
use crate::event::{Envelope, Event, FlowReport};

pub use carrier::{Mqtt, Presence};
pub use cause::Cause;
pub use greeting::greet;
pub use link::{Link, Parcel, Report, Transport};
pub use salvage::Salvaged;
pub use stdout::JsonLines;
pub use store::StoreError;
pub use window::{Blame, Row};

/// Something to deliver.
#[derive(Clone, PartialEq, Debug)]
#[allow(clippy::large_enum_variant, reason = "most are events; a box for each would cost more than the room")]
pub enum Outgoing {
    /// One message of an event's life.
    Event(Event),
    /// A period's measures.
    Report(FlowReport),
}

impl Outgoing {
    /// The event, if it is one.
    pub fn event(&self) -> Option<&Event> {
        match self {
            Self::Event(event) => Some(event),
            Self::Report(_) => None,
        }
    }

    /// What its sequence number counts: the camera's events, or its reports apart, so that a consumer of one sees no gaps.
    pub fn lane(&self) -> String {
        match self {
            Self::Event(event) => event.camera.to_string(),
            Self::Report(report) => format!("{}/flow", report.camera),
        }
    }
}

impl From<Event> for Outgoing {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

impl From<FlowReport> for Outgoing {
    fn from(report: FlowReport) -> Self {
        Self::Report(report)
    }
}

/// Makes the messages of an outgoing, its sequence number and the time it is recorded: the event's own message first, then its retained copy.
pub type Render = Box<dyn Fn(&Outgoing, u64, WallTime) -> Vec<Envelope> + Send>;

/// Why the outbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No thread for it.
    #[error("outbox: its thread cannot be started; check the limit of processes (`ulimit -u`)")]
    Thread(#[source] std::io::Error),
}

/// Why an outgoing was not accepted. It is counted; the caller has nothing to repeat.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotAccepted {
    /// The disk takes nothing and the memory for waiting events is used up.
    #[error(
        "outbox: disk full or broken and {} events waiting in memory, this one is lost; free space or replace the disk",
        inbox::CAPACITY
    )]
    Full,
    /// It was stopped.
    #[error("outbox: stopped")]
    Stopped,
}

/// State of the connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Connection {
    /// The broker answers.
    Up,
    /// It does not, and why.
    Down(Cause),
}

/// Figures of the outbox, for health and metrics. Counters count since the start of the process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutboxStatus {
    /// Whether the broker answers.
    pub connection: Connection,
    /// Messages that wait on the disk.
    pub depth: u64,
    /// When the oldest of them was accepted.
    pub oldest: Option<WallTime>,
    /// Outgoings written durably.
    pub accepted: u64,
    /// Messages the broker has acknowledged.
    pub delivered: u64,
    /// Messages handed to the transport again: consumers may see them twice, under the same id.
    pub resent: u64,
    /// Messages put aside because the broker would not take them.
    pub refused: u64,
    /// Messages whose bytes on the disk were damaged.
    pub damaged: u64,
    /// Waiting measures dropped because of the size limit.
    pub dropped_measures: u64,
    /// Waiting events dropped because of the size limit.
    pub dropped_events: u64,
    /// Outgoings that never reached the disk because it failed for too long.
    pub not_accepted: u64,
    /// Failed writes and reads of the database.
    pub disk_errors: u64,
    /// What is wrong with the disk now.
    pub disk_trouble: Option<String>,
    /// What was found in a damaged database, if there was one.
    pub salvaged: Option<Salvaged>,
}

/// Says when an outgoing is on the disk.
#[derive(Debug)]
pub struct Receipt(Receiver<u64>);

impl Receipt {
    /// The sequence number, once it is durable; `None` when it is not within `timeout`.
    pub fn wait(&self, timeout: Duration) -> Option<u64> {
        self.0.recv_timeout(timeout).ok()
    }
}

/// The running outbox.
pub struct Outbox {
    inbox: Arc<inbox::Inbox>,
    status: Arc<Mutex<OutboxStatus>>,
    left_open: Vec<Event>,
    keeper: Option<JoinHandle<()>>,
}

/// Everything the outbox needs besides its settings.
pub struct Parts {
    /// Where events go.
    pub transport: Box<dyn Transport>,
    /// Makes messages of them.
    pub render: Render,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where the transport runs.
    pub runtime: tokio::runtime::Handle,
}

impl Outbox {
    /// Opens the store and starts to deliver what waits in it.
    ///
    /// # Errors
    /// [`OutboxError`] when the directory cannot be used or belongs to a newer version.
    pub fn start(settings: &OutboxSettings, parts: Parts) -> Result<Self, OutboxError> {
        let (store, salvaged) = store::Store::open(settings, parts.clock.wall())?;
        let (depth, oldest) = store.depth()?;
        let left_open = store.open_events()?;
        let status = Arc::new(Mutex::new(OutboxStatus::new(depth, oldest, salvaged)));
        let inbox = Arc::new(inbox::Inbox::default());
        let (parcels, link) = link::Link::new(Arc::clone(&inbox));
        let transport = parts.runtime.spawn(parts.transport.run(link));
        let keeper = keeper::Keeper::new(keeper::Parts {
            store,
            inbox: Arc::clone(&inbox),
            parcels,
            transport,
            render: parts.render,
            clock: parts.clock,
            status: Arc::clone(&status),
        });
        let thread = std::thread::Builder::new().name("outbox".into()).spawn(move || keeper.run()).map_err(OutboxError::Thread)?;
        Ok(Self { inbox, status, left_open, keeper: Some(thread) })
    }

    /// Hands an event or report over to be written. Returns before it is; waits only while the disk is behind.
    ///
    /// # Errors
    /// [`NotAccepted`], counted.
    pub fn accept(&self, outgoing: impl Into<Outgoing>) -> Result<(), NotAccepted> {
        self.put(inbox::Letter { outgoing: outgoing.into(), receipt: None })
    }

    /// As [`Outbox::accept`], with a receipt that says when it is durable.
    ///
    /// # Errors
    /// [`NotAccepted`], counted.
    pub fn accept_with_receipt(&self, outgoing: impl Into<Outgoing>) -> Result<Receipt, NotAccepted> {
        let (sender, receiver) = sync_channel(1);
        self.put(inbox::Letter { outgoing: outgoing.into(), receipt: Some(sender) })?;
        Ok(Receipt(receiver))
    }

    fn put(&self, letter: inbox::Letter) -> Result<(), NotAccepted> {
        self.inbox.put(letter).map_err(|why| match why {
            inbox::NotTaken::Full => NotAccepted::Full,
            inbox::NotTaken::Closed => NotAccepted::Stopped,
        })
    }

    /// Sends a state of which only the latest counts (a camera's state, health): past the store, newest wins, again after a reconnect if
    /// it is a retained one.
    pub fn set_latest(&self, envelope: Envelope) {
        self.inbox.set_latest(envelope);
    }

    /// Events of an earlier run whose end was never written: each goes on, or is ended.
    pub fn left_open(&self) -> &[Event] {
        &self.left_open
    }

    /// Figures now.
    pub fn status(&self) -> OutboxStatus {
        let mut status = self.status.lock().expect("no holder of this lock can panic").clone();
        status.not_accepted += self.inbox.dropped();
        status
    }

    /// Writes what was accepted, sends what can be sent within `patience`, says goodbye, joins its thread. Returns the last figures.
    pub fn stop(mut self, patience: Duration) -> OutboxStatus {
        self.close(patience);
        self.status()
    }

    fn close(&mut self, patience: Duration) {
        self.inbox.close(patience);
        if let Some(keeper) = self.keeper.take()
            && keeper.join().is_err()
        {
            tracing::error!("outbox: its thread panicked; what was accepted durably is sent at the next start");
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.close(Duration::ZERO);
    }
}

impl OutboxStatus {
    fn new(depth: u64, oldest: Option<WallTime>, salvaged: Option<Salvaged>) -> Self {
        Self {
            connection: Connection::Down(Cause::Starting),
            depth,
            oldest,
            accepted: 0,
            delivered: 0,
            resent: 0,
            refused: 0,
            damaged: 0,
            dropped_measures: 0,
            dropped_events: 0,
            not_accepted: 0,
            disk_errors: 0,
            disk_trouble: None,
            salvaged,
        }
    }
}

pub mod subscriber;
