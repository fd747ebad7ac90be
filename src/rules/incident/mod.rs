//! Single things that an operator should look at.

mod against;
mod case;
mod lane;
mod offenders;
mod on_foot;
mod queue;
mod spot;
pub mod pedestrian_on_road;
pub mod stopped_vehicle;
pub mod wrong_way;
pub mod accident;
pub mod debris;
