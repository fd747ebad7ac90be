use std::collections::BTreeSet;

use proptest::prelude::*;

use super::samples::{CYCLE_S, Drive, EDGE_L, LANES, MIDDLE, SIZE, Traffic, junction, outward, path, view};
use super::*;
use crate::base::class::Class;
use crate::base::geom::{FrameSize, Norm, Point, Rect};

const QUARTER_S: f64 = 900.0;

fn proposal(watch: &Watch) -> (Learned, Proposal) {
    let learned = learn(watch).expect("enough traffic");
    let proposal = Proposal::of(&learned, watch, &Given::default());
    (learned, proposal)
}

/// A place of the true plan as a share of the picture.
fn shown(place: Place) -> Point<Norm> {
    SIZE.to_norm(view().to_image(place).expect("before the camera"))
}

/// How far off in L, on the true plan, a place of the picture is from another place.
fn off(at: Point<Norm>, place: Place) -> f32 {
    view().to_plan(SIZE.to_pixel(at)).expect("on the road").distance(place)
}

#[test]
fn the_camera_is_guessed_from_the_sizes_of_boxes() {
    let watch = junction(&[0, 1, 2, 3], 400.0).0.watched(400.0);
    let learned = learn(&watch).expect("enough traffic");
    let ((height, tilt, opening), (true_height, true_tilt, true_opening)) = (learned.view.pole(), view().pole());
    assert!((height / true_height - 1.0).abs() < 0.05, "{height} m of {true_height} m");
    assert!((tilt - true_tilt).abs() < 1.5 && (opening - true_opening).abs() < 5.0, "{tilt} of {true_tilt}, {opening} of {true_opening}");
    assert!(learned.view.misfit() < 0.05, "{}", learned.view.misfit());
}

#[test]
fn places_go_to_the_picture_and_back() {
    let view = view();
    for (x, y) in [(-3.0, 4.0), (0.0, 9.0), (8.0, 20.0)] {
        let place = Place::new(x, y);
        let back = view.to_plan(view.to_image(place).expect("before the camera")).expect("below the horizon");
        assert!(back.distance(place) < 0.01, "{back:?}");
    }
    assert_eq!(view.to_plan(Point::new(640.0, -2000.0)), None, "the sky");
    assert_eq!(view.to_image(Place::new(0.0, -20.0)), None, "behind the camera");
}

#[test]
fn a_junction_gets_its_arms_lanes_stop_lines_and_every_movement() {
    for arms in [&[0, 1, 2, 3][..], &[0, 1, 2][..]] {
        let (traffic, vehicles) = junction(arms, QUARTER_S);
        let (learned, proposal) = proposal(&traffic.watched(QUARTER_S));
        let count = arms.len();
        assert!(learned.junction.has_crossing);
        assert_eq!(proposal.arms.iter().collect::<BTreeSet<_>>().len(), count, "{:?}", proposal.arms);
        let of = |wanted: PieceUse| proposal.pieces.iter().filter(|piece| piece.piece_use == wanted).count();
        let lanes = (of(PieceUse::Lane(Way::In)), of(PieceUse::Lane(Way::Out)));
        assert_eq!(lanes, (2 * count, 2 * count), "two lanes each way");
        assert_eq!((of(PieceUse::Approach), of(PieceUse::Exit), of(PieceUse::Box)), (count, count, 1));
        let has_both = |gate: &&NamedGate| gate.entry.is_some() && gate.exit.is_some();
        assert_eq!(proposal.gates.iter().filter(has_both).count(), count, "{:?}", proposal.gates);
        assert_eq!(proposal.movements.len(), count * (count - 1));
        let seen: usize = proposal.movements.iter().map(|movement| movement.seen).sum();
        assert!(seen >= vehicles * 97 / 100 && seen <= vehicles, "{seen} of {vehicles}");
        for &arm in arms {
            let beside = -f32::midpoint(LANES[0], LANES[1]);
            let stop = outward(arm).times(EDGE_L).plus(outward(arm).left().times(beside)).from(MIDDLE);
            let lines = proposal.lines.iter().filter(|line| line.line_use == LineUse::Stop);
            let middle =
                |line: &NamedLine| Point::new(f32::midpoint(line.line.a.x, line.line.b.x), f32::midpoint(line.line.a.y, line.line.b.y));
            let nearest = lines.map(|line| off(middle(line), stop)).fold(f32::MAX, f32::min);
            assert!(nearest < 0.35, "arm {arm}: {nearest} L off");
        }
    }
}

#[test]
fn lanes_lead_the_way_that_their_traffic_goes() {
    let (_, proposal) = proposal(&junction(&[0, 1, 2, 3], QUARTER_S).0.watched(QUARTER_S));
    for (arm, way) in (0..4).flat_map(|arm| [(arm, -1.0f32), (arm, 1.0)]) {
        for beside in LANES {
            let at = |along: f32| shown(outward(arm).times(along).plus(outward(arm).left().times(way * beside)).from(MIDDLE));
            let (near, far) = (at(4.0), at(4.6));
            let is_here = |piece: &&Piece| matches!(piece.piece_use, PieceUse::Lane(_)) && piece.polygon.contains(near);
            let lane = proposal.pieces.iter().find(is_here).unwrap_or_else(|| panic!("arm {arm}, {beside} L beside: no lane at {near:?}"));
            let direction = lane.direction.expect("long enough");
            let (dx, dy) = (direction.b.x - direction.a.x, direction.b.y - direction.a.y);
            assert!(way * (dx * (far.x - near.x) + dy * (far.y - near.y)) > 0.0, "{} goes the wrong way", lane.id);
            assert!(lane.id.starts_with(if way < 0.0 { "lajur-masuk" } else { "lajur-keluar" }), "{}", lane.id);
            assert_eq!(lane.piece_use, PieceUse::Lane(if way < 0.0 { Way::In } else { Way::Out }), "{}", lane.id);
        }
    }
    assert!(!proposal.remarks.iter().any(|remark| matches!(remark, Remark::Disagree { .. })), "{:?}", proposal.remarks);
}

/// Everybody from one side of the picture to the other, and perhaps back.
fn road(is_two_way: bool) -> Watch {
    let mut traffic = Traffic::new();
    for number in 0..80usize {
        let class = if number % 3 == 0 { Class::Car } else { Class::Motorcycle };
        let (from, to) = if is_two_way && number % 2 == 0 { (0, 2) } else { (2, 0) };
        let drive = Drive { class, from: 10.0 * number as f64, wait: None, hidden: None };
        traffic.drive(&path(from, to, LANES[number / 2 % 2]), drive);
    }
    traffic.watched(QUARTER_S)
}

#[test]
fn a_road_without_junction_is_proposed_as_a_road_and_says_so() {
    let (learned, two_way) = proposal(&road(true));
    assert!(!learned.junction.has_crossing);
    assert!(two_way.remarks.contains(&Remark::NoCrossing), "{:?}", two_way.remarks);
    assert_eq!(two_way.arms.len(), 2);
    assert_eq!(two_way.lines.iter().filter(|line| line.line_use == LineUse::Stop).count(), 0);
    assert!(two_way.pieces.iter().all(|piece| piece.piece_use != PieceUse::Box));
    let counts: Vec<usize> = two_way.movements.iter().map(|movement| movement.seen).collect();
    assert_eq!(counts, [40, 40], "one way and the other");

    let (_, one_way) = proposal(&road(false));
    let missing = |remark: &&Remark| matches!(remark, Remark::NoEntry { .. } | Remark::NoExit { .. });
    assert_eq!(one_way.remarks.iter().filter(missing).count(), 2, "{:?}", one_way.remarks);
    assert_eq!(one_way.movements.iter().map(|movement| movement.seen).collect::<Vec<_>>(), [80]);
    let gates: Vec<&NamedLine> = one_way.lines.iter().collect();
    assert_eq!(gates.len(), 2);
    assert!(off(gates[0].line.a, view().to_plan(SIZE.to_pixel(gates[1].line.a)).expect("road")) > 1.0, "two gates, not one twice");
}

#[test]
fn a_vehicle_that_was_lost_where_it_turns_is_one_and_keeps_its_movement() {
    let (mut traffic, vehicles) = junction(&[0, 1, 2, 3], QUARTER_S);
    let all = |proposal: &Proposal| -> usize { proposal.movements.iter().map(|movement| movement.seen + movement.by_path).sum() };
    // Comes up to the line, and is seen again when half of the turn is done.
    let (from, far, edge) = (QUARTER_S, 14.0, 14.0 - EDGE_L);
    let at = |way: f32| from + f64::from(way / 2.2);
    let hidden = Some((at(edge - 0.6), at(edge + 2.2)));
    traffic.drive(&path(0, 1, LANES[1]), Drive { class: Class::Car, from, wait: None, hidden });
    assert!(far > edge);
    let (learned, with_it) = proposal(&traffic.watched(QUARTER_S + 60.0));
    assert_eq!(all(&with_it), vehicles + 1);
    let last = learned.passages.iter().filter(|passage| learned.journeys[passage.journey].last().at > QUARTER_S).count();
    assert_eq!(last, 1, "one vehicle, not two");
}

#[test]
fn a_track_that_leaves_and_comes_back_is_two_vehicles() {
    let (mut traffic, vehicles) = junction(&[0, 1, 2, 3], QUARTER_S);
    let there_and_back = [path(0, 1, LANES[1]), path(1, 2, LANES[1])].concat();
    traffic.drive(&there_and_back, Drive { class: Class::Car, from: QUARTER_S, wait: None, hidden: None });
    let (_, proposal) = proposal(&traffic.watched(QUARTER_S + 60.0));
    let all: usize = proposal.movements.iter().map(NamedMovement::vehicles).sum();
    assert_eq!((all, proposal.passages.1), (vehicles + 2, 0));
}

#[test]
fn who_is_seen_first_behind_the_exit_came_from_where_others_had_green() {
    let (mut traffic, vehicles) = junction(&[0, 1, 2, 3], QUARTER_S);
    // The first arm has green at 420 s; nobody sees this one before it is through.
    let (green, stop) = (CYCLE_S * 5.0 + 20.0, 14.0 - EDGE_L - 0.6);
    let from = green + 1.0 - f64::from(stop / 2.2);
    let hidden = Some((0.0, green + 1.0 + f64::from((2.0 * EDGE_L + 2.6) / 2.2)));
    traffic.drive(&path(0, 2, LANES[0]), Drive { class: Class::Car, from, wait: None, hidden });
    let (learned, proposal) = proposal(&traffic.watched(QUARTER_S + 60.0));
    assert_eq!(proposal.passages, (vehicles + 1, 0));
    let found: Vec<&Movement> = learned.movements.iter().filter(|movement| movement.by_path > 0).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    let mouth = |arm: usize| outward(arm).times(EDGE_L).from(MIDDLE);
    let (begins, ends) = (found[0].path[0], found[0].path[found[0].path.len() - 1]);
    assert!(begins.distance(mouth(0)) < 2.0 && ends.distance(mouth(2)) < 2.0, "{begins:?} to {ends:?}");
}

#[test]
fn a_vehicle_that_vanishes_behind_the_gate_is_unknown_and_not_guessed() {
    let (mut traffic, vehicles) = junction(&[0, 1, 2, 3], QUARTER_S);
    let hidden = Some((QUARTER_S + f64::from((14.0 - EDGE_L + 1.0) / 2.2), QUARTER_S + 500.0));
    traffic.drive(&path(0, 1, LANES[1]), Drive { class: Class::Car, from: QUARTER_S, wait: None, hidden });
    let (_, proposal) = proposal(&traffic.watched(QUARTER_S + 60.0));
    assert_eq!(proposal.passages, (vehicles + 1, 1));
    assert!(proposal.remarks.iter().any(|remark| matches!(remark, Remark::Unknown { .. })));
}

#[test]
fn too_little_says_what_was_missing_and_what_to_do() {
    let mut empty = Watch::new(SIZE);
    empty.frame(0.0);
    empty.frame(60.0);
    assert_eq!(learn(&empty).expect_err("nobody"), NothingLearned::NoVehicles { seconds: 60.0 });

    let mut parked = Traffic::new();
    for number in 0..12 {
        let wait = Some((6.0 + 0.1 * number as f32, 300.0));
        parked.drive(&path(2, 0, LANES[1]), Drive { class: Class::Car, from: -10.0, wait, hidden: Some((-20.0, 0.0)) });
    }
    parked.sightings_until(200.0);
    assert!(matches!(learn(&parked.watched(200.0)).expect_err("all stand"), NothingLearned::NothingMoves { vehicles: 12, .. }));

    let mut few = Traffic::new();
    for number in 0..4 {
        few.drive(&path(2, 0, LANES[1]), Drive { class: Class::Car, from: 9.0 * f64::from(number), wait: None, hidden: None });
    }
    let said = learn(&few.watched(60.0)).expect_err("four cars");
    assert!(matches!(said, NothingLearned::TooFew { vehicles: 4, .. }), "{said:?}");
    let text = said.to_string();
    assert!(text.starts_with("terlalu sedikit") && text.contains(" / too few vehicles moved (4 tracks in 60 s)"), "{text}");
}

#[test]
fn a_smaller_picture_of_the_same_place_gives_the_same_proposal() {
    let large = junction(&[0, 1, 2, 3], QUARTER_S).0.watched(QUARTER_S);
    let mut small = Watch::new(FrameSize::new(SIZE.width / 2, SIZE.height / 2));
    small.frame(0.0);
    for track in &large.tracks {
        for seen in &track.sightings {
            let rect = Rect::new(seen.rect.left / 2.0, seen.rect.top / 2.0, seen.rect.width / 2.0, seen.rect.height / 2.0);
            small.see(track.id, track.class(), Sighting { at: seen.at, rect });
        }
    }
    small.frame(QUARTER_S);
    let ((_, large), (_, small)) = (proposal(&large), proposal(&small));
    assert_eq!(large.arms, small.arms);
    let counts = |proposal: &Proposal| proposal.movements.iter().map(|movement| movement.seen).collect::<Vec<_>>();
    assert_eq!(counts(&large), counts(&small));
    for (a, b) in large.lines.iter().zip(&small.lines) {
        assert!(a.line.a.distance(b.line.a) < 0.01 && a.line.b.distance(b.line.b) < 0.01, "{} {}", a.id, b.id);
    }
}

#[test]
fn ids_that_are_taken_are_not_proposed_again() {
    let watch = junction(&[0, 1, 2, 3], 400.0).0.watched(400.0);
    let learned = learn(&watch).expect("enough traffic");
    let free = Proposal::of(&learned, &watch, &Given { bearing_deg: Some(0.0), ..Given::default() });
    let taken: BTreeSet<String> = free.lines.iter().map(|line| line.id.clone()).collect();
    let again = Proposal::of(&learned, &watch, &Given { bearing_deg: Some(0.0), taken: taken.clone() });
    assert!(free.arms.iter().any(|arm| arm == "utara"), "{:?}", free.arms);
    assert!(again.lines.iter().all(|line| !taken.contains(&line.id)), "{:?}", again.arms);
}

proptest! {
    #[test]
    fn any_sightings_do_not_panic(
        rows in prop::collection::vec((0u32..30, 0usize..6, -5.0f64..400.0, prop::array::uniform4(-200.0f32..1500.0)), 0..400),
        wild in prop::collection::vec((0u32..9, prop::array::uniform4(any::<f32>()), any::<f64>()), 0..20),
        width in 0u32..2000,
    ) {
        let mut watch = Watch::new(FrameSize::new(width, 720));
        for (id, class, at, [left, top, width, height]) in rows {
            watch.frame(at);
            watch.see(id, Class::ALL[class], Sighting { at, rect: Rect::new(left, top, width, height) });
        }
        for (id, [left, top, width, height], at) in wild {
            watch.see(id, Class::Car, Sighting { at, rect: Rect::new(left, top, width, height) });
        }
        if let Ok(learned) = learn(&watch) {
            let proposal = Proposal::of(&learned, &watch, &Given::default());
            write_passages(&mut Vec::new(), &learned, &proposal).expect("memory takes everything");
        }
    }
}
