//! What the rules about flows and movements are told.

use std::time::Duration;

use crate::base::class::Class;
use crate::base::emp::EmpTable;
use crate::base::geom::{Line, Norm};
use crate::base::id::Slug;
use crate::base::los::LosTable;

/// Settings of the turning movements.
#[derive(Clone, Debug)]
pub struct MovementsSettings {
    /// Name of the rule.
    pub name: Slug,
    /// Arms of the junction, in the order of their ids; at least two.
    pub arms: Vec<Arm>,
    /// Where traffic passes from and to them.
    pub gates: Vec<Gate>,
    /// What is counted: vehicles.
    pub classes: Vec<Class>,
}

/// An arm of a junction.
#[derive(Clone, PartialEq, Debug)]
pub struct Arm {
    /// Configured id.
    pub id: Slug,
    /// As locals say it.
    pub name: String,
}

/// A line at the mouth of an arm.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Gate {
    /// The junction lies on its right-hand side, walking from its first end to its second.
    pub line: Line<Norm>,
    /// Of which arm, as a place in [`MovementsSettings::arms`].
    pub arm: usize,
    /// Who passes it.
    pub ways: Ways,
}

/// Which ways through a gate count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ways {
    /// Into the junction.
    In,
    /// Out of it.
    Out,
    /// Both.
    Both,
}

/// Settings of the measures of an approach.
#[derive(Clone, Debug)]
pub struct ApproachSettings {
    /// Name of the rule.
    pub name: Slug,
    /// Which zone; an approach with a stop line.
    pub zone: Slug,
    /// Cycle of the signal, where it is known.
    pub cycle: Option<Duration>,
    /// Effective green, where it is known.
    pub green: Option<Duration>,
    /// Saturation flow in smp per hour of green, where it is known.
    pub saturation_smp_h: Option<f64>,
    /// Passenger-car units (smp) of each class.
    pub emp: EmpTable,
    /// Where the levels of service are cut.
    pub los: LosTable,
}
