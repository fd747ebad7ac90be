//! Recorded films as a source, and the decoder on what cameras do to a stream.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use simpang::base::geom::FrameSize;
use simpang::base::hardware::HardwareDecoder;
use simpang::base::time::{MediaTime, Stamp, WallTime};
use simpang::decode::{AccessUnit, ColourMatrix, ColourRange, Decoder, Frame, StreamParameters, VideoCodec};
use simpang::source::fault::SourceError;
use simpang::source::file::FileFrames;

use crate::camera_server::{Encoding, encoded, film};

const START: WallTime = WallTime::from_micros(1_700_000_000_000_000);
const SOURCE: [&str; 4] = ["-f", "lavfi", "-i", "testsrc=size=162x98:rate=10:duration=3"];

fn frames(path: &Path) -> Vec<Frame> {
    FileFrames::open(path, START).expect("a film").map(|frame| frame.expect("whole")).collect()
}

#[test]
fn films_of_many_kinds_give_every_frame_with_even_times() {
    let kinds: [(&str, &[&str]); 7] = [
        ("kind-h264.mp4", &["-c:v", "libx264", "-pix_fmt", "yuv420p"]),
        ("kind-hevc.mkv", &["-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p"]),
        ("kind-xvid.avi", &["-c:v", "mpeg4", "-vtag", "xvid", "-bf", "2"]),
        ("kind-mjpeg.avi", &["-c:v", "mjpeg", "-pix_fmt", "yuvj422p"]),
        ("kind-10bit.mkv", &["-c:v", "libx264", "-pix_fmt", "yuv422p10le"]),
        ("kind-nv12.nut", &["-c:v", "rawvideo", "-pix_fmt", "nv12"]),
        ("kind-rgb.avi", &["-c:v", "rawvideo", "-pix_fmt", "bgr24"]),
    ];
    for (name, codec) in kinds {
        let path = encoded(name, &[&SOURCE[..], codec].concat());
        let frames = frames(&path);
        assert_eq!(frames.len(), 30, "{name}");
        for (index, frame) in frames.iter().enumerate() {
            assert_eq!(frame.number(), index as u64 + 1, "{name}");
            assert_eq!(frame.size(), FrameSize::new(162, 98), "{name}");
            assert!((frame.stamp().media.as_secs_f64() - index as f64 / 10.0).abs() < 0.002, "{name}: {:?}", frame.stamp());
            assert!(!frame.is_damaged(), "{name}");
        }
        assert_eq!(frames[29].stamp().wall.as_micros() - START.as_micros(), frames[29].stamp().media.as_micros());
    }
}

/// A wrong range or matrix shifts the mean colour by 5 and more.
#[test]
fn formats_that_are_converted_show_the_same_picture() {
    let reference = frames(&encoded("kind-h264.mp4", &[&SOURCE[..], &["-c:v", "libx264", "-pix_fmt", "yuv420p"]].concat()));
    for (name, codec) in [
        ("kind-mjpeg.avi", &["-c:v", "mjpeg", "-pix_fmt", "yuvj422p"][..]),
        ("kind-10bit.mkv", &["-c:v", "libx264", "-pix_fmt", "yuv422p10le"]),
        ("kind-nv12.nut", &["-c:v", "rawvideo", "-pix_fmt", "nv12"]),
        ("kind-rgb.avi", &["-c:v", "rawvideo", "-pix_fmt", "bgr24"]),
    ] {
        let frames = frames(&encoded(name, &[&SOURCE[..], codec].concat()));
        let (mean, expected) = (mean_rgb(&frames[10]), mean_rgb(&reference[10]));
        let off = mean.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 3.0, "{name}: mean RGB {mean:?}, expected {expected:?}");
    }
}

/// BT.601 or BT.709, limited or full range, as the frame says.
fn mean_rgb(frame: &Frame) -> [f64; 3] {
    let planes = frame.planes();
    let mean = |plane: &[u8], stride: usize, width: u32, height: u32| {
        let rows = (0..height as usize).flat_map(|row| &plane[row * stride..row * stride + width as usize]);
        rows.map(|&value| f64::from(value)).sum::<f64>() / f64::from(width * height)
    };
    let (width, height) = (planes.size.width, planes.size.height);
    let y = mean(planes.y, planes.y_stride, width, height);
    let u = mean(planes.u, planes.uv_stride, width.div_ceil(2), height.div_ceil(2)) - 128.0;
    let v = mean(planes.v, planes.uv_stride, width.div_ceil(2), height.div_ceil(2)) - 128.0;
    let (y, u, v) = match planes.range {
        ColourRange::Limited => ((y - 16.0) * 255.0 / 219.0, u * 255.0 / 224.0, v * 255.0 / 224.0),
        ColourRange::Full => (y, u, v),
    };
    match planes.matrix {
        ColourMatrix::Bt601 => [y + 1.402 * v, y - 0.344 * u - 0.714 * v, y + 1.772 * u],
        ColourMatrix::Bt709 => [y + 1.5748 * v, y - 0.1873 * u - 0.4681 * v, y + 1.8556 * u],
    }
}

#[test]
fn the_same_film_gives_the_same_pixels_twice() {
    let path = film(Encoding::H264, 3);
    let pixels = || frames(&path).iter().map(|frame| (frame.stamp(), frame.planes().y.to_vec())).collect::<Vec<_>>();
    assert!(pixels() == pixels());
}

#[test]
fn a_film_that_is_cut_off_gives_what_it_has_and_then_says_so() {
    let whole = std::fs::read(encoded("cut-me.mp4", &[&SOURCE[..], &["-c:v", "libx264", "-g", "5", "-movflags", "+faststart"]].concat()));
    let whole = whole.expect("just encoded");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("cut.mp4");
    std::fs::write(&path, &whole[..whole.len() * 2 / 3]).expect("room on disk");
    let (good, bad): (Vec<_>, Vec<_>) = FileFrames::open(&path, START).expect("opens").partition(Result::is_ok);
    assert!((5..29).contains(&good.len()), "{} frames", good.len());
    let [Err(error @ SourceError::CutOff { .. })] = &bad[..] else { panic!("{bad:?}") };
    let said = format!("{} is cut off: {} of about 30 frames could be read; copy the file again", path.display(), good.len());
    assert_eq!(error.to_string(), said);
}

#[test]
fn what_is_no_film_is_refused_with_a_reason() {
    let directory = tempfile::tempdir().expect("a directory");
    let refused = |name: &str, content: Option<&[u8]>| {
        let path = directory.path().join(name);
        if let Some(content) = content {
            std::fs::write(&path, content).expect("room on disk");
        }
        let error = FileFrames::open(&path, START).err().unwrap_or_else(|| panic!("{name} was opened"));
        error.to_string().replace(&path.display().to_string(), "FILE")
    };
    assert_eq!(
        refused("noise.mp4", Some(&[7; 5000])),
        "FILE is not a film that can be read: no film format that is known, or cut off before its index; try to play it with ffplay"
    );
    assert_eq!(
        refused("notes.txt", Some(&b"rapat hari Senin\n".repeat(50))),
        "FILE is not a film that can be read: it holds text; try to play it with ffplay"
    );
    assert!(refused("empty.avi", Some(b"")).starts_with("FILE is not a film that can be read: "));
    assert_eq!(refused("nothing.mp4", None), "film FILE cannot be opened; check the path and that this user may read it");
    let sound = encoded("sound.wav", &["-f", "lavfi", "-i", "sine=duration=1"]);
    let error = FileFrames::open(&sound, START).err().expect("sound is no film").to_string();
    assert!(error.contains("it holds no picture track"), "{error}");
}

/// Splits an elementary stream where an access unit delimiter stands (the encoders below are told to write them).
fn units(path: &Path, codec: VideoCodec, connection: u32, first_number: u64) -> Vec<AccessUnit> {
    let data = Bytes::from(std::fs::read(path).expect("just encoded"));
    let is_delimiter = |at: usize| match codec {
        VideoCodec::H264 => data[at + 3] & 0x1f == 9,
        _ => data[at + 3] >> 1 & 0x3f == 35,
    };
    let starts: Vec<usize> = (0..data.len() - 4).filter(|&at| data[at..at + 3] == [0, 0, 1] && is_delimiter(at)).collect();
    let ends = starts.iter().skip(1).copied().chain([data.len()]);
    let parameters = Arc::new(StreamParameters { codec, sets: Bytes::new() });
    let unit = |(index, (start, end)): (usize, (usize, usize))| {
        let media = MediaTime::from_micros(index as i64 * 100_000);
        let stamp = Stamp { media, wall: START };
        let number = first_number + index as u64;
        AccessUnit {
            data: data.slice(start..end),
            stamp,
            connection,
            session: 1,
            number,
            after_loss: false,
            parameters: Arc::clone(&parameters),
        }
    };
    starts.iter().copied().zip(ends).enumerate().map(unit).collect()
}

fn stream(codec: VideoCodec, size: &str) -> Vec<AccessUnit> {
    let source = format!("testsrc=size={size}:rate=10:duration=5");
    let input = ["-f", "lavfi", "-i", &source, "-pix_fmt", "yuv420p", "-bf", "0"];
    let (name, encoder): (_, &[&str]) = match codec {
        VideoCodec::H264 => {
            (format!("units-{size}.h264"), &["-c:v", "libx264", "-x264-params", "aud=1:keyint=10:min-keyint=10:scenecut=0"])
        }
        // Open groups: one IDR at the start and then CRA pictures only.
        _ => (
            format!("units-{size}.h265"),
            &["-c:v", "libx265", "-x265-params", "aud=1:keyint=10:min-keyint=10:open-gop=1:bframes=0:repeat-headers=1:log-level=none"],
        ),
    };
    units(&encoded(&name, &[&input[..], encoder].concat()), codec, 1, 1)
}

fn decode(decoder: &mut Decoder, units: &[AccessUnit]) -> Vec<Frame> {
    let mut frames = Vec::new();
    for unit in units {
        decoder.decode(unit, &mut |frame| frames.push(frame)).expect("a decoder");
    }
    decoder.flush(&mut |frame| frames.push(frame));
    frames
}

#[test]
fn a_stream_entered_in_the_middle_begins_at_the_next_key_frame() {
    for codec in [VideoCodec::H264, VideoCodec::H265] {
        let units = stream(codec, "320x240");
        assert_eq!(units.len(), 50, "{codec}");
        let mut decoder = Decoder::new();
        let frames = decode(&mut decoder, &units[3..]);
        assert_eq!(frames.iter().map(Frame::number).collect::<Vec<_>>(), (11..=50).collect::<Vec<_>>(), "{codec}");
        assert!(frames.iter().all(|frame| !frame.is_damaged()), "{codec}");
        assert_eq!(decoder.health().skipped, 7, "{codec}");
    }
}

#[test]
fn hardware_that_is_not_there_leaves_decoding_to_the_processor() {
    let units = stream(VideoCodec::H265, "320x240");
    let mut decoder = Decoder::with(&[HardwareDecoder::V4l2M2m, HardwareDecoder::Rkmpp]);
    let frames: Vec<_> = decode(&mut decoder, &units).iter().map(|frame| frame.planes().y.to_vec()).collect();
    let said = decoder.take_given_up().expect("a machine without such hardware");
    assert!(said.starts_with("v4l2m2m ") && said.contains("; rkmpp "), "{said}");
    assert_eq!((decoder.take_given_up(), decoder.hardware()), (None, None));
    let by_the_processor: Vec<_> = decode(&mut Decoder::new(), &units).iter().map(|frame| frame.planes().y.to_vec()).collect();
    assert_eq!(frames, by_the_processor);
}

#[test]
fn after_loss_h264_is_flagged_and_h265_is_held_back_until_the_next_key_frame() {
    let lose = |codec| {
        let mut units = stream(codec, "320x240");
        units[14].after_loss = true;
        units.remove(13);
        decode(&mut Decoder::new(), &units)
    };
    let h264 = lose(VideoCodec::H264);
    let damaged: Vec<_> = h264.iter().filter(|frame| frame.is_damaged()).map(Frame::number).collect();
    assert_eq!((h264.len(), damaged), (49, (15..=20).collect::<Vec<_>>()));
    let h265: Vec<_> = lose(VideoCodec::H265).iter().map(Frame::number).collect();
    assert_eq!(h265, (1..=13).chain(21..=50).collect::<Vec<_>>());
}

#[test]
fn a_change_of_size_and_of_codec_in_the_middle_is_followed() {
    let mut decoder = Decoder::new();
    let parts =
        [(VideoCodec::H264, "320x240"), (VideoCodec::H264, "640x360"), (VideoCodec::H265, "320x240"), (VideoCodec::H264, "320x240")];
    for (codec, size) in parts {
        let frames = decode(&mut decoder, &stream(codec, size));
        assert_eq!(frames.len(), 50, "{codec} {size}");
        assert!(frames.iter().all(|frame| frame.size().to_string() == size.replace('x', "×")), "{codec} {size}");
    }
    assert_eq!(decoder.health().errors, 0);
}

#[test]
fn size_changes_without_new_parameters_from_the_network_are_followed_too() {
    let parameters = Arc::clone(&stream(VideoCodec::H264, "320x240")[0].parameters);
    let mut all = stream(VideoCodec::H264, "320x240");
    all.extend(stream(VideoCodec::H264, "640x360").into_iter().map(|unit| AccessUnit { parameters: Arc::clone(&parameters), ..unit }));
    let mut decoder = Decoder::new();
    let sizes: Vec<_> = decode(&mut decoder, &all).iter().map(|frame| frame.size().width).collect();
    assert_eq!(sizes, [[320; 50], [640; 50]].concat());
}

/// SplitMix64: damage that is the same in every run.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 31)
}

#[test]
fn damaged_streams_are_survived_and_the_next_key_frame_is_clean_again() {
    for codec in [VideoCodec::H264, VideoCodec::H265] {
        let clean = stream(codec, "320x240");
        let (mut decoder, mut state) = (Decoder::new(), 1);
        for round in 0..40 {
            let mut units = clean.clone();
            for unit in units.iter_mut().filter(|unit| unit.number < 41) {
                let mut bytes = unit.data.to_vec();
                for _ in 0..random(&mut state) % 40 {
                    let at = random(&mut state) as usize % bytes.len();
                    bytes[at] ^= 1 << (random(&mut state) % 8);
                }
                if random(&mut state).is_multiple_of(10) {
                    bytes.truncate(random(&mut state) as usize % bytes.len());
                }
                unit.data = Bytes::from(bytes);
                unit.connection = round;
            }
            let frames = decode(&mut decoder, &units);
            assert!(frames.iter().rev().take(9).all(|frame| !frame.is_damaged() && frame.number() > 41), "{codec}, round {round}");
        }
        let health = decoder.health();
        assert!(health.errors > 0 && (codec == VideoCodec::H265 || health.damaged > 0), "{codec}: {health:?}");
    }
}

#[test]
fn one_thread_decodes_a_camera() {
    let tasks = || {
        let names = std::fs::read_dir("/proc/self/task")
            .expect("Linux")
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.filter(|name| name.starts_with("av:")).count()
    };
    let units = stream(VideoCodec::H264, "640x360");
    let mut decoder = Decoder::new();
    let mut most = 0;
    for unit in &units {
        decoder.decode(unit, &mut |_| {}).expect("a decoder");
        most = most.max(tasks());
    }
    assert_eq!((most, decoder.health().frames), (0, 50), "libavcodec names its own threads av:…");
}

#[test]
fn a_camera_that_sends_b_frames_is_shown_in_the_right_order() {
    let encoder = ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-bf", "2", "-x264-params", "aud=1:keyint=10:b-adapt=0"];
    let path = encoded("b-frames.mp4", &[&SOURCE[..], &encoder].concat());
    let elementary = encoded("b-frames.h264", &["-i", path.to_str().expect("plain"), "-c", "copy", "-bsf:v", "h264_mp4toannexb"]);
    let luma = |frame: &Frame| frame.planes().y.to_vec();
    let shown: Vec<_> = frames(&path).iter().map(luma).collect();
    let units = units(&elementary, VideoCodec::H264, 1, 1);
    let live: Vec<_> = decode(&mut Decoder::new(), &units).iter().map(luma).collect();
    assert_eq!(live.len(), shown.len());
    assert!(live == shown, "pictures come in another order");
}

#[test]
fn a_picture_comes_out_as_soon_as_its_unit_went_in() {
    for codec in [VideoCodec::H264, VideoCodec::H265] {
        let mut decoder = Decoder::new();
        for unit in stream(codec, "320x240") {
            let mut numbers = Vec::new();
            decoder.decode(&unit, &mut |frame| numbers.push(frame.number())).expect("a decoder");
            assert_eq!(numbers, [unit.number], "{codec}");
        }
    }
}

#[test]
fn whatever_bytes_of_a_film_are_damaged_reading_it_ends() {
    let directory = tempfile::tempdir().expect("a directory");
    let kinds = [
        encoded("kind-h264.mp4", &[&SOURCE[..], &["-c:v", "libx264", "-pix_fmt", "yuv420p"]].concat()),
        encoded("kind-xvid.avi", &[&SOURCE[..], &["-c:v", "mpeg4", "-vtag", "xvid", "-bf", "2"]].concat()),
    ];
    let (mut state, mut opened) = (5, 0);
    for (kind, path) in kinds.iter().enumerate() {
        let whole = std::fs::read(path).expect("just encoded");
        for round in 0..40 {
            let mut bytes = whole.clone();
            for _ in 0..1 + random(&mut state) % 60 {
                let at = random(&mut state) as usize % bytes.len();
                bytes[at] ^= 1 << (random(&mut state) % 8);
            }
            let path = directory.path().join(format!("{kind}-{round}"));
            std::fs::write(&path, bytes).expect("room on disk");
            if let Ok(frames) = FileFrames::open(&path, START) {
                opened += 1;
                let mut last = None;
                for frame in frames.take(1000).flatten() {
                    assert!(last.is_none_or(|last| last < frame.stamp().media), "time runs backwards in {kind}-{round}");
                    last = Some(frame.stamp().media);
                }
            }
        }
    }
    assert!(opened > 20, "{opened} of 80 damaged films could be opened at all");
}
