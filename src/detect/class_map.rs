//! From the model's class numbers to ours.

use std::collections::BTreeMap;

use crate::base::class::Class;

use super::contract::ClassName;

/// Which class numbers of a model matter, both ways round.
#[derive(Clone, Debug)]
pub(super) struct ClassMap {
    /// Wanted numbers in rising order.
    wanted: Vec<(usize, Class)>,
    /// Index is the model's number.
    by_number: Vec<Option<Class>>,
}

impl ClassMap {
    /// From the contract's table.
    pub(super) fn new(table: &BTreeMap<ClassName, Vec<u16>>) -> Self {
        let mut wanted: Vec<(usize, Class)> =
            table.iter().flat_map(|(name, numbers)| numbers.iter().map(|&number| (usize::from(number), name.0))).collect();
        wanted.sort_unstable();
        let mut by_number = vec![None; wanted.last().map_or(0, |last| last.0 + 1)];
        for &(number, class) in &wanted {
            by_number[number] = Some(class);
        }
        Self { wanted, by_number }
    }

    /// Our class for a number the model gave.
    pub(super) fn class(&self, number: i64) -> Option<Class> {
        self.by_number.get(usize::try_from(number).ok()?).copied().flatten()
    }

    /// The best of the wanted classes, where `score` reads the model's score of a class number. The lowest number wins a tie.
    pub(super) fn best(&self, score: impl Fn(usize) -> f32) -> (Class, f32) {
        let (first, rest) = self.wanted.split_first().expect("a contract names at least one class number, checked when read");
        rest.iter().fold((first.1, score(first.0)), |best, &(number, class)| {
            let score = score(number);
            if score > best.1 { (class, score) } else { best }
        })
    }

    /// Refuses a model with fewer classes than the contract names.
    pub(super) fn check_fits(&self, classes: i64) -> Result<(), String> {
        let highest = self.by_number.len() as i64 - 1;
        if highest < classes {
            return Ok(());
        }
        Err(format!("`classes` names number {highest}, but the model has {classes} classes, counted from 0"))
    }
}
