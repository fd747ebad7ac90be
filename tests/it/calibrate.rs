//! `simpang calibrate`: what it draws, what it prints, and what it refuses.

use std::path::Path;

use simpang::base::geom::FrameSize;
use simpang::base::time::WallTime;
use simpang::source::file::FileFrames;
use tempfile::TempDir;

use crate::camera_server::encoded;
use crate::program::run;

const SITE: &str = "[site]\ncity = \"palembang\"\nid = \"uji\"\ndevice = \"uji\"\n\n[cameras.utara]\nsimulated = {}\n";
/// A camera 7 m high that looks 25 degrees down.
const POINTS: &str = "
[cameras.utara.calibration]
points = [
  { image = [0.1491, 0.7202], ground = [-6, 10] },
  { image = [0.8509, 0.7202], ground = [6, 10] },
  { image = [0.6399, 0.2374], ground = [6, 30] },
  { image = [0.3601, 0.2374], ground = [-6, 30] },
]
distances = [{ from = [0.2967, 0.615], to = [0.3772, 0.3388], metres = 10 }]
";

/// Brightness of the first picture of a film or still, row by row.
fn luma(path: &Path) -> (FrameSize, Vec<u8>) {
    let frame = FileFrames::open(path, WallTime::from_micros(0)).expect("a picture").next().expect("one").expect("decodable");
    let planes = frame.planes();
    let rows = planes.y.chunks(planes.y_stride).take(planes.size.height as usize);
    (planes.size, rows.flat_map(|row| row[..planes.size.width as usize].to_vec()).collect())
}

#[test]
fn the_grid_is_drawn_over_a_still_where_the_ground_is_and_the_figures_are_printed() {
    let folder = TempDir::new().expect("a folder");
    let (config, grid) = (folder.path().join("box.toml"), folder.path().join("grid.png"));
    std::fs::write(&config, format!("{SITE}{POINTS}")).expect("written");
    let still = encoded("calibrate-grey.png", &["-f", "lavfi", "-i", "color=gray:size=640x360", "-frames:v", "1"]);
    let arguments = [&config, &still, &grid].map(|path| path.to_str().expect("plain"));
    let [config, input, output] = arguments;
    let done = run(&["calibrate", "--config", config, "--camera", "utara", "--input", input, "--output", output]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    for said in [
        "point 1 at (-6, 10) m: 0.00 m off",
        "distance 1: 10.00 m, measured 10 m (",
        "residual 0.00 m, at most 0.3 m a point",
        "four points always fit: only check distances and the grid show a mistake",
        "covered 240 m",
        "speedUncertaintyPct ",
    ] {
        assert!(done.stdout.contains(said), "{said}: {}", done.stdout);
    }
    let checked = run(&["check", config]);
    assert!(checked.stdout.contains("calibrated by 4 points: residual 0.00 m, 240 m² covered, speeds within "), "{}", checked.stdout);
    let ((size, before), (drawn_size, after)) = (luma(&still), luma(&grid));
    assert_eq!(drawn_size, size);
    let change = |x: f64, y: f64| {
        let at = (y * f64::from(size.height)) as usize * size.width as usize + (x * f64::from(size.width)) as usize;
        before[at].abs_diff(after[at])
    };
    assert!(change(0.5, 0.5004) > 30, "strong lines cross at (0, 15) m");
    assert!(change(0.5, 0.8628) > 30, "one goes on through (0, 8) m");
    assert!(change(0.533, 0.8226) < 10, "nothing at (0.5, 8.5) m, between the lines");
    let far = 640 * 40;
    assert!(before[..far].iter().zip(&after[..far]).all(|(before, after)| before.abs_diff(*after) < 10), "nothing beyond 50 m");
}

#[test]
fn a_camera_without_calibration_and_one_with_a_bad_one_are_told_what_to_do() {
    let folder = TempDir::new().expect("a folder");
    let said = |text: String| {
        let config = folder.path().join("box.toml");
        std::fs::write(&config, text).expect("written");
        let config = config.to_str().expect("plain");
        run(&["calibrate", "--config", config, "--camera", "utara", "--input", "none.png", "--output", "none.png"])
    };
    let none = said(SITE.to_owned());
    assert_eq!(none.code, Some(1));
    assert!(none.stderr.contains("camera `utara` has no calibration: write at least four points"), "{}", none.stderr);
    let other = "\n[cameras.selatan]\nsimulated = {}\n";
    let bad = said(format!("{SITE}{}{other}", POINTS.replace("ground = [6, 30]", "ground = [-16, 30]")));
    assert_eq!(bad.code, Some(2));
    assert!(bad.stderr.contains("`cameras.utara.calibration"), "{}", bad.stderr);
}
