//! Finished pixels into the tensor, whatever its layout.

use super::super::contract::{Colour, InputSpec, Layout};
use super::super::region::Placement;
use super::pixels::Pixels;

/// What a tensor holds.
pub(super) trait Number: Copy + PartialEq {
    /// The number for a byte of a channel.
    fn of(byte: u8, channel: usize, spec: &InputSpec) -> Self;

    /// Writes row `of` of the pixels with the channels side by side.
    fn interleave(pixels: &mut Pixels, of: usize, spec: &InputSpec, out: &mut [Self]);
}

impl Number for u8 {
    fn of(byte: u8, _: usize, _: &InputSpec) -> Self {
        byte
    }

    fn interleave(pixels: &mut Pixels, of: usize, _: &InputSpec, out: &mut [Self]) {
        pixels.bytes(of, out);
    }
}

impl Number for f32 {
    fn of(byte: u8, channel: usize, spec: &InputSpec) -> Self {
        (Self::from(byte) - spec.mean[channel]) * spec.scale[channel]
    }

    fn interleave(pixels: &mut Pixels, of: usize, spec: &InputSpec, out: &mut [Self]) {
        for (out, &[a, b, c]) in out.as_chunks_mut::<3>().0.iter_mut().zip(pixels.row(of)) {
            *out = [Self::of(a, 0, spec), Self::of(b, 1, spec), Self::of(c, 2, spec)];
        }
    }
}

/// Writes finished rows into the tensor and paints what the picture does not cover.
pub(super) struct Sink<'a, T> {
    values: &'a mut [T],
    spec: &'a InputSpec,
    width: usize,
    height: usize,
    left: usize,
    top: usize,
    /// Columns that the picture covers.
    columns: usize,
    /// Rows that it covers.
    rows: usize,
}

impl<'a, T: Number> Sink<'a, T> {
    pub(super) fn new(values: &'a mut [T], placement: &Placement, spec: &'a InputSpec) -> Self {
        let (width, height) = (spec.width as usize, spec.height as usize);
        Self {
            values,
            spec,
            width,
            height,
            left: placement.left as usize,
            top: placement.top as usize,
            columns: placement.width as usize,
            rows: placement.height as usize,
        }
    }

    /// Which colour comes first.
    pub(super) fn order(&self) -> Colour {
        self.spec.colour
    }

    /// Only the margins: the picture is written anyway.
    pub(super) fn pad(&mut self) {
        let (right, bottom) = (self.left + self.columns, self.top + self.rows);
        for row in 0..self.height {
            let inside = (self.top..bottom).contains(&row);
            let margins = if inside { [0..self.left, right..self.width] } else { [0..self.width, 0..0] };
            for margin in margins {
                self.paint(row, margin);
            }
        }
    }

    fn paint(&mut self, row: usize, columns: std::ops::Range<usize>) {
        if columns.is_empty() {
            return;
        }
        let colour = [0, 1, 2].map(|channel| T::of(self.spec.padding, channel, self.spec));
        let start = row * self.width;
        match self.spec.layout {
            Layout::Nhwc => {
                let span = (start + columns.start) * 3..(start + columns.end) * 3;
                let values = &mut self.values[span];
                // Grey, as it usually is, goes in one piece.
                if colour == [colour[0]; 3] {
                    values.fill(colour[0]);
                } else {
                    values.as_chunks_mut::<3>().0.fill(colour);
                }
            }
            Layout::Nchw => {
                for (channel, value) in colour.into_iter().enumerate() {
                    let plane = channel * self.width * self.height + start;
                    self.values[plane + columns.start..plane + columns.end].fill(value);
                }
            }
        }
    }

    /// Row `of` of the pixels is the picture's row `row`.
    pub(super) fn row(&mut self, row: usize, pixels: &mut Pixels, of: usize) {
        let start = (self.top + row) * self.width + self.left;
        match self.spec.layout {
            Layout::Nhwc => T::interleave(pixels, of, self.spec, &mut self.values[start * 3..(start + self.columns) * 3]),
            Layout::Nchw => {
                let pixels = pixels.row(of);
                for (channel, plane) in self.values.chunks_exact_mut(self.width * self.height).enumerate() {
                    for (out, pixel) in plane[start..].iter_mut().zip(pixels) {
                        *out = T::of(pixel[channel], channel, self.spec);
                    }
                }
            }
        }
    }
}
