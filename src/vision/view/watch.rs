//! From impressions of single looks to a state that people can rely on: nothing is said before it lasted, nothing is taken back before it is over.

use std::fmt;
use std::time::Duration;

use super::fit::Transform;
use crate::base::time::{MediaTime, Stamp};
use crate::config::settings::ViewSettings;

/// Time between two looks that counts at most: what was not watched is not known.
const LONGEST_STEP: Duration = Duration::from_secs(3);

/// What is wrong with a view.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Trouble {
    /// It looks elsewhere: by how much, when that can be said.
    Moved(Option<Transform>),
    /// Something covers it.
    Obstructed,
    /// It is out of focus, wet or dirty.
    Blurred,
    /// There is nothing to see.
    Dark,
    /// The same picture comes again and again.
    Frozen,
}

impl Trouble {
    /// The word for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Moved(_) => "moved",
            Self::Obstructed => "obstructed",
            Self::Blurred => "blurred",
            Self::Dark => "dark",
            Self::Frozen => "frozen",
        }
    }
}

impl Trouble {
    /// What to do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Moved(_) => "turn it back to its place, or draw lines and zones anew for this view and start the agent again",
            Self::Obstructed => "see what is in front of the camera",
            Self::Blurred => "clean the glass, look at the focus",
            Self::Dark => "look at lamps, infrared light and exposure",
            Self::Frozen => "restart the camera",
        }
    }
}

/// For the person who repairs it.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moved(None) => f.write_str("the camera looks elsewhere"),
            Self::Moved(Some(by)) => write!(f, "the camera was moved, its picture lies {by}"),
            Self::Obstructed => f.write_str("something covers the view"),
            Self::Blurred => f.write_str("the picture is blurred"),
            Self::Dark => f.write_str("the picture is dark"),
            Self::Frozen => f.write_str("the same picture comes again and again"),
        }
    }
}

/// What one look says.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Impression {
    /// This is the view that was configured.
    Home,
    /// It cannot be told.
    Unsure,
    /// This is wrong.
    Wrong(Trouble),
}

/// Whether what was configured for a camera's view holds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ViewState {
    /// It holds, or nothing speaks against it.
    Holds,
    /// The last looks speak against it; too early to say.
    Doubtful,
    /// It does not hold.
    Lost {
        /// Why.
        trouble: Trouble,
        /// Since when, by the first look that showed it.
        since: Stamp,
    },
}

impl ViewState {
    /// The word for machines: `ok` unless it is lost for sure.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Holds | Self::Doubtful => "ok",
            Self::Lost { trouble, .. } => trouble.word(),
        }
    }
}

/// The state, and how long the looks have been speaking against it.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    notice_after: Duration,
    resume_after: Duration,
    state: ViewState,
    /// First look that said otherwise, and for how long looks have been saying so.
    against: Option<(Stamp, Duration)>,
    last: Option<MediaTime>,
}

impl Watch {
    pub(super) fn new(settings: &ViewSettings) -> Self {
        let (notice_after, resume_after) = (settings.notice_after, settings.resume_after);
        Self { notice_after, resume_after, state: ViewState::Holds, against: None, last: None }
    }

    pub(super) fn state(&self) -> ViewState {
        self.state
    }

    /// Another session: its times do not compare with ours.
    pub(super) fn restart(&mut self) {
        self.last = None;
        self.against = None;
        if self.state == ViewState::Doubtful {
            self.state = ViewState::Holds;
        }
    }

    /// Takes what the look at `now` says.
    pub(super) fn observe(&mut self, now: Stamp, impression: Impression) -> ViewState {
        let step = self.last.map_or(Duration::ZERO, |last| now.media.since(last)).min(LONGEST_STEP);
        self.last = Some(now.media);
        self.state = match (self.state, impression) {
            (state, Impression::Unsure) => state,
            (ViewState::Lost { trouble, since }, Impression::Wrong(other)) => {
                self.against = None;
                // What can be said better is said better; another trouble takes its place under the same beginning.
                ViewState::Lost { trouble: better(trouble, other), since }
            }
            (lost @ ViewState::Lost { .. }, Impression::Home) => {
                let (_, held) = self.hold(now, step);
                if held < self.resume_after { lost } else { self.settle() }
            }
            (_, Impression::Home) => self.settle(),
            (_, Impression::Wrong(trouble)) => {
                let (since, held) = self.hold(now, step);
                if held < self.notice_after {
                    ViewState::Doubtful
                } else {
                    self.against = None;
                    ViewState::Lost { trouble, since }
                }
            }
        };
        self.state
    }

    /// What needs no more waiting: its own measure took the time.
    pub(super) fn lose(&mut self, now: Stamp, trouble: Trouble) -> ViewState {
        self.last = Some(now.media);
        let since = self.against.map_or(now, |(since, _)| since);
        self.against = None;
        self.state = match self.state {
            ViewState::Lost { since, .. } => ViewState::Lost { trouble, since },
            ViewState::Holds | ViewState::Doubtful => ViewState::Lost { trouble, since },
        };
        self.state
    }

    fn hold(&mut self, now: Stamp, step: Duration) -> (Stamp, Duration) {
        let (since, held) = self.against.map_or((now, Duration::ZERO), |(since, held)| (since, held + step));
        self.against = Some((since, held));
        (since, held)
    }

    fn settle(&mut self) -> ViewState {
        self.against = None;
        ViewState::Holds
    }
}

/// A move whose size was known once keeps it while later looks cannot tell.
fn better(known: Trouble, new: Trouble) -> Trouble {
    match (known, new) {
        (Trouble::Moved(Some(_)), Trouble::Moved(None)) => known,
        (_, new) => new,
    }
}
