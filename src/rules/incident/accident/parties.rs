//! Who took part: the one that was jolted, and at most one whom it touched. Kept in place, so that looking into a jolt allocates nothing.

use std::ops::{Deref, DerefMut};

use super::party::Party;

/// One or two of them, the jolted one first.
#[derive(Clone, Debug)]
pub(super) struct Parties {
    /// The second is a copy of the first while there is none.
    both: [Party; 2],
    number: usize,
}

impl Parties {
    /// The jolted one alone.
    pub(super) fn alone(first: Party) -> Self {
        Self { both: [first.clone(), first], number: 1 }
    }

    /// `other` is whom it touched, in place of anybody else.
    pub(super) fn join(&mut self, other: Party) {
        self.both[1] = other;
        self.number = 2;
    }
}

impl Deref for Parties {
    type Target = [Party];

    fn deref(&self) -> &[Party] {
        &self.both[..self.number]
    }
}

impl DerefMut for Parties {
    fn deref_mut(&mut self) -> &mut [Party] {
        &mut self.both[..self.number]
    }
}
