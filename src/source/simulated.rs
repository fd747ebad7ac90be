//! Draws the invented junction: a source that needs no camera, marked SIMULASI in letters nobody can overlook.

use std::time::Duration;

use super::junction::{Heading, Junction, Light, MAIN_ROAD, SIDE_ROAD, SIZE, STEPS_PER_SECOND, STOP_LINE, SceneObject, hash};
use crate::base::class::Class;
use crate::base::time::{MediaTime, Stamp, WallTime};
use crate::decode::{Frame, I420};

/// Frames of the drawn junction for ever, ten a second by their stamps, numbers from 1.
pub struct SimulatedFrames {
    junction: Junction,
    background: Canvas,
    start_wall: WallTime,
    number: u64,
}

impl SimulatedFrames {
    /// The same seed draws the same traffic; the first frame is taken at `start_wall`.
    pub fn new(seed: u64, start_wall: WallTime) -> Self {
        Self { junction: Junction::new(seed), background: background(), start_wall, number: 0 }
    }
}

impl Iterator for SimulatedFrames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let since = Duration::from_millis(self.number * 1000 / STEPS_PER_SECOND);
        self.number += 1;
        let stamp = Stamp { media: MediaTime::ZERO + since, wall: self.start_wall + since };
        let objects = self.junction.objects_at(stamp.media);
        let mut canvas = self.background.clone();
        draw_lights(&mut canvas, &self.junction);
        objects.iter().for_each(|object| draw(&mut canvas, object));
        Some(Frame::from_i420(stamp, 1, self.number, I420 { size: SIZE, y: canvas.y, u: canvas.u, v: canvas.v }))
    }
}

/// Red, green, blue.
#[derive(Clone, Copy)]
struct Rgb(u8, u8, u8);

const GRASS: Rgb = Rgb(104, 132, 88);
const PAVING: Rgb = Rgb(170, 160, 146);
const ASPHALT: Rgb = Rgb(74, 76, 80);
const WHITE: Rgb = Rgb(228, 228, 224);
const GLASS: Rgb = Rgb(40, 52, 64);
const LAMP_RED: Rgb = Rgb(236, 40, 36);
const LAMP_GREEN: Rgb = Rgb(40, 210, 90);
const SKIN: Rgb = Rgb(176, 126, 92);

/// A picture of the junction's size, planar 4:2:0, limited range BT.601.
#[derive(Clone)]
struct Canvas {
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
}

const WIDTH: usize = SIZE.width as usize;
const HEIGHT: usize = SIZE.height as usize;

impl Canvas {
    fn filled(colour: Rgb) -> Self {
        let (y, u, v) = yuv(colour);
        Self { y: vec![y; WIDTH * HEIGHT], u: vec![u; WIDTH * HEIGHT / 4], v: vec![v; WIDTH * HEIGHT / 4] }
    }

    /// Fills from left/top to right/bottom, clipped to the picture.
    fn fill(&mut self, [left, top, right, bottom]: [f32; 4], colour: Rgb) {
        let (y, u, v) = yuv(colour);
        let (columns, rows) = (clip(left, right, WIDTH), clip(top, bottom, HEIGHT));
        for row in rows.clone() {
            self.y[row * WIDTH..][columns.clone()].fill(y);
        }
        let halves = columns.start / 2..columns.end.div_ceil(2);
        for row in rows.start / 2..rows.end.div_ceil(2) {
            self.u[row * WIDTH / 2..][halves.clone()].fill(u);
            self.v[row * WIDTH / 2..][halves.clone()].fill(v);
        }
    }

    /// Takes a third of the light away.
    fn shade(&mut self, [left, top, right, bottom]: [f32; 4]) {
        let columns = clip(left, right, WIDTH);
        for row in clip(top, bottom, HEIGHT) {
            for luma in &mut self.y[row * WIDTH..][columns.clone()] {
                *luma = 16 + (luma.saturating_sub(16) / 3) * 2;
            }
        }
    }
}

fn clip(from: f32, to: f32, limit: usize) -> std::ops::Range<usize> {
    // `as` saturates: what lies left of the picture becomes its edge.
    let (from, to) = ((from.round() as usize).min(limit), (to.round() as usize).min(limit));
    from..to.max(from)
}

/// ITU-R BT.601-7, section 2.5.1 and 2.5.3, 8 bits.
fn yuv(Rgb(r, g, b): Rgb) -> (u8, u8, u8) {
    let (r, g, b) = (f32::from(r), f32::from(g), f32::from(b));
    let y = 16.0 + 0.257 * r + 0.504 * g + 0.098 * b;
    let u = 128.0 - 0.148 * r - 0.291 * g + 0.439 * b;
    let v = 128.0 + 0.439 * r - 0.368 * g - 0.071 * b;
    (y as u8, u as u8, v as u8)
}

fn background() -> Canvas {
    let (width, height) = (WIDTH as f32, HEIGHT as f32);
    let ((top, bottom), (left, right)) = (MAIN_ROAD, SIDE_ROAD);
    let mut canvas = Canvas::filled(GRASS);
    let sidewalk = 40.0;
    canvas.fill([0.0, top - sidewalk, width, bottom + sidewalk], PAVING);
    canvas.fill([left - sidewalk, 0.0, right + sidewalk, height], PAVING);
    canvas.fill([60.0, 420.0, 350.0, 520.0], PAVING);
    canvas.fill([0.0, top, width, bottom], ASPHALT);
    canvas.fill([left, 0.0, right, height], ASPHALT);
    let (middle_x, middle_y) = ((left + right) / 2.0, (top + bottom) / 2.0);
    for dash in (0..48).map(|dash| dash as f32 * 20.0) {
        if dash + 12.0 < left - STOP_LINE || dash > right + STOP_LINE {
            canvas.fill([dash, middle_y - 1.5, dash + 20.0, middle_y + 1.5], WHITE);
            canvas.fill([dash, middle_y - 33.0, dash + 10.0, middle_y - 31.0], WHITE);
            canvas.fill([dash, middle_y + 31.0, dash + 10.0, middle_y + 33.0], WHITE);
        }
        if dash + 12.0 < top - STOP_LINE || dash > bottom + STOP_LINE {
            canvas.fill([middle_x - 1.5, dash, middle_x + 1.5, dash + 20.0], WHITE);
            canvas.fill([middle_x - 33.0, dash, middle_x - 31.0, dash + 10.0], WHITE);
            canvas.fill([middle_x + 31.0, dash, middle_x + 33.0, dash + 10.0], WHITE);
        }
    }
    markings(&mut canvas);
    letters(&mut canvas, "SIMULASI", (586.0, 440.0), 7.0);
    canvas
}

/// Stop lines and zebra crossings, which lie between stop line and crossing road.
fn markings(canvas: &mut Canvas) {
    let ((top, bottom), (left, right)) = (MAIN_ROAD, SIDE_ROAD);
    let (middle_x, middle_y) = ((left + right) / 2.0, (top + bottom) / 2.0);
    canvas.fill([left - STOP_LINE, top, left - STOP_LINE + 4.0, middle_y], WHITE);
    canvas.fill([right + STOP_LINE - 4.0, middle_y, right + STOP_LINE, bottom], WHITE);
    canvas.fill([middle_x, top - STOP_LINE, right, top - STOP_LINE + 4.0], WHITE);
    canvas.fill([left, bottom + STOP_LINE - 4.0, middle_x, bottom + STOP_LINE], WHITE);
    for stripe in (0..8).map(|stripe| stripe as f32 * 16.0 + 4.0) {
        canvas.fill([left - 26.0, top + stripe, left - 6.0, top + stripe + 8.0], WHITE);
        canvas.fill([right + 6.0, top + stripe, right + 26.0, top + stripe + 8.0], WHITE);
        canvas.fill([left + stripe, top - 26.0, left + stripe + 8.0, top - 6.0], WHITE);
        canvas.fill([left + stripe, bottom + 6.0, left + stripe + 8.0, bottom + 26.0], WHITE);
    }
}

fn draw_lights(canvas: &mut Canvas, junction: &Junction) {
    let ((top, bottom), (left, right)) = (MAIN_ROAD, SIDE_ROAD);
    let places = [
        (Heading::Right, left - STOP_LINE, top - 16.0),
        (Heading::Left, right + STOP_LINE - 10.0, bottom + 6.0),
        (Heading::Down, right + 6.0, top - STOP_LINE - 6.0),
        (Heading::Up, left - 16.0, bottom + STOP_LINE - 6.0),
    ];
    for (heading, x, y) in places {
        let lamp = if junction.light(heading) == Light::Green { LAMP_GREEN } else { LAMP_RED };
        canvas.fill([x - 2.0, y - 2.0, x + 12.0, y + 12.0], Rgb(24, 24, 26));
        canvas.fill([x, y, x + 10.0, y + 10.0], lamp);
    }
}

fn draw(canvas: &mut Canvas, object: &SceneObject) {
    let rect = object.rect;
    let bounds = [rect.left, rect.top, rect.right(), rect.bottom()];
    canvas.shade(bounds.map(|edge| edge + 4.0));
    let paint = paint(object);
    if object.class == Class::Person {
        let [left, top, right, bottom] = bounds;
        canvas.fill([left + 3.0, top, right - 3.0, top + 7.0], SKIN);
        canvas.fill([left, top + 7.0, right, bottom - 8.0], paint);
        canvas.fill([left + 2.0, bottom - 8.0, right - 2.0, bottom], GLASS);
        return;
    }
    if object.class == Class::Motorcycle {
        canvas.fill(part(object, [0.0, 1.0], [0.3, 0.7]), GLASS);
        canvas.fill(part(object, [0.25, 0.7], [0.0, 1.0]), paint);
        canvas.fill(part(object, [0.4, 0.65], [0.25, 0.75]), Rgb(20, 20, 24));
        return;
    }
    canvas.fill(bounds, paint);
    canvas.fill(part(object, [0.68, 0.82], [0.1, 0.9]), GLASS);
    if object.class == Class::Car {
        canvas.fill(part(object, [0.1, 0.2], [0.1, 0.9]), GLASS);
    }
    canvas.fill(part(object, [0.95, 1.0], [0.05, 0.25]), WHITE);
    canvas.fill(part(object, [0.95, 1.0], [0.75, 0.95]), WHITE);
}

/// A part of a vehicle: shares of its length from the rear, and of its width.
fn part(object: &SceneObject, along: [f32; 2], across: [f32; 2]) -> [f32; 4] {
    let rect = object.rect;
    let x = |share: f32| rect.left + share * rect.width;
    let y = |share: f32| rect.top + share * rect.height;
    match object.heading {
        Heading::Right => [x(along[0]), y(across[0]), x(along[1]), y(across[1])],
        Heading::Left => [x(1.0 - along[1]), y(across[0]), x(1.0 - along[0]), y(across[1])],
        Heading::Down => [x(across[0]), y(along[0]), x(across[1]), y(along[1])],
        Heading::Up => [x(across[0]), y(1.0 - along[1]), x(across[1]), y(1.0 - along[0])],
    }
}

fn paint(object: &SceneObject) -> Rgb {
    const CARS: [Rgb; 7] =
        [Rgb(216, 216, 214), Rgb(30, 32, 36), Rgb(150, 154, 160), Rgb(168, 34, 38), Rgb(32, 76, 140), Rgb(226, 226, 220), Rgb(120, 98, 72)];
    const CLOTHES: [Rgb; 5] = [Rgb(200, 60, 60), Rgb(60, 110, 190), Rgb(230, 190, 70), Rgb(90, 160, 110), Rgb(150, 90, 170)];
    let pick = hash(object.id) as usize;
    match object.class {
        Class::Bus => Rgb(40, 120, 180),
        Class::Truck => Rgb(222, 150, 40),
        Class::Person | Class::Motorcycle | Class::Bicycle => CLOTHES[pick % CLOTHES.len()],
        Class::Car => CARS[pick % CARS.len()],
    }
}

/// Letters of five by seven squares of `dot` pixels.
fn letters(canvas: &mut Canvas, text: &str, (left, top): (f32, f32), dot: f32) {
    for (place, letter) in text.chars().enumerate() {
        for (row, bits) in glyph(letter).into_iter().enumerate() {
            for column in (0..5).filter(|column| bits >> (4 - column) & 1 == 1) {
                let (x, y) = (left + (place * 6 + column) as f32 * dot, top + row as f32 * dot);
                canvas.fill([x, y, x + dot, y + dot], WHITE);
            }
        }
    }
}

/// Rows from the top, five bits each. Only the letters of the one word that is ever written.
fn glyph(letter: char) -> [u8; 7] {
    match letter {
        'S' => [0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110],
        'I' => [0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        'M' => [0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001],
        'U' => [0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110],
        'L' => [0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111],
        'A' => [0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001],
        _ => [0; 7],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_pixels() {
        let planes = |seed| {
            let frame = SimulatedFrames::new(seed, WallTime::from_micros(0)).nth(150).expect("endless");
            (frame.number(), frame.stamp().media.as_micros(), frame.planes().y.to_vec(), frame.planes().u.to_vec())
        };
        let first = planes(3);
        assert_eq!((first.0, first.1), (151, 15_000_000));
        assert!(first == planes(3));
        assert!(first != planes(4));
    }
}
