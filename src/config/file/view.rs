//! The text about watching over a camera's view.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration::DurationText;
use crate::config::settings::ViewSettings;

/// Watching over the view: whether the camera was moved, covered, blurred, left in the dark, or repeats one picture. While it is, its rules rest and
/// its open events end as `cameraLost`; they go on by themselves when the view is back. The first view that is steady after the very first start is home.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ViewFile {
    /// Whether the view is watched over; not for a camera that is meant to turn. Off unless asked for: on half an hour made from films that it had
    /// not seen it was wrong once, and while it is wrong nothing else is told.
    pub watch: bool,
    /// How far the picture may stray from home on average before it counts as moved, as share of its width, 0.005 to 0.1.
    /// Raise it for a pole that sways in the wind; then a camera that was knocked a little counts at wrong places for longer.
    pub tolerance: f32,
    /// How long something must be wrong before it is said, 2 s to 10 min. Raise it where lorries stop right in front of the camera.
    pub notice_after: DurationText,
    /// How long the view must be right again before the rules go on, 2 s to 10 min.
    pub resume_after: DurationText,
    /// How long exactly the same picture must be repeated to count as frozen, 3 s to 1 h. Raise it for a camera whose encoder repeats pictures of
    /// an empty road.
    pub frozen_after: DurationText,
    /// Below this share of home's usual sharpness the picture counts as blurred, 0 to 0.9. Lower it where fog and rain are nothing to report; 0 never reports.
    pub sharpness: f32,
    /// Where all but the brightest fiftieth of the picture is darker than this share of white, and no edge of home can be seen, it counts as dark, 0 to 0.5.
    pub dark: f32,
    /// How long another steady view must last before it becomes home by itself, 1 min to 30 d. Without it, a moved view stays `moved`
    /// until it is back, or lines or zones are drawn anew: they are right for one view only. A restart does not change home.
    #[schemars(extend("x-example" = "12h"))]
    pub accept_after: Option<DurationText>,
}

impl Default for ViewFile {
    fn default() -> Self {
        let view = ViewSettings::default();
        let text = |duration: std::time::Duration| DurationText::from_millis(duration.as_millis() as u64);
        Self {
            watch: false,
            tolerance: view.tolerance,
            notice_after: text(view.notice_after),
            resume_after: text(view.resume_after),
            frozen_after: text(view.frozen_after),
            sharpness: view.sharpness,
            dark: view.dark,
            accept_after: view.accept_after.map(text),
        }
    }
}
