//! How one camera's view is watched over.

use super::{Checker, below};
use crate::config::file::DurationText;
use crate::config::file::camera::CameraFile;
use crate::config::file::view::ViewFile;
use crate::config::settings::ViewSettings;

impl Checker<'_> {
    /// `None` for a view that is taken for granted: switched off, or drawn.
    pub(super) fn view(&mut self, path: &str, camera: &CameraFile) -> Option<ViewSettings> {
        let ViewFile { watch, tolerance, notice_after, resume_after, frozen_after, sharpness, dark, accept_after } = camera.view;
        let (second, minute) = (DurationText::from_secs, |minutes: u64| DurationText::from_secs(60 * minutes));
        let patience = second(2)..=minute(10);
        let settings = ViewSettings {
            tolerance: self.number(&below(path, "tolerance"), tolerance, 0.005..=0.1),
            notice_after: self.duration(&below(path, "notice_after"), notice_after, patience.clone()),
            resume_after: self.duration(&below(path, "resume_after"), resume_after, patience),
            frozen_after: self.duration(&below(path, "frozen_after"), frozen_after, second(3)..=minute(60)),
            sharpness: self.number(&below(path, "sharpness"), sharpness, 0.0..=0.9),
            dark: self.number(&below(path, "dark"), dark, 0.0..=0.5),
            accept_after: accept_after.map(|after| self.duration(&below(path, "accept_after"), after, minute(1)..=minute(30 * 24 * 60))),
        };
        (watch && camera.simulated.is_none()).then_some(settings)
    }
}
