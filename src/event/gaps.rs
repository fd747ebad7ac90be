//! What a message about an approach does not say: figures that are absent, with the reason, and those that are at least what is said.

use std::collections::BTreeMap;

use super::approach::ApproachObserved;
use super::measures::{ApproachFigures, Missing};

/// Why a figure is absent, for operators: Indonesian first, English second.
#[derive(Clone, Copy)]
struct Why(&'static str, &'static str);

const SHORT: Why =
    Why("kurang dari satu siklus lampu, jadi tidak berarti apa-apa", "over less than a cycle of the signal they say nothing");
const COVERAGE: Why = Why("kurang dari 80 % waktu gambar dianalisis", "pictures were analysed for less than 80 % of the period");
const NO_DISCHARGE: Why = Why(
    "terlalu sedikit antrean terlihat berangkat untuk mengetahui hijau dan arus jenuh; isi di konfigurasi, atau tunggu",
    "too few queues were seen to leave to know green and saturation flow; configure them, or wait",
);
const NO_CYCLE: Why = Why(
    "lalu lintas tidak menunjukkan lampu; isi siklusnya di konfigurasi kalau ada",
    "the traffic shows no signal; configure its cycle where there is one",
);
const NOT_FOLLOWED: Why = Why(
    "terlalu sedikit kendaraan terlihat dari ujung ke ujung, dan rumus memerlukan derajat kejenuhan",
    "too few vehicles were followed from end to end, and the formula needs a degree of saturation",
);
const NOBODY: Why = Why("tidak ada kendaraan", "nobody was there");
const FEW_PASSED: Why = Why("kurang dari dua kendaraan lewat", "fewer than two vehicles passed");
const NO_WHOLE_CYCLE: Why = Why("belum ada satu siklus lampu penuh yang terlihat", "no whole cycle of the signal was seen yet");
const NO_LENGTH: Why = Why(
    "panjang pendekat belum diketahui: terlalu sedikit kendaraan sampai di garis henti",
    "the length of the approach is not known yet: too few came to the stop line",
);
const NO_METRES: Why =
    Why("kamera belum dikalibrasi, atau belum ada kendaraan yang diikuti", "the camera is not calibrated, or nobody was followed yet");
const BY_FORMULA: Why = Why("rumus tidak memberikannya", "the formula does not give it");
const NOT_SEEN: Why = Why("tidak ada gambar yang dianalisis", "no picture was analysed");

/// The reason of every optional figure that is absent.
pub(super) fn not_measured(observed: &ApproachObserved, figures: &ApproachFigures) -> BTreeMap<String, String> {
    let absent = traffic(observed, figures).into_iter().chain(signal(observed, figures)).filter(|(_, value, _)| value.is_none());
    absent.map(|(name, _, Why(id, en))| (name.to_owned(), format!("{id} / {en}"))).collect()
}

type Figure = (&'static str, Option<f64>, Why);

fn traffic(observed: &ApproachObserved, figures: &ApproachFigures) -> [Figure; 10] {
    let metric = |in_lengths: Option<f64>, why: Why| if in_lengths.is_none() { why } else { NO_METRES };
    let residual = if figures.missing.contains(&Missing::NoWholeCycle) { NO_WHOLE_CYCLE } else { NOT_SEEN };
    [
        ("averageHeadwayTime", observed.average_headway_time, FEW_PASSED),
        ("speedLS", observed.speed_l_s, NOBODY),
        ("averageVehicleSpeed", observed.average_vehicle_speed, metric(observed.speed_l_s, NOBODY)),
        ("stoppedShare", observed.stopped_share, NOBODY),
        ("densityVehL", observed.density_veh_l, NO_LENGTH),
        ("densityVehKm", observed.density_veh_km, metric(observed.density_veh_l, NO_LENGTH)),
        ("areaOccupancy", observed.area_occupancy, NOT_SEEN),
        ("queueMaxM", observed.queue_max_m, NO_METRES),
        ("queueResidualL", observed.queue_residual_l, residual),
        ("queueResidualPcu", observed.queue_residual_pcu, residual),
    ]
}

fn signal(observed: &ApproachObserved, figures: &ApproachFigures) -> [Figure; 9] {
    let has = |missing: Missing| figures.missing.contains(&missing);
    // Over too short a time, or with too few pictures, none of what follows is judged at all.
    let unjudged = if has(Missing::ShorterThanCycle) { Some(SHORT) } else { has(Missing::Coverage).then_some(COVERAGE) };
    let supply = if observed.cycle_s.is_none() { NO_CYCLE } else { NO_DISCHARGE };
    let delay = unjudged.unwrap_or(NOT_FOLLOWED);
    let level = observed.level_of_service.map(|_| 0.0);
    [
        ("cycleS", observed.cycle_s, NO_CYCLE),
        ("greenS", observed.green_s, NO_DISCHARGE),
        ("saturationFlowPcuH", observed.saturation_flow_pcu_h, NO_DISCHARGE),
        ("demandPcuH", observed.demand_pcu_h, unjudged.unwrap_or(NOT_SEEN)),
        ("degreeOfSaturation", observed.degree_of_saturation, unjudged.unwrap_or(supply)),
        ("delayS", observed.delay_s, delay),
        ("delayPcuS", observed.delay_pcu_s, delay),
        ("stoppedDelayS", observed.stopped_delay_s, if observed.delay_s.is_none() { delay } else { BY_FORMULA }),
        ("levelOfService", level, delay),
    ]
}

/// Names of the figures that a queue beyond what the camera sees makes larger than they say.
pub(super) fn at_least(observed: &ApproachObserved, figures: &ApproachFigures) -> Vec<String> {
    let bounds = [
        ("queueMaxL", Some(observed.queue_max_l)),
        ("queueMaxM", observed.queue_max_m),
        ("queueResidualL", observed.queue_residual_l),
        ("queueResidualPcu", observed.queue_residual_pcu),
        ("demandPcuH", observed.demand_pcu_h),
        ("degreeOfSaturation", observed.degree_of_saturation),
        ("delayS", observed.delay_s),
        ("delayPcuS", observed.delay_pcu_s),
        ("stoppedDelayS", observed.stopped_delay_s),
    ];
    let known = bounds.into_iter().filter(|(_, value)| figures.is_out_of_sight && value.is_some());
    known.map(|(name, _)| name.to_owned()).collect()
}
