//! YUV to RGB with 13 fractional bits (ITU-R BT.601-7 section 2.5, BT.709-6 section 3).

use multiversion::multiversion;

use super::super::contract::Colour;
use super::high_product;
use crate::decode::{ColourMatrix, ColourRange};

/// Y, U, V in 1/128 → the tensor's first channel in the low byte and its second in the high one; the third.
pub(super) type ToPixels = fn(yuv: (&[i16], &[i16], &[i16]), pixels: (&mut [i16], &mut [i16]));

/// The loop for pictures of this kind, compiled for its coefficients: only with constants does the compiler use the 16-bit
/// multiplications that vectors have.
pub(super) fn to_pixels(matrix: ColourMatrix, range: ColourRange, order: Colour) -> ToPixels {
    use {ColourMatrix::*, ColourRange::*};
    match (matrix, range, order) {
        (Bt601, Limited, Colour::Rgb) => row::<0>,
        (Bt601, Limited, Colour::Bgr) => row::<1>,
        (Bt601, Full, Colour::Rgb) => row::<2>,
        (Bt601, Full, Colour::Bgr) => row::<3>,
        (Bt709, Limited, Colour::Rgb) => row::<4>,
        (Bt709, Limited, Colour::Bgr) => row::<5>,
        (Bt709, Full, Colour::Rgb) => row::<6>,
        (Bt709, Full, Colour::Bgr) => row::<7>,
    }
}

/// In the order in which [`to_pixels`] numbers them.
const ALL: [Coefficients; 8] = [
    Coefficients::new(ColourMatrix::Bt601, ColourRange::Limited),
    Coefficients::new(ColourMatrix::Bt601, ColourRange::Limited).reversed(),
    Coefficients::new(ColourMatrix::Bt601, ColourRange::Full),
    Coefficients::new(ColourMatrix::Bt601, ColourRange::Full).reversed(),
    Coefficients::new(ColourMatrix::Bt709, ColourRange::Limited),
    Coefficients::new(ColourMatrix::Bt709, ColourRange::Limited).reversed(),
    Coefficients::new(ColourMatrix::Bt709, ColourRange::Full),
    Coefficients::new(ColourMatrix::Bt709, ColourRange::Full).reversed(),
];

struct Coefficients {
    luma: i16,
    channels: [Channel; 3],
}

/// What is added to the luma for one channel.
#[derive(Clone, Copy)]
struct Channel {
    u: i16,
    v: i16,
    /// In 1/16: black and the middle of the chroma range taken off, rounding put on.
    offset: i16,
}

impl Coefficients {
    const fn new(matrix: ColourMatrix, range: ColourRange) -> Self {
        let (red, blue) = match matrix {
            ColourMatrix::Bt601 => (0.299, 0.114),
            ColourMatrix::Bt709 => (0.2126, 0.0722),
        };
        let (black, luma, chroma) = match range {
            ColourRange::Limited => (16.0, 255.0 / 219.0, 255.0 / 224.0),
            ColourRange::Full => (0.0, 1.0, 1.0),
        };
        let green = 1.0 - red - blue;
        let black = black * luma;
        let channels = [
            Channel::new(black, 0.0, 2.0 * (1.0 - red) * chroma),
            Channel::new(black, -2.0 * (1.0 - blue) * blue / green * chroma, -2.0 * (1.0 - red) * red / green * chroma),
            Channel::new(black, 2.0 * (1.0 - blue) * chroma, 0.0),
        ];
        Self { luma: fixed(luma), channels }
    }

    const fn reversed(self) -> Self {
        let [red, green, blue] = self.channels;
        Self { luma: self.luma, channels: [blue, green, red] }
    }
}

impl Channel {
    const fn new(black: f64, u: f64, v: f64) -> Self {
        // 8 rounds; one more, because the two or three products are each rounded down, by 1/2 on average.
        let offset = 9.0 - 16.0 * (black + 128.0 * (u + v));
        Self { u: fixed(u), v: fixed(v), offset: rounded(offset) }
    }

    /// Sums of products are within ±18000, in 1/16.
    #[inline(always)]
    fn byte(self, luma: i16, u: i16, v: i16) -> i16 {
        let sum = luma.wrapping_add(high_product(u, self.u)).wrapping_add(high_product(v, self.v)).wrapping_add(self.offset);
        (sum >> 4).clamp(0, 255)
    }
}

#[multiversion(targets = "simd")]
fn row<const COLOURS: usize>((y, u, v): (&[i16], &[i16], &[i16]), (first_second, third): (&mut [i16], &mut [i16])) {
    let targets = first_second.iter_mut().zip(third);
    for (((&y, &u), &v), (first_second, third)) in y.iter().zip(u).zip(v).zip(targets) {
        // 1/128 times 1/8192 is 1/16 after dropping 16 bits.
        let luma = high_product(y, const { ALL[COLOURS].luma });
        let [a, b, c] = const { ALL[COLOURS].channels }.map(|channel| channel.byte(luma, u, v));
        *first_second = a | b << 8;
        *third = c;
    }
}

/// To 13 fractional bits.
const fn fixed(value: f64) -> i16 {
    rounded(value * 8192.0)
}

const fn rounded(value: f64) -> i16 {
    (value + if value < 0.0 { -0.5 } else { 0.5 }) as i16
}
