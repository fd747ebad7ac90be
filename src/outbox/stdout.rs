//! Events as JSON lines on standard output, for runs without a broker.

use std::io::Write;
use std::time::Duration;

use futures::future::BoxFuture;

use super::cause::Cause;
use super::link::{Link, Parcel, Transport};
use super::window::Blame;

/// How many lines may be under way: any number, printing waits for nobody.
const LIMIT: usize = 20;
/// How long to wait before printing is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Prints each payload as one line. Retained copies and deletions are for late subscribers of a broker and are not printed.
pub struct JsonLines<W> {
    to: W,
}

impl<W: Write + Send + 'static> JsonLines<W> {
    /// Prints to `to`.
    pub fn new(to: W) -> Self {
        Self { to }
    }

    fn print(&mut self, payload: &[u8]) -> std::io::Result<()> {
        self.to.write_all(payload)?;
        self.to.write_all(b"\n")?;
        self.to.flush()
    }

    async fn carry(mut self, mut link: Link) {
        link.connected(LIMIT);
        loop {
            let Parcel::Send(row, envelope) = link.next().await else { return };
            if !envelope.retain
                && !envelope.payload.is_empty()
                && let Err(error) = self.print(&envelope.payload)
            {
                link.disconnected(Cause::Output(error.to_string()), Blame::Nobody);
                if let Ok(Parcel::Stop) = tokio::time::timeout(RETRY, link.next()).await {
                    return;
                }
                link.connected(LIMIT);
                continue;
            }
            if let Some(row) = row {
                link.delivered(row);
            }
        }
    }
}

impl<W: Write + Send + 'static> Transport for JsonLines<W> {
    fn run(self: Box<Self>, link: Link) -> BoxFuture<'static, ()> {
        Box::pin(self.carry(link))
    }
}
