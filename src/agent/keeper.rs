//! Keeps what is learned while the agent runs: each camera's thread says what it knows, one thread writes it, so no frame waits for the disk.

use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::AgentError;
use super::learned::{Kept, Shelf, View};
use crate::base::handoff::{Receiver, Sender, WhenFull, channel};
use crate::base::id::Slug;
use crate::base::time::WallTime;
use crate::pipeline::Pipeline;

/// How often it is written when nothing happens: what a kill costs of learning.
const EVERY: Duration = Duration::from_secs(60);
/// Events are written where they stand at once, but not more often than this.
const AT_MOST_EVERY: Duration = Duration::from_secs(2);

/// The thread that writes; it ends when every [`Notes`] is gone.
pub(super) struct Writer {
    notes: Sender<(Slug, Kept)>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// For so many cameras.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(super) fn start(shelf: Shelf, cameras: usize) -> Result<Self, AgentError> {
        // Of each camera a regular note and the last one of its life; on a slow disk older ones are worth nothing beside newer ones.
        let (notes, written) = channel(2 * cameras, WhenFull::DropOldest);
        let thread = thread::Builder::new().name("learned".into()).spawn(move || write(&shelf, &written));
        let thread = thread.map_err(|source| AgentError::Thread { name: "learned".into(), source })?;
        Ok(Self { notes, thread })
    }

    /// For one camera.
    pub(super) fn notes(&self, camera: Slug, view: View) -> Notes {
        Notes { camera, view, written: self.notes.clone(), noted: None, is_news: false }
    }

    /// Waits until everything is written. Every camera must have ended.
    pub(super) fn stop(self) {
        drop(self.notes);
        if self.thread.join().is_err() {
            tracing::error!("the thread that keeps what was learned ended by a panic");
        }
    }
}

fn write(shelf: &Shelf, notes: &Receiver<(Slug, Kept)>) {
    let mut fails = false;
    while let Some((camera, kept)) = notes.recv() {
        let result = shelf.put(&camera, &kept);
        match &result {
            Err(error) if !fails => {
                tracing::warn!(%camera, %error, "learned: not written, trying again each minute; make room, or make the outbox folder writable");
            }
            Ok(()) if fails => tracing::info!("learned: written again"),
            Ok(()) | Err(_) => {}
        }
        fails = result.is_err();
    }
}

/// One camera's memory on its way to the disk.
pub(super) struct Notes {
    camera: Slug,
    view: View,
    written: Sender<(Slug, Kept)>,
    /// When the last note was made, on the monotonic clock.
    noted: Option<Duration>,
    is_news: bool,
}

impl Notes {
    /// After each analysed frame: makes a note when one is due. `is_news`: events were told of.
    pub(super) fn follow(&mut self, pipeline: &Pipeline, now: Duration, wall: WallTime, is_news: bool) {
        self.is_news |= is_news;
        let noted = *self.noted.get_or_insert(now);
        let wait = if self.is_news { AT_MOST_EVERY } else { EVERY };
        if now.saturating_sub(noted) >= wait {
            self.note(pipeline, wall);
            (self.noted, self.is_news) = (Some(now), false);
        }
    }

    /// Notes what is known now.
    pub(super) fn note(&self, pipeline: &Pipeline, wall: WallTime) {
        let kept = Kept::new(self.view.clone(), wall, pipeline.memory());
        // The writer ends last.
        let _ = self.written.send((self.camera.clone(), kept));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::samples::{START, camera, crowd, pipeline, slug};

    #[test]
    fn a_note_is_made_each_minute_and_within_two_seconds_of_an_event() {
        let (written, notes_out) = channel(100, WhenFull::DropOldest);
        let pipeline = pipeline(|_| Ok(crowd()));
        let mut notes = Notes { camera: slug("utara"), view: View::of(&camera()), written, noted: None, is_news: false };
        let mut noted = Vec::new();
        for tenth in 0..2000u64 {
            let (now, news) = (Duration::from_millis(tenth * 100), matches!(tenth, 900 | 905 | 910 | 1500));
            notes.follow(&pipeline, now, START + now, news);
            if let Ok((_, kept)) = notes_out.recv_timeout(Duration::ZERO) {
                noted.push((START.secs_until(kept.saved()) * 10.0).round() as u64);
            }
        }
        assert_eq!(noted, [600, 900, 920, 1500], "tenths of a second: a minute, an event, two more within two seconds, a later one");
    }
}
