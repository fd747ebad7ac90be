//! The right to use the model for one frame. Whoever holds it holds a copy of the model; dropping it calls the next camera.

use super::pool::Lease;

/// One camera's turn.
pub struct Turn(Option<Lease>);

impl Turn {
    /// For a detector that nobody has to wait for.
    pub fn free() -> Self {
        Self(None)
    }

    pub(super) fn with(lease: Lease) -> Self {
        Self(Some(lease))
    }

    /// The copy; `None` for a turn that was made without one.
    pub(super) fn lease(self) -> Option<Lease> {
        self.0
    }
}
