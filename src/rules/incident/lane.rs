//! The direction of the lane at a place.

use crate::base::geom::{FrameSize, Pixel, Point};
use crate::config::settings::Zone;
use crate::scene::{Flow, FlowField, Heading, Scene};

/// The zone's own direction, when it has one.
pub(super) fn configured(zone: &Zone, size: FrameSize) -> Option<Heading> {
    let line = zone.direction?;
    let (from, to) = (size.to_pixel(line.a), size.to_pixel(line.b));
    Heading::of(Point::new(to.x - from.x, to.y - from.y))
}

/// What the traffic at `place` has taught, when it is one direction.
pub(super) fn learned(flow: &FlowField, place: Point<Pixel>) -> Option<Heading> {
    match flow.at(place) {
        Flow::OneWay(lane) => Some(lane),
        Flow::Unknown | Flow::Mixed => None,
    }
}

/// The direction of traffic at `place` of `zone`, as far as it is known.
pub(super) fn lane_at(zone: &Zone, scene: &Scene<'_>, place: Point<Pixel>) -> Option<Heading> {
    configured(zone, scene.size).or_else(|| learned(scene.flow, place))
}
