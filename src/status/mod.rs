//! Sideways, read-only: health, metrics and the local page.
