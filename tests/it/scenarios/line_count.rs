//! Counting on a line, path by path.

use super::film::{Film, User};
use proptest::prelude::*;
use simpang::base::class::Class;
use simpang::base::geom::{Line, Point};
use simpang::base::id::Slug;
use simpang::config::settings::{Anchor, LineCountSettings};
use simpang::rules::Findings;
use simpang::rules::traffic::line_count::LineCount;

fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

/// A line down the middle of the picture, x = 320, drawn upwards so that its right-hand side is east.
fn rule(from_y: f32, to_y: f32) -> LineCount {
    let settings = LineCountSettings {
        name: slug("middle"),
        line: slug("middle"),
        to_right: slug("east"),
        to_left: slug("west"),
        classes: vec![Class::Car, Class::Motorcycle, Class::Bus, Class::Truck, Class::Person],
        anchor: Anchor::Center,
    };
    LineCount::new(slug("cam"), settings, Line::new(Point::new(0.5, from_y), Point::new(0.5, to_y)))
}

fn found(users: &[User], fps: f64) -> Findings {
    Film::new(fps, users.to_vec()).show(&mut rule(1.0, 0.0))
}

fn east_west(users: &[User], fps: f64) -> (usize, usize) {
    let found = found(users, fps);
    let to = |name: &str| found.crossings.iter().filter(|crossing| crossing.direction == slug(name)).count();
    (to("east"), to("west"))
}

fn class(mut user: User, class: &str, size: [f32; 2]) -> User {
    (user.class, user.size) = (class.into(), size);
    user
}

fn hidden(mut user: User, from: f64, to: f64) -> User {
    user.hidden.push([from, to]);
    user
}

#[test]
fn each_path_across_the_line_counts_as_a_watcher_would_count_it() {
    let car = User::car;
    let across = [[0., 100., 200.], [4., 540., 200.]];
    let cases: Vec<(&str, Vec<User>, (usize, usize))> = vec![
        ("a car that drives east", vec![car(1, &across)], (1, 0)),
        ("a car that drives west", vec![car(1, &[[0., 540., 200.], [4., 100., 200.]])], (0, 1)),
        ("a fast car that is seen four times in all", vec![car(1, &[[0., 20., 200.], [0.5, 620., 200.]])], (1, 0)),
        ("a car that stops before the line", vec![car(1, &[[0., 100., 200.], [3., 290., 200.], [20., 290., 200.]])], (0, 0)),
        (
            "a car that stops on the line and goes on",
            vec![car(1, &[[0., 100., 200.], [3., 318., 200.], [5., 323., 200.], [9., 317., 200.], [30., 321., 200.], [33., 600., 200.]])],
            (1, 0),
        ),
        ("a car that stays on the line to the end", vec![car(1, &[[0., 100., 200.], [3., 335., 200.], [30., 335., 200.]])], (1, 0)),
        ("a car that turns back at the line", vec![car(1, &[[0., 100., 200.], [3., 310., 200.], [6., 100., 200.]])], (0, 0)),
        (
            "a car whose number changes in front of the line",
            vec![car(1, &[[0., 100., 200.], [2., 300., 200.]]), car(2, &[[2.125, 312.5, 200.], [4., 500., 200.]])],
            (1, 0),
        ),
        (
            "a car that is lost in front of the line and found a second later behind it",
            vec![car(1, &[[0., 100., 200.], [1.75, 275., 200.]]), car(2, &[[2.75, 375., 200.], [4., 500., 200.]])],
            (1, 0),
        ),
        (
            "a car that is lost in front of the line, kept by the tracker, and found behind it under a new number",
            vec![hidden(car(1, &[[0., 100., 200.], [3.5, 450., 200.]]), 1.75, 9.), car(2, &[[2.75, 375., 200.], [4., 500., 200.]])],
            (1, 0),
        ),
        (
            "a car whose number changes behind the line",
            vec![car(1, &[[0., 100., 200.], [2.5, 345., 200.]]), car(2, &[[2.625, 330., 200.], [4., 500., 200.]])],
            (1, 0),
        ),
        ("a car that is found first just in front of the line", vec![car(1, &[[0., 312., 200.], [2., 500., 200.]])], (1, 0)),
        ("a car that is lost just behind the line", vec![car(1, &[[0., 100., 200.], [2.3, 340., 200.]])], (1, 0)),
        ("a car that is found behind the line", vec![car(1, &[[0., 335., 200.], [2., 500., 200.]])], (0, 0)),
        ("a fast car that is found a moment behind the line has passed it", vec![car(1, &[[1., 350., 200.], [3., 620., 200.]])], (1, 0)),
        ("a slow one that is found there may have stood there", vec![car(1, &[[1., 350., 200.], [9., 620., 200.]])], (0, 0)),
        ("a fast car that is lost a moment before the line passes it", vec![car(1, &[[0., 40., 200.], [2., 300., 200.]])], (1, 0)),
        (
            "a fast car that is lost before the line and found behind it, off its way",
            vec![car(1, &[[0., 40., 200.], [2., 300., 200.]]), car(2, &[[2.4, 375., 235.], [4., 600., 235.]])],
            (1, 0),
        ),
        (
            "two cars side by side with a third box around both for a moment",
            vec![
                class(car(1, &[[0., 100., 140.], [4., 540., 140.]]), "car", [150., 66.]),
                class(car(2, &[[0., 90., 214.], [4., 530., 214.]]), "car", [150., 70.]),
                class(car(3, &[[1.75, 300., 177.], [2.75, 400., 177.]]), "car", [160., 105.]),
            ],
            (2, 0),
        ),
        (
            "another car behind one that just passed is another car",
            vec![car(1, &[[0., 100., 200.], [3., 400., 200.]]), car(2, &[[1., 100., 200.], [4., 400., 200.]])],
            (2, 0),
        ),
        ("two cars that pass one another", vec![car(1, &across), car(2, &[[0., 540., 120.], [4., 100., 120.]])], (1, 1)),
        (
            "two boxes around one lorry",
            vec![class(car(1, &across), "truck", [140., 90.]), class(car(2, &across), "car", [130., 85.])],
            (1, 0),
        ),
        (
            "a lorry whose cab has a box of its own in front",
            vec![
                class(car(1, &[[0., 60., 200.], [8., 520., 200.]]), "truck", [150., 80.]),
                class(car(2, &[[0., 100., 205.], [8., 560., 205.]]), "car", [70., 70.]),
            ],
            (1, 0),
        ),
        (
            "a car in front of a lorry, nearer to the camera",
            vec![
                class(car(1, &[[0., 60., 180.], [8., 520., 180.]]), "truck", [150., 120.]),
                class(car(2, &[[0., 80., 230.], [8., 540., 230.]]), "car", [70., 70.]),
            ],
            (2, 0),
        ),
        (
            "a rider with a box of his own on his motorcycle",
            vec![
                class(car(1, &across), "motorcycle", [30., 36.]),
                class(car(2, &[[0., 100., 185.], [4., 540., 185.]]), "person", [18., 44.]),
            ],
            (1, 0),
        ),
        (
            "a pedestrian who passes a parked motorcycle",
            vec![
                class(car(1, &[[0., 320., 200.], [20., 320., 200.]]), "motorcycle", [30., 36.]),
                class(car(2, &[[0., 200., 190.], [10., 440., 190.]]), "person", [18., 44.]),
            ],
            (1, 0),
        ),
        (
            "two motorcycles side by side",
            vec![
                class(car(1, &across), "motorcycle", [24., 30.]),
                class(car(2, &[[0., 100., 215.], [4., 540., 215.]]), "motorcycle", [24., 30.]),
            ],
            (2, 0),
        ),
        ("a car hidden by a lorry while it passes", vec![hidden(car(1, &across), 1.5, 2.8)], (1, 0)),
        (
            "queue: one waits behind the line, lost and found, the next comes up to it and waits",
            vec![
                car(1, &[[0., 100., 200.], [3., 350., 200.], [8., 350., 200.]]),
                car(2, &[[10., 350., 200.], [20., 350., 200.]]),
                car(3, &[[4., 40., 200.], [8., 280., 200.], [20., 280., 200.]]),
            ],
            (1, 0),
        ),
    ];
    for fps in [5.0, 8.0, 25.0] {
        for (story, users, expected) in &cases {
            assert_eq!(east_west(users, fps), *expected, "{story}, at {fps} frames a second");
        }
    }
}

#[test]
fn the_line_ends_where_it_is_drawn() {
    let count = |y: f64| {
        let film = Film::new(8.0, vec![User::car(1, &[[0., 100., y], [4., 540., y]])]);
        film.show(&mut rule(0.75, 0.25)).crossings.len()
    };
    let (inside, just_beyond, beyond) = (count(180.), count(80.), count(50.));
    assert_eq!((inside, just_beyond, beyond), (1, 1, 0));
}

#[test]
fn the_time_of_a_crossing_is_that_of_the_middle_on_the_line() {
    let found = found(&[User::car(1, &[[0., 100., 200.], [4., 540., 200.]])], 5.0);
    let crossing = &found.crossings[0];
    assert!((crossing.at.as_secs_f64() - 2.0).abs() < 0.02, "{crossing:?}");
    assert_eq!(crossing.wall.to_string()[..22], *"2026-11-21T10:00:02.00");
    assert_eq!(crossing.class, Class::Car);
}

#[test]
fn a_rider_is_not_a_person_and_a_pedestrian_is() {
    let mut rider = class(User::car(1, &[[0., 100., 200.], [4., 540., 200.]]), "person", [20., 50.]);
    assert_eq!(east_west(std::slice::from_ref(&rider), 8.0), (1, 0));
    rider.rider = true;
    assert_eq!(east_west(&[rider], 8.0), (0, 0));
}

#[test]
fn minutes_and_quarters_add_up_to_the_total() {
    let users: Vec<User> = (0..20)
        .map(|i| {
            let from = f64::from(i) * 10.0;
            User::car(i + 1, &[[from, 100., 200.], [from + 4.0, 540., 200.]])
        })
        .collect();
    let film = Film::new(8.0, users);
    let mut rule = rule(1.0, 0.0);
    let found = film.show(&mut rule);
    let sums = |is_quarter: bool| -> u32 {
        let of_length = found.reports.iter().filter(|report| (report.from.secs_until(report.to) > 60.0) == is_quarter);
        of_length
            .map(|report| match &report.measure {
                simpang::event::FlowMeasure::Line(counts) => counts.values().flat_map(|classes| classes.values()).sum::<u32>(),
                simpang::event::FlowMeasure::Zone { .. }
                | simpang::event::FlowMeasure::Movements(_)
                | simpang::event::FlowMeasure::Approach(_) => 0,
            })
            .sum()
    };
    assert_eq!((sums(false), sums(true), rule.totals()[&slug("east")][&Class::Car]), (20, 20, 20));
    assert!(rule.totals()[&slug("west")].is_empty(), "a direction nobody took is there");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn moving_the_picture_does_not_change_the_count(dx in -80.0f64..80.0, dy in -80.0f64..80.0, speed in 40.0f64..400.0) {
        let path = [[0., 100., 180.], [440. / speed, 540., 180.]];
        let moved = path.map(|[t, x, y]| [t, x + dx, y + dy]);
        prop_assert_eq!(east_west(&[User::car(1, &path)], 8.0), (1, 0));
        prop_assert_eq!(east_west(&[User::car(1, &moved)], 8.0), (1, 0));
    }

    #[test]
    fn a_broken_path_counts_once_wherever_it_breaks(breaks in 0.6f64..3.2, gap in 0.0f64..0.8, speed in 60.0f64..250.0) {
        let x = |t: f64| 320.0 + (t - 2.0) * speed;
        let again = breaks + gap + 0.2;
        let first = User::car(1, &[[0., x(0.), 200.], [breaks, x(breaks), 200.]]);
        let second = User::car(2, &[[again, x(again), 200.], [4.6, x(4.6), 200.]]);
        prop_assert_eq!(east_west(&[first, second], 8.0), (1, 0));
    }
}
