//! Against cameras whose ground is known: a pinhole at a height, tilted down.

use proptest::prelude::*;

use super::*;

const WIDTH: f64 = 1280.0;
const HEIGHT: f64 = 720.0;

/// A pinhole camera above the origin that looks along y, tilted down.
#[derive(Clone, Copy, Debug)]
struct Pinhole {
    height_m: f64,
    tilt_deg: f64,
    focal_px: f64,
}

const CORNER_POLE: Pinhole = Pinhole { height_m: 7.0, tilt_deg: 25.0, focal_px: 900.0 };

impl Pinhole {
    fn sees(&self, [x, y]: Place) -> Place {
        let (sine, cosine) = self.tilt_deg.to_radians().sin_cos();
        let depth = y * cosine + self.height_m * sine;
        let down = self.height_m * cosine - y * sine;
        [0.5 + self.focal_px * x / depth / WIDTH, 0.5 + self.focal_px * down / depth / HEIGHT]
    }

    fn point(&self, ground: Place) -> GroundPoint {
        GroundPoint { image: point(self.sees(ground)), ground: point(ground) }
    }

    fn points(&self, ground: &[Place]) -> Vec<GroundPoint> {
        ground.iter().map(|&ground| self.point(ground)).collect()
    }
}

fn point<S>([x, y]: Place) -> Point<S> {
    Point::new(x as f32, y as f32)
}

/// Corners of a crossing, 12 m wide and 20 m deep, and what stands within.
const EIGHT: [Place; 8] = [[-6.0, 10.0], [6.0, 10.0], [6.0, 30.0], [-6.0, 30.0], [0.0, 18.0], [-3.0, 24.0], [4.0, 14.0], [2.0, 28.0]];

/// No three on a line: with three, two ways of being wrong can look the same.
const SIX: [Place; 6] = [[-6.0, 10.0], [6.0, 10.0], [6.0, 30.0], [-6.0, 30.0], [-2.0, 14.0], [1.5, 27.0]];

/// A number around 0 with standard deviation 1, near enough: the sum of twelve even ones.
fn noise(state: &mut u64) -> f64 {
    (0..12).map(|_| (next(state) >> 11) as f64 / (1u64 << 53) as f64).sum::<f64>() - 6.0
}

#[test]
fn four_points_give_back_every_place_exactly() {
    let ground = Ground::fit(CORNER_POLE.points(&EIGHT[..4])).expect("a view");
    for place in EIGHT {
        let at = ground.to_ground(point(CORNER_POLE.sees(place))).expect("before the horizon");
        assert!(at.distance(point(place)) < 0.001, "{at:?} {place:?}");
        let back = ground.to_image(point(place)).expect("before the camera");
        assert!(back.distance(point(CORNER_POLE.sees(place))) < 1e-5, "{back:?}");
    }
    assert!(ground.residual_m() < 0.001);
    assert!((ground.covered_m2() - 240.0).abs() < 0.01, "{}", ground.covered_m2());
}

#[test]
fn distances_areas_and_pixels_are_metric() {
    let ground = Ground::fit(CORNER_POLE.points(&EIGHT)).expect("a view");
    let at = |place| point(CORNER_POLE.sees(place));
    let metres = ground.distance_m(at([-1.0, 12.0]), at([2.0, 16.0])).expect("on the ground");
    assert!((metres - 5.0).abs() < 0.001, "{metres}");
    let zone = Polygon::new([[-2.0, 12.0], [2.0, 12.0], [2.0, 22.0], [-2.0, 22.0]].map(at).to_vec()).expect("four corners");
    assert!((ground.area_m2(&zone).expect("on the ground") - 40.0).abs() < 0.01);
    let size = FrameSize::new(WIDTH as u32, HEIGHT as u32);
    let place = size.to_norm(Point::new(700.0, 400.0));
    let pixel =
        Polygon::new([(700, 400), (701, 400), (701, 401), (700, 401)].map(|(x, y)| size.to_norm(Point::new(x as f32, y as f32))).to_vec());
    let (side, area) =
        (ground.metres_per_pixel(place, size).expect("on the ground"), ground.area_m2(&pixel.expect("four")).expect("on it"));
    assert!((side * side / area - 1.0).abs() < 0.02, "{side} {area}");
}

#[test]
fn the_horizon_is_where_the_camera_has_it_and_nothing_is_said_above() {
    let ground = Ground::fit(CORNER_POLE.points(&EIGHT)).expect("a view");
    let horizon = 0.5 - CORNER_POLE.focal_px * CORNER_POLE.tilt_deg.to_radians().tan() / HEIGHT;
    let found = ground.horizon_y(0.3).expect("a horizon");
    assert!((f64::from(found) - horizon).abs() < 1e-4, "{found} {horizon}");
    let sky = Point::new(0.3, found - 0.05);
    assert_eq!(ground.to_ground(sky), None);
    assert_eq!(ground.speed_uncertainty_pct(sky), None);
    let reaches_up = Polygon::new(vec![sky, Point::new(0.3, 0.9), Point::new(0.6, 0.9)]).expect("three corners");
    assert_eq!(ground.area_m2(&reaches_up), None);
}

#[test]
fn points_on_a_line_or_a_spot_are_refused() {
    let refused = |places: &[Place]| Ground::fit(CORNER_POLE.points(places)).expect_err("degenerate");
    assert_eq!(refused(&EIGHT[..3]), GroundError::TooFew(3));
    for line in [
        vec![[0.0, 10.0], [0.0, 15.0], [0.0, 20.0], [0.0, 30.0]],
        vec![[-3.0, 12.0], [0.0, 12.0], [3.0, 12.0], [0.0, 20.0]],
        vec![[-4.0, 10.0], [-2.0, 14.0], [0.0, 18.0], [2.0, 22.0], [4.0, 26.0]],
        vec![[0.0, 10.0], [0.0, 15.0], [0.0, 20.0], [0.0, 30.0], [0.01, 25.0], [0.0, 12.0]],
        vec![[1.0, 10.0]; 8],
        vec![[-6.0, 10.0], [6.0, 10.0], [6.0, 10.0], [-6.0, 30.0]],
    ] {
        assert_eq!(refused(&line), GroundError::Degenerate, "{line:?}");
    }
}

#[test]
fn two_points_that_were_swapped_are_no_view_of_a_ground() {
    let mut points = CORNER_POLE.points(&EIGHT[..4]);
    let first = points[0].ground;
    points[0].ground = points[1].ground;
    points[1].ground = first;
    assert_eq!(Ground::fit(points), Err(GroundError::NoView));
}

#[test]
fn one_wrong_point_of_six_is_found_by_the_others() {
    for wrong in 0..6 {
        let mut points = CORNER_POLE.points(&SIX);
        points[wrong].ground.y += 2.0;
        let ground = Ground::fit(points).expect("a view");
        assert_eq!(ground.agreed(), 5);
        for (index, metres) in ground.residuals_m().iter().enumerate() {
            let metres = metres.expect("on the ground");
            assert_eq!(metres > MOST_RESIDUAL_M, index == wrong, "{wrong}: {index} is {metres} m off");
        }
    }
}

#[test]
fn points_that_do_not_agree_at_all_say_so_by_their_residual() {
    let mut points = CORNER_POLE.points(&EIGHT[..5]);
    points[4].ground.y += 2.0;
    let ground = Ground::fit(points).expect("a view");
    assert!(ground.residual_m() > 0.1 && ground.agreed() == 5);
}

/// Points, and the ends of ways of 10 m, found with an error of one pixel: 19 of 20 speeds are nearer than was said.
#[test]
fn an_error_of_one_pixel_stays_below_the_uncertainty_that_is_stated() {
    let (mut state, mut below, mut all) = (7, 0, 0);
    let shaken = |place, state: &mut u64| {
        let [x, y] = CORNER_POLE.sees(place);
        point([x + noise(state) * PIXEL[0], y + noise(state) * PIXEL[1]])
    };
    for count in [4, 6, 8] {
        for _ in 0..300 {
            let points = EIGHT[..count].iter().map(|&place| GroundPoint { image: shaken(place, &mut state), ground: point(place) });
            let ground = Ground::fit(points.collect()).expect("a view");
            for (from, to) in [([-4.0, 12.0], [-4.0, 22.0]), ([0.0, 19.0], [0.0, 29.0]), ([-5.0, 25.0], [5.0, 25.0])] {
                let (from, to) = (shaken(from, &mut state), shaken(to, &mut state));
                let metres = ground.distance_m(from, to).expect("on the ground");
                let stated = ground.speed_uncertainty_pct(to).expect("on the ground");
                all += 1;
                below += u32::from((metres / SPEED_BASE_M - 1.0).abs() * 100.0 <= stated);
            }
        }
    }
    assert!(below * 20 >= all * 19, "{below} of {all}");
}

#[test]
fn the_uncertainty_grows_with_the_distance_and_with_the_residual() {
    let good = Ground::fit(CORNER_POLE.points(&EIGHT)).expect("a view");
    let (near, far) = good.speed_uncertainty_range_pct();
    assert!(near > 0.0 && far > 2.0 * near && far < 50.0, "{near} {far}");
    let mut points = CORNER_POLE.points(&EIGHT);
    points.iter_mut().step_by(2).for_each(|point| point.ground.x += 0.25);
    let worse = Ground::fit(points).expect("a view");
    assert!(worse.speed_uncertainty_range_pct().0 > near);
}

proptest! {
    #[test]
    fn any_camera_is_recovered_from_its_points(
        height_m in 4.0..20.0f64, tilt_deg in 12.0..80.0f64, focal_px in 500.0..2500.0f64, count in 4..9usize
    ) {
        let camera = Pinhole { height_m, tilt_deg, focal_px };
        let ground = Ground::fit(camera.points(&EIGHT[..count])).expect("a view");
        for place in EIGHT {
            let at = ground.to_ground(point(camera.sees(place))).expect("on the ground");
            prop_assert!(at.distance(point(place)) < 0.02, "{at:?} {place:?}");
        }
    }

    #[test]
    fn no_numbers_at_all_panic(
        numbers in proptest::collection::vec(proptest::num::f32::ANY, 0..48), more in proptest::collection::vec(-2.0f32..2.0, 0..48)
    ) {
        for numbers in [numbers, more] {
            let points = numbers.chunks_exact(4).map(|n| GroundPoint { image: Point::new(n[0], n[1]), ground: Point::new(n[2], n[3]) });
            let Ok(ground) = Ground::fit(points.collect()) else { continue };
            prop_assert!(ground.residual_m().is_finite());
            for at in numbers.chunks_exact(2).map(|n| Point::new(n[0], n[1])) {
                let seen = ground.to_ground(at);
                prop_assert!(seen.is_none_or(|seen| !seen.x.is_nan() && !seen.y.is_nan()));
                ground.speed_uncertainty_pct(at);
                ground.metres_per_pixel(at, FrameSize::new(0, 0));
                ground.horizon_y(at.x);
            }
        }
    }
}
