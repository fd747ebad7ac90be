//! Points, rectangles, lines and polygons, each in a named coordinate space.
//!
//! Mixing spaces does not compile: only the value that knows how (a [`FrameSize`], a letterbox) converts.

use std::fmt;
use std::marker::PhantomData;

/// Pixels of the source picture, origin top left, x to the right, y down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pixel {}
/// 0..1 of the source picture's width and height: what configuration files say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Norm {}
/// Pixels of the model's input tensor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Model {}
/// Metres on a flat ground, origin and axes as a camera's calibration chose them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Metre {}

/// A point in space `S`.
pub struct Point<S> {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
    space: PhantomData<S>,
}

impl<S> Point<S> {
    /// At `x`, `y`.
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y, space: PhantomData }
    }

    /// Distance to `other`, in the unit of the space.
    pub fn distance(self, other: Self) -> f32 {
        self.distance_stretched(other, 1.0)
    }

    /// The same where a length up or down is worth `stretch` of them across.
    pub fn distance_stretched(self, other: Self, stretch: f32) -> f32 {
        (self.x - other.x).hypot(stretch * (self.y - other.y))
    }
}

/// An upright rectangle in space `S`. Width and height may be zero, never negative when made by [`Rect::new`].
pub struct Rect<S> {
    /// Left edge.
    pub left: f32,
    /// Top edge.
    pub top: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    space: PhantomData<S>,
}

impl<S> Rect<S> {
    /// From the top left corner and the size; a negative size becomes zero.
    pub const fn new(left: f32, top: f32, width: f32, height: f32) -> Self {
        Self { left, top, width: width.max(0.0), height: height.max(0.0), space: PhantomData }
    }

    /// From two opposite corners, left/top first.
    pub const fn from_corners(left: f32, top: f32, right: f32, bottom: f32) -> Self {
        Self::new(left, top, right - left, bottom - top)
    }

    /// Right edge.
    pub fn right(self) -> f32 {
        self.left + self.width
    }

    /// Bottom edge.
    pub fn bottom(self) -> f32 {
        self.top + self.height
    }

    /// Area in square units of the space.
    pub fn area(self) -> f32 {
        self.width * self.height
    }

    /// Middle of the rectangle.
    pub fn center(self) -> Point<S> {
        Point::new(self.left + self.width / 2.0, self.top + self.height / 2.0)
    }

    /// Middle of the bottom edge: where the object stands on the ground.
    pub fn foot(self) -> Point<S> {
        Point::new(self.left + self.width / 2.0, self.top + self.height)
    }

    /// The common part, if there is any.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let left = self.left.max(other.left);
        let top = self.top.max(other.top);
        let right = self.right().min(other.right());
        let bottom = self.bottom().min(other.bottom());
        (right > left && bottom > top).then(|| Self::from_corners(left, top, right, bottom))
    }

    /// Intersection over union, 0..=1.
    pub fn iou(self, other: Self) -> f32 {
        let common = self.intersection(other).map_or(0.0, Self::area);
        let union = self.area() + other.area() - common;
        if union > 0.0 { common / union } else { 0.0 }
    }

    /// On the way to `other`, each side by the same share: 0 is this rectangle, 1 the other.
    pub fn towards(self, other: Self, share: f32) -> Self {
        let between = |from: f32, to: f32| from + (to - from) * share;
        Self::new(
            between(self.left, other.left),
            between(self.top, other.top),
            between(self.width, other.width),
            between(self.height, other.height),
        )
    }

    /// Share of this rectangle that lies inside `other`, 0..=1.
    pub fn share_inside(self, other: Self) -> f32 {
        let area = self.area();
        if area > 0.0 { self.intersection(other).map_or(0.0, Self::area) / area } else { 0.0 }
    }
}

/// A straight line segment from `a` to `b` in space `S`.
pub struct Line<S> {
    /// First end.
    pub a: Point<S>,
    /// Second end.
    pub b: Point<S>,
}

impl<S> Line<S> {
    /// From `a` to `b`.
    pub const fn new(a: Point<S>, b: Point<S>) -> Self {
        Self { a, b }
    }

    /// Length, in the unit of the space.
    pub fn length(self) -> f32 {
        self.a.distance(self.b)
    }

    /// Signed distance of `p` from the infinite line; positive on the right-hand side when walking from `a` to `b` with y down.
    pub fn signed_distance(self, p: Point<S>) -> f32 {
        let (dx, dy) = (self.b.x - self.a.x, self.b.y - self.a.y);
        let length = dx.hypot(dy);
        if length > 0.0 { (dx * (p.y - self.a.y) - dy * (p.x - self.a.x)) / length } else { 0.0 }
    }

    /// Where along the segment the foot of `p`'s perpendicular falls: 0 at `a`, 1 at `b`, outside that range beyond the ends.
    pub fn along(self, p: Point<S>) -> f32 {
        let (dx, dy) = (self.b.x - self.a.x, self.b.y - self.a.y);
        let squared = dx * dx + dy * dy;
        if squared > 0.0 { ((p.x - self.a.x) * dx + (p.y - self.a.y) * dy) / squared } else { 0.0 }
    }
}

/// A simple polygon in space `S`, at least three corners, checked when configured.
#[derive(Clone, PartialEq)]
pub struct Polygon<S> {
    corners: Vec<Point<S>>,
}

impl<S> Polygon<S> {
    /// `None` with fewer than three corners.
    pub fn new(corners: Vec<Point<S>>) -> Option<Self> {
        (corners.len() >= 3).then_some(Self { corners })
    }

    /// The corners in order.
    pub fn corners(&self) -> &[Point<S>] {
        &self.corners
    }

    /// Whether `p` lies inside (even-odd rule).
    pub fn contains(&self, p: Point<S>) -> bool {
        let mut inside = false;
        let mut previous = *self.corners.last().expect("three corners, checked in new");
        for &corner in &self.corners {
            if (corner.y > p.y) != (previous.y > p.y)
                && p.x < (previous.x - corner.x) * (p.y - corner.y) / (previous.y - corner.y) + corner.x
            {
                inside = !inside;
            }
            previous = corner;
        }
        inside
    }

    /// Area in square units of the space (shoelace formula).
    pub fn area(&self) -> f32 {
        let next = self.corners.iter().cycle().skip(1);
        let doubled: f32 = self.corners.iter().zip(next).map(|(p, q)| p.x * q.y - q.x * p.y).sum();
        doubled.abs() / 2.0
    }
}

/// Width and height of a source picture, in pixels; the one thing that converts between [`Norm`] and [`Pixel`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FrameSize {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl FrameSize {
    /// `width` × `height` pixels.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// To pixels of this picture.
    pub fn to_pixel(self, p: Point<Norm>) -> Point<Pixel> {
        Point::new(p.x * self.width as f32, p.y * self.height as f32)
    }

    /// To shares of this picture.
    pub fn to_norm(self, p: Point<Pixel>) -> Point<Norm> {
        Point::new(p.x / self.width as f32, p.y / self.height as f32)
    }

    /// A line in pixels of this picture.
    pub fn line_to_pixel(self, line: Line<Norm>) -> Line<Pixel> {
        Line::new(self.to_pixel(line.a), self.to_pixel(line.b))
    }

    /// A polygon in pixels of this picture.
    pub fn polygon_to_pixel(self, polygon: &Polygon<Norm>) -> Polygon<Pixel> {
        Polygon { corners: polygon.corners.iter().map(|&p| self.to_pixel(p)).collect() }
    }
}

impl fmt::Display for FrameSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.width, self.height)
    }
}

// Derives would ask for `S: Copy` and so on, although `S` is only a name.
macro_rules! plain_value {
    ($name:ident, $($field:ident),+) => {
        impl<S> Clone for $name<S> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<S> Copy for $name<S> {}
        impl<S> PartialEq for $name<S> {
            fn eq(&self, other: &Self) -> bool {
                $(self.$field == other.$field)&&+
            }
        }
        impl<S> fmt::Debug for $name<S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))$(.field(stringify!($field), &self.$field))+.finish()
            }
        }
    };
}
plain_value!(Point, x, y);
plain_value!(Rect, left, top, width, height);
plain_value!(Line, a, b);

impl<S> fmt::Debug for Polygon<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.corners).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iou_is_symmetric_and_one_for_the_same_box() {
        let a = Rect::<Pixel>::new(0.0, 0.0, 10.0, 10.0);
        let b = Rect::new(5.0, 0.0, 10.0, 10.0);
        assert!((a.iou(b) - 1.0 / 3.0).abs() < 1e-6);
        assert_eq!(a.iou(b), b.iou(a));
        assert_eq!(a.iou(a), 1.0);
        assert_eq!(a.iou(Rect::new(20.0, 0.0, 1.0, 1.0)), 0.0);
    }

    #[test]
    fn a_polygon_knows_its_inside_and_its_area() {
        let l_shape = [(0.0, 0.0), (4.0, 0.0), (4.0, 1.0), (1.0, 1.0), (1.0, 4.0), (0.0, 4.0)];
        let polygon = Polygon::<Pixel>::new(l_shape.iter().map(|&(x, y)| Point::new(x, y)).collect()).expect("six corners");
        assert!(polygon.contains(Point::new(0.5, 3.0)));
        assert!(!polygon.contains(Point::new(3.0, 3.0)));
        assert_eq!(polygon.area(), 7.0);
    }

    #[test]
    fn the_side_of_a_line_changes_sign_across_it() {
        let line = Line::<Pixel>::new(Point::new(10.0, 0.0), Point::new(10.0, 20.0));
        assert_eq!(line.signed_distance(Point::new(7.0, 5.0)), 3.0);
        assert_eq!(line.signed_distance(Point::new(12.0, 5.0)), -2.0);
        assert_eq!(line.along(Point::new(3.0, 5.0)), 0.25);
    }
}
