//! Between the keeper and a transport: parcels one way, reports the other.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::mpsc;

use super::cause::Cause;
use super::inbox::Inbox;
use super::window::{Blame, Row};
use crate::event::Envelope;

/// Parcels that may wait for a transport: the window and the latest states.
pub(super) const CAPACITY: usize = 128;

/// Something for the transport to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parcel {
    /// Send this; with a row, say when it has arrived.
    Send(Option<Row>, Envelope),
    /// Say goodbye and end.
    Stop,
}

/// What the transport has to say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// A connection is up, its number, and how many messages it takes at once.
    Connected {
        /// Counts connections; parcels are stamped with it.
        epoch: u64,
        /// At most so many under way.
        limit: usize,
    },
    /// No connection, and why.
    Disconnected(Cause, Blame),
    /// The broker has this row.
    Delivered(Row),
    /// The broker will not take this row.
    Refused(Row, String),
    /// The transport has ended.
    Ended,
}

/// The transport's end of the link.
#[derive(Debug)]
pub struct Link {
    parcels: mpsc::Receiver<(u64, Parcel)>,
    inbox: Arc<Inbox>,
    epoch: u64,
}

impl Link {
    pub(super) fn new(inbox: Arc<Inbox>) -> (mpsc::Sender<(u64, Parcel)>, Self) {
        let (sender, parcels) = mpsc::channel(CAPACITY);
        (sender, Self { parcels, inbox, epoch: 0 })
    }

    /// The next parcel for the present connection. Parcels for an earlier one are thrown away: the keeper sends their rows again, in order.
    pub async fn next(&mut self) -> Parcel {
        loop {
            match self.parcels.recv().await {
                None | Some((_, Parcel::Stop)) => return Parcel::Stop,
                Some((epoch, parcel)) if epoch == self.epoch => return parcel,
                Some(_) => {}
            }
        }
    }

    /// A connection is up that takes `limit` messages at once.
    pub fn connected(&mut self, limit: usize) {
        self.epoch += 1;
        self.inbox.report(Report::Connected { epoch: self.epoch, limit });
    }

    /// The connection is gone, or could not be made.
    pub fn disconnected(&mut self, cause: Cause, blame: Blame) {
        self.epoch += 1;
        self.inbox.report(Report::Disconnected(cause, blame));
    }

    /// The broker has this row.
    pub fn delivered(&self, row: Row) {
        self.inbox.report(Report::Delivered(row));
    }

    /// The broker will not take this row.
    pub fn refused(&self, row: Row, reason: String) {
        self.inbox.report(Report::Refused(row, reason));
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.inbox.report(Report::Ended);
    }
}

/// Carries parcels to where the events go.
///
/// Contract (one suite runs on every transport): parcels are sent in the order they come; every row is reported delivered or refused at most
/// once a connection and only when it is; a lost connection is reported before anything is sent again; [`Parcel::Stop`] ends it.
pub trait Transport: Send {
    /// Runs until it is told to stop.
    fn run(self: Box<Self>, link: Link) -> BoxFuture<'static, ()>;
}
