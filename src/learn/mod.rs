//! Lanes, approaches, stop lines, gates and movements of a junction, learned by watching its traffic: a proposal for people to review.
//!
//! The stages, a file each: what is seen ([`Watch`]) → the camera guessed from sizes ([`View`]) → ways on the plan ([`Journey`]) → arms → lanes and stop
//! lines ([`Junction`]) → movements → a proposal in shares of the picture ([`Proposal`]) → configuration text ([`configuration`]), a picture ([`draw`]).
//!
//! Everything is in car lengths on a plan of the road. That the road is flat and straight before the junction, that vehicles have usual sizes and that
//! the camera hangs level (no roll) is taken for granted; nothing else is.

mod arms;
mod bridges;
mod cells;
mod clip;
mod document;
mod gates;
mod journey;
mod junction;
mod lanes;
mod legend;
mod movements;
mod names;
mod picture;
mod plan;
mod proposal;
mod remark;
mod road;
mod sizes;
mod step;
mod stop_line;
mod swaps;
mod table;
mod watch;
mod words;

pub use arms::Way;
pub use document::{Counting, configuration};
pub use journey::{Journey, Spot};
pub use junction::{Junction, LearnedArm, Side};
pub use lanes::{Lane, Lanes};
pub use movements::{Known, Movement, Passage};
pub use picture::draw;
pub use plan::{L_M, Place, Plan, View};
pub use proposal::{Given, LineUse, NamedGate, NamedLine, NamedMovement, Piece, PieceUse, Proposal};
pub use remark::{NothingLearned, Remark};
pub use road::{OnRoad, Road};
pub use step::Step;
pub use stop_line::StopLine;
pub use table::write_passages;
pub use watch::{Sighting, Watch, Watched};

/// Everything that was learned, on the plan.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The camera as guessed.
    pub view: View,
    /// Ways of all that moved.
    pub journeys: Vec<Journey>,
    /// Arms with lanes.
    pub junction: Junction,
    /// Who went from where to where.
    pub passages: Vec<Passage>,
    /// The same, added up, with typical paths.
    pub movements: Vec<Movement>,
}

/// Fewer vehicles that moved say nothing.
const FEWEST_JOURNEYS: usize = 10;

/// Works out what the traffic says about the place.
///
/// # Errors
/// [`NothingLearned`] when it says nothing, with what was missing and what to do.
pub fn learn(watch: &Watch) -> Result<Learned, NothingLearned> {
    let seconds = watch.seconds();
    if watch.tracks.is_empty() {
        return Err(NothingLearned::NoVehicles { seconds });
    }
    let boxes = journey::sized_boxes(watch);
    if boxes.is_empty() {
        return Err(NothingLearned::NothingMoves { vehicles: watch.tracks.len(), seconds });
    }
    let journeys = View::fit(watch.size, &boxes).map(|view| (view, journey::journeys(watch, &view)));
    let Some((view, mut journeys)) = journeys.filter(|(_, journeys)| journeys.len() >= FEWEST_JOURNEYS) else {
        return Err(NothingLearned::TooFew { vehicles: watch.tracks.len(), seconds });
    };
    journeys = swaps::cut_returns(&Junction::of(&journeys), journeys);
    let junction = Junction::of(&journeys);
    if junction.arms.is_empty() {
        return Err(NothingLearned::NoRoad { vehicles: journeys.len() });
    }
    let (passages, movements) = movements::movements(&junction, &mut journeys);
    Ok(Learned { view, journeys, junction, passages, movements })
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
