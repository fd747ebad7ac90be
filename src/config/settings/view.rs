//! What watching over a camera's view is told.

use std::time::Duration;

/// When a view no longer counts as the one that was configured.
#[derive(Clone, PartialEq, Debug)]
pub struct ViewSettings {
    /// How far the picture may stray from home on average, as share of its width.
    pub tolerance: f32,
    /// How long something must be wrong before it is said and the rules are suspended for sure.
    pub notice_after: Duration,
    /// How long the view must be right again before the rules go on.
    pub resume_after: Duration,
    /// How long the very same picture must be repeated to count as frozen.
    pub frozen_after: Duration,
    /// Below this share of home's sharpness the picture counts as blurred.
    pub sharpness: f32,
    /// Where 98 of 100 points are darker than this share of white, the picture counts as dark.
    pub dark: f32,
    /// How long a new, steady view must last to become home by itself; `None`: never.
    pub accept_after: Option<Duration>,
}

impl Default for ViewSettings {
    fn default() -> Self {
        Self {
            tolerance: 0.0125,
            notice_after: Duration::from_secs(5),
            resume_after: Duration::from_secs(5),
            frozen_after: Duration::from_secs(7),
            sharpness: 0.4,
            dark: 0.08,
            accept_after: None,
        }
    }
}
