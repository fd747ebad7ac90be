//! People: how many are in one place.

mod covered;
pub mod crowd_count;

pub(crate) use covered::Usual as UsualCover;

#[cfg(test)]
mod tests;
