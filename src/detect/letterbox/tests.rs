//! Against the plain way: convert every pixel to RGB with floats, then blend four of them.

use proptest::prelude::*;

use crate::base::geom::FrameSize;
use crate::decode::{ColourMatrix, ColourRange, Planes};

use super::super::contract::{Colour, Element, Fit, InputSpec, Layout};
use super::super::inference::InputTensor;
use super::super::region::{Placement, Region};
use super::Letterbox;

struct Picture {
    size: FrameSize,
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
    range: ColourRange,
    matrix: ColourMatrix,
}

impl Picture {
    /// Noise: the worst case for a resize. A stride wider than the picture, as decoders have it.
    fn noise(size: FrameSize, seed: u32, range: ColourRange, matrix: ColourMatrix) -> Self {
        let mut state = seed | 1;
        let mut byte = move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 24) as u8
        };
        let (width, chroma) = ((size.width + 5) as usize, (size.width.div_ceil(2) + 3) as usize);
        let mut plane = |count: usize| -> Vec<u8> { (0..count).map(|_| byte()).collect() };
        let y = plane(width * size.height as usize);
        let u = plane(chroma * size.height.div_ceil(2) as usize);
        let v = plane(chroma * size.height.div_ceil(2) as usize);
        Self { size, y, u, v, range, matrix }
    }

    fn planes(&self) -> Planes<'_> {
        Planes {
            size: self.size,
            y: &self.y,
            u: &self.u,
            v: &self.v,
            y_stride: (self.size.width + 5) as usize,
            uv_stride: (self.size.width.div_ceil(2) + 3) as usize,
            range: self.range,
            matrix: self.matrix,
        }
    }

    fn rgb(&self, x: u32, y: u32) -> [f64; 3] {
        let planes = self.planes();
        let luma = f64::from(planes.y[y as usize * planes.y_stride + x as usize]);
        let chroma = (y / 2) as usize * planes.uv_stride + (x / 2) as usize;
        let (u, v) = (f64::from(planes.u[chroma]) - 128.0, f64::from(planes.v[chroma]) - 128.0);
        let (luma, gain) = match self.range {
            ColourRange::Limited => ((luma - 16.0) * 255.0 / 219.0, 255.0 / 224.0),
            ColourRange::Full => (luma, 1.0),
        };
        let (red, green_u, green_v, blue) = match self.matrix {
            ColourMatrix::Bt601 => (1.402, -0.344136, -0.714136, 1.772),
            ColourMatrix::Bt709 => (1.5748, -0.187324, -0.468124, 1.8556),
        };
        [luma + red * gain * v, luma + gain * (green_u * u + green_v * v), luma + blue * gain * u]
    }

    /// Colour of tensor pixel (`column`, `row`) of the picture, before clamping.
    fn sample(&self, column: u32, row: u32, at: &Placement) -> [f64; 3] {
        let place = |output: u32, from: u32, to: u32| {
            let position = ((f64::from(output) + 0.5) * f64::from(from) / f64::from(to) - 0.5).clamp(0.0, f64::from(from - 1));
            (position.floor() as u32, (position.floor() as u32 + 1).min(from - 1), position.fract())
        };
        let (x0, x1, fx) = place(column, at.region.width, at.width);
        let (y0, y1, fy) = place(row, at.region.height, at.height);
        let pixel = |x: u32, y: u32| self.rgb(at.region.left + x, at.region.top + y);
        let (a, b, c, d) = (pixel(x0, y0), pixel(x1, y0), pixel(x0, y1), pixel(x1, y1));
        std::array::from_fn(|i| (1.0 - fy) * ((1.0 - fx) * a[i] + fx * b[i]) + fy * ((1.0 - fx) * c[i] + fx * d[i]))
    }
}

fn spec(fit: Fit, layout: Layout, element: Element, colour: Colour) -> InputSpec {
    InputSpec {
        name: "image".to_owned(),
        size_name: None,
        width: 96,
        height: 64,
        layout,
        element,
        colour,
        fit,
        padding: 114,
        mean: [0.0; 3],
        scale: [1.0; 3],
    }
}

/// Tensor as `[row][column][channel]` in 0..=255, whatever its layout.
fn run(picture: &Picture, placement: &Placement, spec: &InputSpec) -> Vec<[f64; 3]> {
    let count = (spec.width * spec.height * 3) as usize;
    let (mut bytes, mut floats) = (vec![9; count], vec![9.0; count]);
    let mut letterbox = Letterbox::default();
    match spec.element {
        Element::U8 => letterbox.fill(&picture.planes(), placement, spec, InputTensor::U8(&mut bytes), &mut None),
        Element::F32 => letterbox.fill(&picture.planes(), placement, spec, InputTensor::F32(&mut floats), &mut None),
    }
    let value = |index: usize| match spec.element {
        Element::U8 => f64::from(bytes[index]),
        Element::F32 => f64::from(floats[index]),
    };
    let pixels = (spec.width * spec.height) as usize;
    let at = |pixel: usize, channel: usize| match spec.layout {
        Layout::Nhwc => value(pixel * 3 + channel),
        Layout::Nchw => value(channel * pixels + pixel),
    };
    let order = if spec.colour == Colour::Rgb { [0, 1, 2] } else { [2, 1, 0] };
    (0..pixels).map(|pixel| order.map(|channel| at(pixel, channel))).collect()
}

fn assert_equals_the_plain_way(picture: &Picture, region: Region, spec: &InputSpec) {
    let placement = Placement::new(region, spec);
    let tensor = run(picture, &placement, spec);
    for row in 0..spec.height {
        for column in 0..spec.width {
            let got = tensor[(row * spec.width + column) as usize];
            let inside = (placement.left..placement.left + placement.width).contains(&column)
                && (placement.top..placement.top + placement.height).contains(&row);
            let wanted = if inside {
                // Clamping after blending is ours, before is the plain way's: both lie in this range for colours inside the cube.
                picture.sample(column - placement.left, row - placement.top, &placement).map(|value| value.clamp(0.0, 255.0))
            } else {
                [114.0; 3]
            };
            for channel in 0..3 {
                assert!((got[channel] - wanted[channel]).abs() <= 2.0, "({column}, {row}): {got:?} is not {wanted:?}");
            }
        }
    }
}

#[test]
fn every_layout_and_fit_equals_the_plain_way() {
    let size = FrameSize::new(131, 77);
    let picture = Picture::noise(size, 7, ColourRange::Limited, ColourMatrix::Bt601);
    for fit in [Fit::LetterboxTopLeft, Fit::LetterboxCentre, Fit::Stretch] {
        for (layout, element) in [(Layout::Nhwc, Element::U8), (Layout::Nchw, Element::F32), (Layout::Nhwc, Element::F32)] {
            for colour in [Colour::Rgb, Colour::Bgr] {
                assert_equals_the_plain_way(&picture, Region::whole(size), &spec(fit, layout, element, colour));
            }
        }
    }
}

#[test]
fn padding_is_painted_again_where_a_picture_of_another_shape_was_and_kept_otherwise() {
    let spec = spec(Fit::LetterboxCentre, Layout::Nhwc, Element::U8, Colour::Rgb);
    let pictures = [(40, 90), (40, 90), (90, 20), (33, 80)].map(|(width, height)| {
        let size = FrameSize::new(width, height);
        (Picture::noise(size, 5, ColourRange::Full, ColourMatrix::Bt601), Placement::new(Region::whole(size), &spec))
    });
    let mut letterbox = Letterbox::default();
    let (mut tensor, mut padded) = (vec![9; (spec.width * spec.height * 3) as usize], None);
    for (picture, placement) in &pictures {
        letterbox.fill(&picture.planes(), placement, &spec, InputTensor::U8(&mut tensor), &mut padded);
        let fresh: Vec<u8> = run(picture, placement, &spec).into_iter().flatten().map(|value| value as u8).collect();
        assert!(tensor == fresh, "{placement:?}");
    }
    // What is there is believed to be there: it is not painted over.
    let (picture, placement) = &pictures[3];
    tensor[0] = 7;
    letterbox.fill(&picture.planes(), placement, &spec, InputTensor::U8(&mut tensor), &mut padded);
    assert_eq!((tensor[0], padded), (7, Some(placement.window())));
}

#[test]
fn floats_are_normalised_per_channel() {
    let size = FrameSize::new(64, 64);
    let picture = Picture::noise(size, 3, ColourRange::Full, ColourMatrix::Bt601);
    let plain = spec(Fit::Stretch, Layout::Nchw, Element::F32, Colour::Rgb);
    let placement = Placement::new(Region::whole(size), &plain);
    let normalised = InputSpec { mean: [1.0, 2.0, 3.0], scale: [0.5, 0.25, 2.0], ..plain.clone() };
    let (before, after) = (run(&picture, &placement, &plain), run(&picture, &placement, &normalised));
    for (before, after) in before.iter().zip(&after) {
        assert_eq!([(before[0] - 1.0) * 0.5, (before[1] - 2.0) * 0.25, (before[2] - 3.0) * 2.0], *after);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_region_of_any_picture_equals_the_plain_way(
        (width, height) in (1u32..200, 1u32..150),
        crop in (0.0f64..1.0, 0.0f64..1.0, 0.0f64..1.0, 0.0f64..1.0),
        seed in any::<u32>(),
        full in any::<bool>(),
        hd in any::<bool>(),
    ) {
        let size = FrameSize::new(width, height);
        let range = if full { ColourRange::Full } else { ColourRange::Limited };
        let matrix = if hd { ColourMatrix::Bt709 } else { ColourMatrix::Bt601 };
        let picture = Picture::noise(size, seed, range, matrix);
        let cut = |length: u32, from: f64, share: f64| {
            let start = ((f64::from(length - 1) * from) as u32) & !1;
            (start, 1 + (f64::from(length - start - 1) * share) as u32)
        };
        let (left, width) = cut(width, crop.0, crop.2);
        let (top, height) = cut(height, crop.1, crop.3);
        let spec = spec(Fit::LetterboxTopLeft, Layout::Nhwc, Element::U8, Colour::Rgb);
        assert_equals_the_plain_way(&picture, Region { left, top, width, height }, &spec);
    }
}
