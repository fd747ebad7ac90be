//! What the tracker costs: CPU time and heap allocations a frame with 10, 30 and 100 things in view.
//!
//! `cargo bench --bench tracker`. Fails when a frame allocates in steady state, or takes longer than its bar (median CPU time). The time of a
//! reference in the same run, all overlaps of that many boxes with each other, tells a slow machine from a slow tracker.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use simpang::base::class::Class;
use simpang::base::geom::Rect;
use simpang::base::time::{MediaTime, thread_cpu};
use simpang::config::settings::TrackSettings;
use simpang::detect::{Detection, Score};
use simpang::track::Tracker;

/// The system's allocator, counting.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator unchanged; counting touches no memory of the caller.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Numbers in 0..1 that look random and are the same every time (splitmix64).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }
}

/// `things` vehicles that go round on ellipses in a 1280 × 720 picture, crossing each other; each frame one in ten is missed and
/// the boxes tremble.
fn frame(things: usize, secs: f32, noise: &mut Noise, into: &mut Vec<Detection>) {
    into.clear();
    for thing in 0..things {
        let (own, phase) = (thing as f32 / things as f32, thing as f32 * 2.4);
        let angle = phase + secs * (0.1 + 0.3 * own);
        let (x, y) = (640.0 + (150.0 + 400.0 * own) * angle.cos(), 360.0 + (100.0 + 200.0 * own) * angle.sin());
        let (width, height) = (36.0 + 30.0 * own, 28.0 + 24.0 * own);
        let mut tremble = || (noise.next() - 0.5) * 4.0;
        let rect = Rect::new(x - width / 2.0 + tremble(), y - height / 2.0 + tremble(), width + tremble(), height + tremble());
        let score = Score::new(0.3 + 0.7 * noise.next());
        if noise.next() > 0.1 {
            into.push(Detection { rect, class: if thing % 3 == 0 { Class::Car } else { Class::Motorcycle }, score });
        }
    }
}

/// Microseconds of CPU for the overlaps of all boxes with all, the least that a tracker with a full matrix does: the median of many runs.
fn reference(detections: &[Detection]) -> f64 {
    let mut micros: Vec<f64> = (0..501)
        .map(|_| {
            let cpu = thread_cpu();
            let boxes = black_box(detections);
            let sum: f32 = boxes.iter().map(|a| boxes.iter().map(|b| a.rect.iou(b.rect)).sum::<f32>()).sum();
            black_box(sum);
            (thread_cpu() - cpu).as_secs_f64() * 1e6
        })
        .collect();
    micros.sort_by(f64::total_cmp);
    micros[micros.len() / 2]
}

fn main() -> ExitCode {
    const FPS: f32 = 8.0;
    let mut is_met = true;
    // Things in view, and the most microseconds that a frame may take.
    for (things, bar) in [(10usize, None), (30, Some(40.0)), (100, Some(150.0))] {
        let mut tracker = Tracker::new(&TrackSettings::default());
        let (mut noise, mut detections) = (Noise(things as u64), Vec::with_capacity(things));
        let (warm, measured) = (800u32, 4000u32);
        let (mut micros, mut allocations, mut tracks) = (Vec::with_capacity(measured as usize), 0, 0);
        for number in 0..warm + measured {
            let secs = number as f32 / FPS;
            frame(things, secs, &mut noise, &mut detections);
            let (cpu, count) = (thread_cpu(), ALLOCATIONS.load(Ordering::Relaxed));
            let now = tracker.update(MediaTime::from_secs_f64(f64::from(secs)), &detections).len();
            let (cpu, count) = (thread_cpu() - cpu, ALLOCATIONS.load(Ordering::Relaxed) - count);
            if number >= warm {
                micros.push(cpu.as_secs_f64() * 1e6);
                allocations += count;
                tracks += now;
            }
        }
        micros.sort_by(f64::total_cmp);
        let at = |share: f64| micros[((micros.len() - 1) as f64 * share) as usize];
        let mean = micros.iter().sum::<f64>() / f64::from(measured);
        let is_within = bar.is_none_or(|bar| at(0.5) <= bar);
        is_met &= is_within;
        println!(
            "{things:4} things: mean {mean:6.1} µs, median {:6.1} µs, p99 {:6.1} µs a frame{}; {:.1} times the reference; {:.1} tracks; {allocations} allocations in {measured} frames",
            at(0.5),
            at(0.99),
            bar.map_or(String::new(), |bar| format!(" (bar {bar} µs: {})", if is_within { "ok" } else { "MISSED" })),
            at(0.5) / reference(&detections).max(f64::EPSILON),
            tracks as f64 / f64::from(measured),
        );
        assert_eq!(allocations, 0, "a frame allocated in steady state");
    }
    if is_met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
