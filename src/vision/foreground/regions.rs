//! Connected pixels that show something new that stays.

use super::layers::{Layers, STAYS};
use crate::base::foreground::StaticRegion;
use crate::base::geom::{FrameSize, Rect};

/// More than this at once nobody looks through.
pub(super) const MOST: usize = 48;
/// Fewer reduced pixels than this are noise.
const FEWEST: u32 = 6;
/// Below this share of the edges that the background has along its rim something went, and what is seen is the ground below it.
const WENT: f32 = 0.75;
/// So many pixels out of its rim a region is over.
const AROUND: usize = 3;
/// Levels of luma that are no edge.
const FLAT: f32 = 2.0;

/// Reused from look to look.
#[derive(Debug, Default)]
pub(super) struct Finder {
    visited: Vec<bool>,
    members: Vec<u32>,
}

/// What is summed up over a region.
#[derive(Clone, Copy, Debug)]
struct Sums {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
    visible: u32,
    secs: f32,
    spare_secs: f32,
    /// Pairs of a pixel in it and one beside it, and how much their luma differs, now and in the background.
    rim: f32,
    edges: f32,
    edges_before: f32,
    ratio: f32,
    ratio_squares: f32,
}

impl Finder {
    pub(super) fn begin(&mut self, pixels: usize) {
        self.visited.clear();
        self.visited.resize(pixels, false);
        self.members.clear();
        // A region is no larger than the picture.
        self.members.reserve(pixels);
    }

    /// Finds all regions. Where something went, the ground that it had hidden becomes background at once.
    pub(super) fn find(&mut self, layers: &mut Layers, size: FrameSize, out: &mut Vec<StaticRegion>) {
        self.visited.fill(false);
        let scale = size.width as f32 / layers.width().max(1) as f32;
        for at in 0..self.visited.len() {
            if self.visited[at] || layers.staying(at).is_none() || out.len() == MOST {
                continue;
            }
            self.gather(at, layers);
            if (self.members.len() as u32) < FEWEST {
                continue;
            }
            let sums = self.sum(layers);
            let count = self.members.len() as f32;
            let flat = FLAT * sums.rim.max(1.0);
            let edges = (sums.edges + flat) / (sums.edges_before + flat);
            if edges < WENT {
                self.members.iter().for_each(|&member| layers.settle(member as usize));
                continue;
            }
            out.push(sums.region(count, edges, scale));
        }
    }

    /// The pixels connected with `first`, corners included.
    fn gather(&mut self, first: usize, layers: &Layers) {
        let width = layers.width();
        self.members.clear();
        self.members.push(first as u32);
        self.visited[first] = true;
        let mut next = 0;
        while let Some(&at) = self.members.get(next) {
            next += 1;
            let (x, at) = (at as usize % width, at as usize);
            for dx in -1isize..=1 {
                if !(0..width as isize).contains(&(x as isize + dx)) {
                    continue;
                }
                for beside in [
                    (at + width).checked_add_signed(dx),
                    at.checked_add_signed(dx),
                    at.checked_sub(width).and_then(|up| up.checked_add_signed(dx)),
                ] {
                    let Some(beside) = beside.filter(|&beside| beside < self.visited.len()) else { continue };
                    if !self.visited[beside] && layers.staying(beside).is_some() {
                        self.visited[beside] = true;
                        self.members.push(beside as u32);
                    }
                }
            }
        }
    }

    fn sum(&self, layers: &Layers) -> Sums {
        let (width, background) = (layers.width(), layers.background());
        let mut sums = Sums {
            left: width,
            right: 0,
            top: usize::MAX,
            bottom: 0,
            visible: 0,
            secs: 0.0,
            spare_secs: 0.0,
            rim: 0.0,
            edges: 0.0,
            edges_before: 0.0,
            ratio: 0.0,
            ratio_squares: 0.0,
        };
        for &at in &self.members {
            let at = at as usize;
            let (x, y) = (at % width, at / width);
            (sums.left, sums.right) = (sums.left.min(x), sums.right.max(x));
            (sums.top, sums.bottom) = (sums.top.min(y), sums.bottom.max(y));
            sums.visible += u32::from(layers.states()[at] == STAYS);
            sums.secs += layers.front_secs(at);
            sums.spare_secs += layers.spare_secs(at);
            let Some(front) = layers.staying(at) else { continue };
            let ratio = (front / background[at]).max(1e-3).ln();
            sums.ratio += ratio;
            sums.ratio_squares += ratio * ratio;
            self.add_rim((at, x, front), layers, &mut sums);
        }
        sums
    }

    /// Adds what a pixel at the rim says: luma in the region and a few pixels out of it, now and in the background. Right beside it trembling and codecs mix them.
    fn add_rim(&self, (at, x, front): (usize, usize, f32), layers: &Layers, sums: &mut Sums) {
        let (width, background) = (layers.width(), layers.background());
        let is_free = |beside: &usize| layers.staying(*beside).is_none();
        let left = |by: usize| (x >= by).then(|| at - by);
        let right = |by: usize| (x + by < width).then_some(at + by);
        let up = |by: usize| at.checked_sub(by * width);
        let down = |by: usize| Some(at + by * width).filter(|down| *down < background.len());
        let ways = [(left(1), left(AROUND)), (right(1), right(AROUND)), (up(1), up(AROUND)), (down(1), down(AROUND))];
        for (beside, around) in ways {
            let (Some(_), Some(around)) = (beside.filter(is_free), around.filter(is_free)) else { continue };
            sums.rim += 1.0;
            sums.edges += (front - background[around]).abs();
            sums.edges_before += (background[at] - background[around]).abs();
        }
    }
}

impl Sums {
    fn region(&self, count: f32, edges: f32, scale: f32) -> StaticRegion {
        let (columns, rows) = ((self.right - self.left + 1) as f32, (self.bottom - self.top + 1) as f32);
        let mean = self.ratio / count;
        StaticRegion {
            rect: Rect::new(self.left as f32 * scale, self.top as f32 * scale, columns * scale, rows * scale),
            fill: count / (columns * rows),
            seen_secs: self.secs / count,
            spare_secs: self.spare_secs / count,
            visible: self.visible as f32 / count,
            edges,
            brightness: mean.exp(),
            scatter: (self.ratio_squares / count - mean * mean).max(0.0).sqrt(),
        }
    }
}
