//! Says hello to the broker as the agent would, and goodbye at once: whether host, port, TLS, user and password are right.

use std::time::Duration;

use tokio::time::timeout;

use super::carrier::resolve;
use super::cause::Cause;
use super::mqtt::{self, Heard, Receiver, Session};
use crate::config::settings::MqttSettings;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long our goodbye may take; without it the broker notices that we are gone all the same.
const GOODBYE: Duration = Duration::from_secs(2);

/// Connects to the broker of `settings` with its login and certificates, under a client id of its own, and leaves nothing behind.
///
/// # Errors
/// Why the broker does not let this box in; [`Cause::hint`] says what to do.
pub async fn greet(settings: &MqttSettings) -> Result<(), Cause> {
    resolve(settings, PATIENCE).await?;
    let (sender, mut receiver) = mqtt::connection(settings, Session::Passing, PATIENCE)?;
    let is_up = |heard: &Heard| matches!(heard, Heard::Connected { .. });
    timeout(PATIENCE, until(&mut receiver, is_up)).await.unwrap_or(Err(Cause::TimedOut))?;
    sender.disconnect();
    let is_out = |heard: &Heard| matches!(heard, Heard::SentDisconnect);
    // It answered, which is all that was asked.
    let _ = timeout(GOODBYE, until(&mut receiver, is_out)).await;
    Ok(())
}

async fn until(receiver: &mut Receiver, wanted: impl Fn(&Heard) -> bool) -> Result<(), Cause> {
    loop {
        if wanted(&receiver.poll().await.map_err(|lost| lost.cause)?) {
            return Ok(());
        }
    }
}
