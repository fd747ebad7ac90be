//! What the configured view looks like: learned when it has been steady, followed as the light changes, never replaced in silence.

use serde::{Deserialize, Serialize};

use super::field::{EdgeField, HEIGHT, Vote, Votes, WIDTH};
use super::fit::Similarity;
use super::picture::Figures;

/// Looks that must agree before a view counts as steady: more seconds than most cameras' groups of pictures, within which a codec repeats its own noise.
const STEADY: u32 = 5;
/// Looks over which home is a mean, at least; then older ones fade: light changes within minutes.
const MEMORY: u32 = 60;
/// A correlation of at least this is a match.
pub(super) const MATCH: f32 = 0.5;

/// One view: its edges and its usual figures.
#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) edges: EdgeField,
    /// Blurred brightness, for telling a view that lost its edges from one that is covered.
    pub(super) luma: Vec<f32>,
    /// Usual sharpness.
    pub(super) sharpness: f32,
    /// Usual change of the middle block from look to look.
    pub(super) change: f32,
    /// How far following the light has moved it in all, in reduced pixels: so a view that sags does not take home with it.
    pub(super) drift: (f32, f32),
    looks: u32,
}

/// Home as it is kept for the next run of the program: rounded to what comparing looks at.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HomeMemory {
    edges: Vec<i8>,
    luma: Vec<u8>,
    sharpness: f32,
    change: f32,
    drift: (f32, f32),
    looks: u32,
}

impl Home {
    /// For the next run of the program.
    pub(super) fn memory(&self) -> HomeMemory {
        HomeMemory {
            edges: self.edges.whole_numbers(),
            luma: self.luma.iter().map(|luma| luma.round() as u8).collect(),
            sharpness: self.sharpness,
            change: self.change,
            drift: self.drift,
            looks: self.looks,
        }
    }

    /// As an earlier run kept it; `None` when the picture was reduced to another size.
    pub(super) fn recalled(memory: &HomeMemory) -> Option<Self> {
        if memory.luma.len() != WIDTH * HEIGHT {
            return None;
        }
        Some(Self {
            edges: EdgeField::from_whole_numbers(&memory.edges)?,
            luma: memory.luma.iter().map(|luma| f32::from(*luma)).collect(),
            sharpness: memory.sharpness,
            change: memory.change,
            drift: memory.drift,
            looks: memory.looks.clamp(STEADY, MEMORY),
        })
    }

    /// As one picture shows it.
    pub(super) fn of(edges: &EdgeField, luma: &[f32], figures: &Figures) -> Self {
        let (edges, luma) = (edges.clone(), luma.to_vec());
        Self { edges, luma, sharpness: figures.sharpness, change: figures.change.middle, drift: (0.0, 0.0), looks: 1 }
    }

    /// Whether it has been seen often enough to be trusted.
    pub(super) fn is_steady(&self) -> bool {
        self.looks >= STEADY
    }

    /// Begins anew with another picture, in the same memory.
    pub(super) fn restart(&mut self, edges: &EdgeField, luma: &[f32], figures: &Figures) {
        self.looks = 0;
        self.drift = (0.0, 0.0);
        self.learn(edges, luma, figures, (0.0, 0.0));
    }

    /// Takes another picture of the same view, which lies `shift` reduced pixels off.
    pub(super) fn learn(&mut self, edges: &EdgeField, luma: &[f32], figures: &Figures, shift: (f32, f32)) {
        self.looks = (self.looks + 1).min(MEMORY);
        let share = 1.0 / self.looks as f32;
        self.edges.blend(edges, share);
        self.luma.iter_mut().zip(luma).for_each(|(mean, new)| *mean += share * (new - *mean));
        self.sharpness += share * (figures.sharpness - self.sharpness);
        self.change += share * (figures.change.middle - self.change);
        self.drift = (self.drift.0 + share * shift.0, self.drift.1 + share * shift.1);
    }
}

/// How well a picture fits home, in figures.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Likeness {
    /// Places where home has edges, both axes together.
    pub(super) textured: usize,
    /// Share of them that shows nothing now.
    pub(super) blank: f32,
    /// Of what shows something, the share that matches: upright and level edges apart, the lower one; `None` when too little shows something.
    pub(super) agree: Option<f32>,
    /// The similarity between them, when enough matched.
    pub(super) fit: Option<Similarity>,
}

impl Likeness {
    /// Sums up the votes; `stretch` is the height of a reduced pixel in its widths.
    pub(super) fn of(votes: &Votes, stretch: f32) -> Self {
        let fit = Similarity::fit(votes, MATCH, stretch);
        let (mut textured, mut blank, mut agree): (usize, usize, Option<f32>) = (0, 0, None);
        for (axis, votes) in votes.iter().enumerate() {
            let (mut seen, mut matched) = (0, 0);
            for (block, vote) in votes.iter().enumerate() {
                match *vote {
                    Vote::Nothing => continue,
                    Vote::Blank => blank += 1,
                    Vote::Seen { score, offset } => {
                        seen += 1;
                        // Some place nearby looks alike in any view; that all of them lie as one picture would is no chance.
                        let fits = fit.is_none_or(|fit| fit.explains(axis, block, offset, stretch));
                        matched += usize::from(score >= MATCH && fits);
                    }
                }
                textured += 1;
            }
            // Few edges of one kind say little: then the other kind decides.
            if seen >= FEW {
                let share = matched as f32 / seen as f32;
                agree = Some(agree.map_or(share, |other| other.min(share)));
            }
        }
        Self { textured, blank: blank as f32 / textured.max(1) as f32, agree, fit }
    }
}

/// Votes of one axis that are too few to go by.
const FEW: usize = 4;
