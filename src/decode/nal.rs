//! Where decoding can begin: the NAL unit types of a picture, read without decoding it.
//!
//! RTP libraries count only IDR pictures as key frames. Encoders with open GOPs (x265's default) send one IDR and then CRA pictures for
//! ever, and some cameras refresh by intra columns with recovery points: waiting for an IDR would then wait for ever.

use super::access_unit::VideoCodec;

/// Whether a decoder can begin at this picture. H.264: IDR (7.4.1.2.4) or a recovery point SEI (D.2.8); H.265: IRAP, types 16..=23
/// (7.4.2.2, table 7-1). Any bytes are fine; what holds no NAL unit is no beginning.
pub(super) fn is_random_access(codec: VideoCodec, data: &[u8]) -> bool {
    match codec {
        VideoCodec::Jpeg => true,
        VideoCodec::H264 => h264(data),
        VideoCodec::H265 => {
            nal_units(data).find_map(|unit| {
                let kind = unit.first()? >> 1 & 0x3f;
                (kind < 32).then_some((16..=23).contains(&kind))
            }) == Some(true)
        }
    }
}

fn h264(data: &[u8]) -> bool {
    const SLICE: u8 = 1;
    const IDR_SLICE: u8 = 5;
    const SEI: u8 = 6;
    for unit in nal_units(data) {
        match unit.first().map(|header| header & 0x1f) {
            Some(IDR_SLICE) => return true,
            Some(SLICE..IDR_SLICE) => return false,
            Some(SEI) if has_recovery_point(&unit[1..]) => return true,
            _ => {}
        }
    }
    false
}

/// Walks the messages of one SEI NAL unit. Emulation prevention bytes can only occur inside payloads longer than the ones looked for.
fn has_recovery_point(mut messages: &[u8]) -> bool {
    const RECOVERY_POINT: usize = 6;
    while messages.len() > 2 {
        let Some((kind, rest)) = sei_number(messages) else { return false };
        if kind == RECOVERY_POINT {
            return true;
        }
        let Some((size, rest)) = sei_number(rest) else { return false };
        let Some(rest) = rest.get(size..) else { return false };
        messages = rest;
    }
    false
}

/// H.264, 7.3.2.3.1: a run of 0xff bytes, each worth 255, and one last byte.
fn sei_number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let full = bytes.iter().take_while(|&&byte| byte == 0xff).count();
    let last = *bytes.get(full)?;
    Some((full * 255 + usize::from(last), &bytes[full + 1..]))
}

/// What stands behind each start code. A unit is given up to the end of the data, because only its first bytes are looked at.
fn nal_units(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let at = rest.windows(3).position(|window| window == [0, 0, 1])?;
        rest = &rest[at + 3..];
        Some(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn annex_b(units: &[&[u8]]) -> Vec<u8> {
        units.iter().flat_map(|unit| [&[0, 0, 0, 1], *unit].concat()).collect()
    }

    #[test]
    fn decoding_can_begin_at_idr_and_recovery_points_only() {
        let (delimiter, sps, idr, slice) = (&[9, 0x10][..], &[0x67, 1][..], &[0x65, 0x88][..], &[0x41, 0x9a][..]);
        let (recovery, other_sei) = (&[6, 5, 1, 0, 6, 1, 0xc4, 0x80][..], &[6, 1, 1, 0x40, 0x80][..]);
        let cases: [(&[&[u8]], bool); 6] = [
            (&[delimiter, sps, idr], true),
            (&[delimiter, slice], false),
            (&[recovery, slice], true),
            (&[other_sei, slice], false),
            (&[sps], false),
            (&[], false),
        ];
        for (units, expected) in cases {
            assert_eq!(is_random_access(VideoCodec::H264, &annex_b(units)), expected, "{units:x?}");
        }
    }

    #[test]
    fn an_open_gop_of_h265_can_be_entered_at_its_cra() {
        for (kind, expected) in [(19u8, true), (20, true), (21, true), (16, true), (1, false), (9, false)] {
            let unit = annex_b(&[&[32 << 1, 1, 5], &[kind << 1, 1, 0x80]]);
            assert_eq!(is_random_access(VideoCodec::H265, &unit), expected, "type {kind}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(data in prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(6), any::<u8>()], 0..200)) {
            is_random_access(VideoCodec::H264, &data);
            is_random_access(VideoCodec::H265, &data);
        }
    }
}
