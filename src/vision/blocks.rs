//! A picture as text for a terminal: two pixels a character, one above the other, in 24-bit colour.

use std::fmt::Write as _;

use super::Still;

/// `still` at most `columns` characters wide and in its own proportions; every line ends with the terminal's usual colours.
pub fn half_blocks(still: &Still, columns: u32) -> String {
    let (width, height) = (still.size.width, still.size.height);
    let columns = columns.min(width);
    if columns == 0 || height == 0 {
        return String::new();
    }
    // An even number of rows: each character shows two. Characters are about twice as high as wide, so half a one is square.
    let rows = (u64::from(height) * u64::from(columns) / u64::from(width)).clamp(2, 400) as u32 & !1;
    let mut text = String::with_capacity((columns * rows * 20) as usize);
    for row in (0..rows).step_by(2) {
        for column in 0..columns {
            let [r, g, b] = mean(still, (column, columns), (row, rows));
            let [below_r, below_g, below_b] = mean(still, (column, columns), (row + 1, rows));
            let _ = write!(text, "\x1b[38;2;{r};{g};{b}m\x1b[48;2;{below_r};{below_g};{below_b}m▀");
        }
        text += "\x1b[0m\n";
    }
    text
}

/// The mean colour of one cell of a grid: which column of how many, which row of how many.
fn mean(still: &Still, (column, columns): (u32, u32), (row, rows): (u32, u32)) -> [u8; 3] {
    let span = |index: u32, of: u32, length: u32| {
        let at = |index: u32| (u64::from(index) * u64::from(length) / u64::from(of)) as usize;
        at(index)..at(index + 1).max(at(index) + 1).min(length as usize)
    };
    let (across, down) = (span(column, columns, still.size.width), span(row, rows, still.size.height));
    let mut sums = [0_u64; 3];
    let mut pixels = 0;
    for y in down {
        for x in across.clone() {
            let at = (y * still.size.width as usize + x) * 3;
            let Some(pixel) = still.rgb.get(at..at + 3) else { continue };
            sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += u64::from(*value));
            pixels += 1;
        }
    }
    sums.map(|sum| (sum / pixels.max(1)) as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::geom::FrameSize;

    #[test]
    fn the_upper_pixel_is_the_sign_and_the_lower_one_the_ground() {
        let still = Still { size: FrameSize::new(1, 2), rgb: vec![255, 0, 0, 0, 0, 255] };
        assert_eq!(half_blocks(&still, 78), "\x1b[38;2;255;0;0m\x1b[48;2;0;0;255m▀\x1b[0m\n");
    }

    #[test]
    fn a_wide_picture_keeps_its_proportions() {
        let still = Still { size: FrameSize::new(640, 360), rgb: vec![7; 640 * 360 * 3] };
        let text = half_blocks(&still, 78);
        assert_eq!((text.lines().count(), text.matches('▀').count()), (21, 21 * 78));
        assert!(text.contains("\x1b[38;2;7;7;7m"));
    }

    proptest! {
        #[test]
        fn any_picture_is_shown_without_a_panic(width in 0_u32..50, height in 0_u32..50, bytes in proptest::collection::vec(any::<u8>(), 0..5000), columns in 0_u32..100) {
            let text = half_blocks(&Still { size: FrameSize::new(width, height), rgb: bytes }, columns);
            prop_assert!(text.lines().all(|line| line.matches('▀').count() == columns.min(width) as usize));
        }
    }
}
