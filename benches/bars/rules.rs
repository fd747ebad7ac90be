//! Scene and rules together at 60 tracks with every rule on: CPU time of an analysed frame, and heap allocations, exactly.
//!
//! The traffic is made: 60 road users on ellipses around the middle, who all brake for a red light once a minute and drive on, so each rule has something to look at
//! in every frame and the set of tracks never changes. Frames that tell of something make texts and are told apart.

use anyhow::{Context, Result, ensure};
use simpang::base::class::Class;
use simpang::base::geom::{FrameSize, Point, Rect};
use simpang::base::time::{MediaTime, Stamp, WallTime, thread_cpu};
use simpang::config::check::{self, Surroundings};
use simpang::config::settings::CameraSettings;
use simpang::detect::Score;
use simpang::rules::{Findings, RuleSet};
use simpang::scene::SceneState;
use simpang::track::{Track, TrackId};

use super::counting::Count;
use super::machine::{median, millis};
use super::table::Table;

const TRACKS: u32 = 60;
const SIZE: FrameSize = FrameSize::new(1280, 720);
const FPS: u64 = 10;
/// Frames until every memory has its size: longer than the longest window of a rule.
const WARM: u64 = 20 * 60 * FPS;
const ROUNDS: u64 = 15;
/// A minute, so that each round sees one red light and one report of a minute.
const ROUND: u64 = 60 * FPS;

/// Every rule there is, most of them on the whole picture.
const CAMERA: &str = r#"
[site]
city = "palembang"
id = "bangku"
device = "edge-01"
[cameras.c]
simulated = { seed = 1 }
analyse_fps = 10
[cameras.c.lines.garis]
from = [0.5, 0.95]
to = [0.5, 0.05]
[cameras.c.lines.kiri]
from = [0.3, 0.05]
to = [0.3, 0.95]
[cameras.c.gates.barat]
entry = "kiri"
exit = "kiri"
[cameras.c.gates.timur]
entry = "garis"
exit = "garis"
[cameras.c.zones.barat]
kind = "approach"
polygon = [[0.01, 0.01], [0.5, 0.01], [0.5, 0.99], [0.01, 0.99]]
stop_line = "garis"
[cameras.c.zones.semua]
kind = "approach"
polygon = [[0.01, 0.01], [0.99, 0.01], [0.99, 0.99], [0.01, 0.99]]
[cameras.c.zones.keluar]
kind = "exit"
polygon = [[0.5, 0.01], [0.99, 0.01], [0.99, 0.99], [0.5, 0.99]]
[[cameras.c.rules.line_count]]
line = "garis"
to_right = "kanan"
to_left = "kiri"
[[cameras.c.rules.zone_occupancy]]
zone = "semua"
[[cameras.c.rules.congestion]]
zone = "semua"
exit_zone = "keluar"
[[cameras.c.rules.crowd]]
zone = "semua"
enter_at = 4
exit_below = 3
[[cameras.c.rules.stopped_vehicle]]
zone = "semua"
[[cameras.c.rules.wrong_way]]
zone = "semua"
[[cameras.c.rules.pedestrian_on_road]]
zone = "semua"
[[cameras.c.rules.debris]]
zone = "semua"
[[cameras.c.rules.accident]]
[[cameras.c.rules.movements]]
[[cameras.c.rules.approach]]
zone = "barat"
"#;

/// Adds the lines of this section.
pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let loaded = check::load_text(CAMERA, "bench.toml".as_ref(), &Surroundings::default())?;
    ensure!(loaded.refused.is_empty(), "the camera is refused: {:?}", loaded.problems());
    let camera = loaded.settings.cameras.first().context("one camera")?;
    let mut bench = Bench::new(camera, &loaded.settings.site.source())?;
    for _ in 0..WARM {
        bench.step();
    }
    let rounds: Vec<Round> = (0..ROUNDS).map(|_| bench.round()).collect();
    let number = camera.rules.len();
    let spent = || rounds.iter().map(|round| round.millis / ROUND as f64);
    let told: u64 = rounds.iter().map(|round| round.told).sum();
    table.at_most(
        &format!("scene and {number} rules at {TRACKS} tracks"),
        (median(spent().collect()), 0.3),
        "ms of CPU a frame",
        &format!("slowest of {ROUNDS} minutes {:.3}", spent().fold(0.0, f64::max)),
    );
    let silent: u64 = rounds.iter().map(|round| round.silent_allocations).sum();
    table.at_most(
        "heap allocations of scene and rules while the set of tracks does not change",
        (silent as f64, 0.0),
        "",
        &format!("in {} frames that tell of nothing", ROUNDS * ROUND - told),
    );
    let telling: u64 = rounds.iter().map(|round| round.telling_allocations).sum();
    by_rule(table, camera, &loaded.settings.site.source())?;
    table.state("allocations in frames that tell of something", &format!("{telling} in {told} frames, for texts"));
    Ok(())
}

/// What each rule costs, with the scene that all need.
fn by_rule(table: &mut Table, camera: &CameraSettings, source: &str) -> Result<()> {
    let sets = std::iter::once(Vec::new()).chain(camera.rules.iter().map(|rule| vec![rule.clone()]));
    let mut costs = Vec::new();
    for rules in sets {
        let words = rules.first().map(|rule| format!("{rule:?}"));
        let name = words.as_deref().and_then(|words| words.split('(').next()).unwrap_or("scene alone").to_owned();
        let mut bench = Bench::new(&CameraSettings { rules, ..camera.clone() }, source)?;
        for _ in 0..2 {
            bench.round();
        }
        let rounds = [bench.round(), bench.round(), bench.round()];
        let silent: u64 = rounds.iter().map(|round| round.silent_allocations).sum();
        costs.push(format!("{name} {:.3} ms, {silent} allocations", median(rounds.map(|round| round.millis / ROUND as f64).to_vec())));
    }
    table.state("the scene alone, then each rule with it", &costs.join("; "));
    Ok(())
}

#[derive(Default)]
struct Round {
    millis: f64,
    /// Frames with a crossing, a report or an event.
    told: u64,
    telling_allocations: u64,
    silent_allocations: u64,
}

struct Bench {
    scene: SceneState,
    rules: RuleSet,
    findings: Findings,
    tracks: Vec<Track>,
    frame: u64,
    /// How far everybody has come, in seconds of free driving.
    way: f64,
}

impl Bench {
    fn new(camera: &CameraSettings, source: &str) -> Result<Self> {
        let rules = RuleSet::build(camera, source)?;
        Ok(Self { scene: SceneState::new(), rules, findings: Findings::default(), tracks: Vec::new(), frame: 0, way: 0.0 })
    }

    fn round(&mut self) -> Round {
        let mut round = Round::default();
        for _ in 0..ROUND {
            let (spent, allocations, told) = self.step();
            round.millis += spent;
            match told {
                true => (round.told, round.telling_allocations) = (round.told + 1, round.telling_allocations + allocations),
                false => round.silent_allocations += allocations,
            }
        }
        round
    }

    /// One frame: CPU milliseconds, allocations, and whether something was told.
    fn step(&mut self) -> (f64, u64, bool) {
        self.move_on();
        let micros = (self.frame * 1_000_000 / FPS) as i64;
        let at = Stamp { media: MediaTime::from_micros(micros), wall: WallTime::from_micros(micros) };
        let (counted, before) = (Count::now(), thread_cpu());
        self.findings.clear();
        let scene = self.scene.observe(at, SIZE, &self.tracks);
        self.rules.observe(&scene, &mut self.findings);
        let (spent, allocations) = (thread_cpu().saturating_sub(before), Count::now().since(counted).all);
        let Findings { events, crossings, reports } = &self.findings;
        (millis(spent), allocations, events.len() + crossings.len() + reports.len() > 0)
    }

    fn move_on(&mut self) {
        self.frame += 1;
        let at = MediaTime::from_micros((self.frame * 1_000_000 / FPS) as i64);
        // 30 s of driving, 10 s of braking and starting around 20 s of standing.
        let phase = self.frame as f64 / FPS as f64 % 60.0;
        let pace = if phase < 30.0 { 1.0 } else { ((35.0 - phase) / 5.0).max((phase - 55.0) / 5.0).clamp(0.0, 1.0) };
        self.way += pace / FPS as f64;
        let known = std::mem::take(&mut self.tracks);
        self.tracks = (0..TRACKS).map(|number| self.road_user(number, at, known.get(number as usize))).collect();
    }

    fn road_user(&self, number: u32, at: MediaTime, known: Option<&Track>) -> Track {
        // Ten lanes, six road users on each.
        let (lane, place) = (f64::from(number % 10), f64::from(number / 10));
        let (wide, high) = (120.0 + 45.0 * lane, 60.0 + 25.0 * lane);
        // About 100 pixels a second on each lane.
        let angle = self.way * 100.0 / (wide + high) * 2.0 + place * std::f64::consts::TAU / 6.0 + lane;
        let (x, y) = (640.0 + wide * angle.cos(), 360.0 + high * angle.sin());
        let class = match number % 12 {
            0..=4 => Class::Motorcycle,
            5..=8 => Class::Car,
            9 => Class::Bus,
            10 => Class::Truck,
            _ => Class::Person,
        };
        let (width, height) = match class {
            Class::Car => (52.0, 40.0),
            Class::Bus | Class::Truck => (80.0, 60.0),
            Class::Motorcycle | Class::Bicycle => (22.0, 28.0),
            Class::Person => (14.0, 34.0),
        };
        // As much as a detector's boxes tremble.
        let noise = |salt: u64| (self.frame.wrapping_mul(2_654_435_761).wrapping_add(u64::from(number) * 40_503 + salt * 977) >> 8) as u8;
        let tremble = |salt| f32::from(noise(salt)) / 255.0 - 0.5;
        let rect = Rect::new(x as f32 - width / 2.0 + tremble(1), y as f32 - height + tremble(2), width, height);
        Track {
            id: TrackId(number + 1),
            rect,
            class,
            score: Score::new(0.8),
            velocity: Point::new(0.0, 0.0),
            is_observed: true,
            is_rider: false,
            first_seen: known.map_or((at, rect), |known| known.first_seen),
            last_seen: at,
        }
    }
}
