//! Single things that an operator should look at.

mod spot;
pub mod stopped_vehicle;
