//! One sentence an event, in Bahasa Indonesia and in English: what operators see first and an officer reads out over a loudspeaker.

use super::cloud_event::Sentences;
use super::reason::Reason;
use super::types::{Category, EndReason, Event, Kind, Phase, Severity};
use crate::base::class::Class;
use crate::base::cue::Cue;

/// Says `event` in both languages. `site` is the intersection as locals say it.
pub fn sentences(site: &str, event: &Event) -> Sentences {
    Sentences { id: indonesian(site, event), en: english(site, event) }
}

fn indonesian(site: &str, event: &Event) -> String {
    let place = place(site, &event.zone.name);
    let lasted = duration_id(lasted_secs(event));
    let Some((_, reason)) = event.ended else {
        if event.kind.category() == Category::Accident {
            return accident_id(event, &place, &lasted);
        }
        let what = match (event.phase, event.kind) {
            (Phase::Update, Kind::StoppedVehicle) => format!("{} masih berhenti", capitalised(&vehicles_id(event))),
            (_, Kind::StoppedVehicle) => format!("{} berhenti", capitalised(&vehicles_id(event))),
            (Phase::Update, Kind::WrongWay) => format!("{} masih melawan arus", capitalised(&vehicles_id(event))),
            (_, Kind::WrongWay) => format!("{} melawan arus", capitalised(&vehicles_id(event))),
            (Phase::Update, kind) => format!("Masih ada {}", condition_id(kind)),
            (_, kind) => capitalised(condition_id(kind)),
        };
        let figures = figures_id(event).map(|figures| format!("{figures}, ")).unwrap_or_default();
        let ask = if event.kind == Kind::Debris { " Mohon verifikasi." } else { "" };
        return format!("{what} di {place}: {figures}sudah {lasted}.{ask}");
    };
    let (subject, place) = (subject_id(event), closed(place));
    match reason {
        EndReason::Cleared => match event.kind {
            Kind::Heavy | Kind::Slow => format!("Lalu lintas di {place} sudah lancar kembali setelah {lasted}."),
            Kind::Queuing | Kind::Stationary | Kind::Spillback => {
                format!("{} di {place} sudah terurai setelah {lasted}.", capitalised(&subject))
            }
            Kind::Count | Kind::Density => format!("{} di {place} sudah bubar setelah {lasted}.", capitalised(&subject)),
            Kind::StoppedVehicle | Kind::PedestrianOnRoad | Kind::Collision | Kind::RiderDown | Kind::SingleVehicle => {
                format!("{} di {place} sudah tidak ada setelah {lasted}.", capitalised(&subject))
            }
            Kind::WrongWay => format!("{} di {place} tidak terlihat lagi setelah {lasted}.", capitalised(&subject)),
            Kind::Debris => format!("{} di {place} sudah tidak ada setelah {lasted}.", capitalised(condition_id(event.kind))),
        },
        EndReason::NotConfirmed => format!("Dugaan {subject} di {place} tidak terbukti."),
        EndReason::CameraLost => format!("Pantauan {subject} di {place} terputus setelah {lasted}; keadaan sekarang tidak diketahui."),
        EndReason::OperatorClosed => format!("{} di {place} ditutup operator setelah {lasted}.", capitalised(&subject)),
        EndReason::Superseded => format!("{} di {place} kini tercakup dalam kejadian lain.", capitalised(&subject)),
    }
}

fn english(site: &str, event: &Event) -> String {
    let place = place(site, &event.zone.name);
    let lasted = duration_en(lasted_secs(event));
    let Some((_, reason)) = event.ended else {
        if event.kind.category() == Category::Accident {
            return accident_en(event, &place, &lasted);
        }
        let what = match (event.phase, event.kind) {
            (Phase::Update, Kind::StoppedVehicle) => format!("{} still stopped", capitalised(&vehicles_en(event))),
            (_, Kind::StoppedVehicle) => format!("{} stopped", capitalised(&vehicles_en(event))),
            (Phase::Update, Kind::WrongWay) => format!("{} still going the wrong way", capitalised(&vehicles_en(event))),
            (_, Kind::WrongWay) => format!("{} going the wrong way", capitalised(&vehicles_en(event))),
            (Phase::Update, Kind::Count | Kind::Density | Kind::PedestrianOnRoad | Kind::Debris) => {
                format!("Still a {}", condition_en(event.kind))
            }
            (Phase::Update, kind) => format!("Still {}", condition_en(kind)),
            (_, kind) => capitalised(condition_en(kind)),
        };
        let figures = figures_en(event).map(|figures| format!("{figures}, ")).unwrap_or_default();
        let ask = if event.kind == Kind::Debris { " Please verify." } else { "" };
        return format!("{what} at {place}: {figures}for {lasted} so far.{ask}");
    };
    let (subject, place) = (subject_en(event), closed(place));
    match reason {
        EndReason::Cleared => match event.kind {
            Kind::Heavy | Kind::Slow => format!("Traffic at {place} is flowing again after {lasted}."),
            Kind::Queuing | Kind::Stationary | Kind::Spillback => {
                format!("{} at {place} has cleared after {lasted}.", capitalised(&subject))
            }
            Kind::Count | Kind::Density => format!("{} at {place} has dispersed after {lasted}.", capitalised(&subject)),
            Kind::StoppedVehicle | Kind::PedestrianOnRoad | Kind::Collision | Kind::RiderDown | Kind::SingleVehicle => {
                format!("{} at {place} is gone after {lasted}.", capitalised(&subject))
            }
            Kind::WrongWay => format!("{} at {place} is no longer seen after {lasted}.", capitalised(&subject)),
            Kind::Debris => format!("{} at {place} is gone after {lasted}.", capitalised(condition_en(event.kind))),
        },
        EndReason::NotConfirmed => format!("Suspected {subject} at {place} was not confirmed."),
        EndReason::CameraLost => format!("Lost sight of {subject} at {place} after {lasted}; what it is like now is unknown."),
        EndReason::OperatorClosed => format!("{} at {place} closed by an operator after {lasted}.", capitalised(&subject)),
        EndReason::Superseded => format!("{} at {place} is now part of another event.", capitalised(&subject)),
    }
}

/// `Diduga tabrakan di Simpang Charitas (mobil dan sepeda motor): ada benturan, sudah 4 detik. Mohon verifikasi.`; without "diduga" once it is confirmed.
fn accident_id(event: &Event, place: &str, lasted: &str) -> String {
    let (what, who) = (condition_id(event.kind), vehicles_id(event));
    let why = figures_id(event).map(|why| format!("{why}, ")).unwrap_or_default();
    match (event.severity, event.phase) {
        (Severity::Critical, _) => format!("{} di {place} ({who}): {why}sudah {lasted}.", capitalised(what)),
        (_, Phase::Update) => format!("Masih diduga {what} di {place} ({who}): {why}sudah {lasted}. Mohon verifikasi."),
        _ => format!("Diduga {what} di {place} ({who}): {why}sudah {lasted}. Mohon verifikasi."),
    }
}

fn accident_en(event: &Event, place: &str, lasted: &str) -> String {
    let (what, who) = (condition_en(event.kind), vehicles_en(event));
    let why = figures_en(event).map(|why| format!("{why}, ")).unwrap_or_default();
    match (event.severity, event.phase) {
        (Severity::Critical, _) => format!("{} at {place} ({who}): {why}{lasted} ago.", capitalised(what)),
        (_, Phase::Update) => format!("Still suspected {what} at {place} ({who}): {why}{lasted} ago. Please verify."),
        _ => format!("Suspected {what} at {place} ({who}): {why}{lasted} ago. Please verify."),
    }
}

/// What says most: the strongest cue, and that the lane is blocked, for which somebody must be sent.
fn cues(event: &Event, in_words: impl Fn(&Reason) -> String) -> Option<String> {
    let strongest = event.why.first().filter(|reason| reason.value.is_finite())?;
    let blocked = event.why[1..].iter().find(|reason| reason.cue == Cue::FlowBlocked && reason.value.is_finite());
    Some(blocked.map_or_else(|| in_words(strongest), |blocked| format!("{}, {}", in_words(strongest), in_words(blocked))))
}

/// `Simpang Charitas, pendekat utara`; a zone that already says the site is enough by itself.
fn place(site: &str, zone: &str) -> String {
    if zone.is_empty() {
        site.to_owned()
    } else if zone.contains(site) {
        zone.to_owned()
    } else {
        format!("{site}, {zone}")
    }
}

/// A place in the middle of a sentence: what follows a comma is closed by one.
fn closed(place: String) -> String {
    if place.contains(',') { place + "," } else { place }
}

fn condition_id(kind: Kind) -> &'static str {
    match kind {
        Kind::Heavy => "lalu lintas ramai",
        Kind::Slow => "lalu lintas tersendat",
        Kind::Queuing => "antrean padat",
        Kind::Stationary => "kemacetan total",
        Kind::Count => "kerumunan",
        Kind::Density => "kerumunan rapat",
        Kind::StoppedVehicle => "kendaraan berhenti",
        Kind::WrongWay => "kendaraan melawan arus",
        Kind::PedestrianOnRoad => "pejalan kaki di badan jalan",
        Kind::Collision => "tabrakan",
        Kind::RiderDown => "kecelakaan sepeda motor",
        Kind::SingleVehicle => "kecelakaan tunggal",
        Kind::Spillback => "antrean tertahan karena jalan keluar penuh",
        Kind::Debris => "kemungkinan benda jatuh di badan jalan",
    }
}

fn condition_en(kind: Kind) -> &'static str {
    match kind {
        Kind::Heavy => "heavy traffic",
        Kind::Slow => "slow traffic",
        Kind::Queuing => "queuing traffic",
        Kind::Stationary => "stationary traffic",
        Kind::Count => "crowd",
        Kind::Density => "dense crowd",
        Kind::StoppedVehicle => "stopped vehicle",
        Kind::WrongWay => "wrong-way vehicle",
        Kind::PedestrianOnRoad => "pedestrian on the road",
        Kind::Collision => "collision",
        Kind::RiderDown => "motorcycle accident",
        Kind::SingleVehicle => "single-vehicle accident",
        Kind::Spillback => "queue held up by a full exit",
        Kind::Debris => "possible object on the road",
    }
}

fn subject_id(event: &Event) -> String {
    match event.kind {
        Kind::StoppedVehicle => format!("{} yang berhenti", vehicles_id(event)),
        Kind::WrongWay => format!("{} yang melawan arus", vehicles_id(event)),
        Kind::Debris => "benda jatuh di badan jalan".to_owned(),
        kind => condition_id(kind).to_owned(),
    }
}

fn subject_en(event: &Event) -> String {
    match event.kind {
        Kind::StoppedVehicle => format!("stopped {}", vehicles_en(event)),
        Kind::WrongWay => format!("wrong-way {}", vehicles_en(event)),
        Kind::Debris => "object on the road".to_owned(),
        kind => condition_en(kind).to_owned(),
    }
}

/// The one figure that says most; `None` when the rule measured none.
fn figures_id(event: &Event) -> Option<String> {
    let m = &event.measurement;
    match event.kind {
        Kind::Heavy | Kind::Slow | Kind::Queuing | Kind::Stationary | Kind::Spillback => {
            m.speed_ratio.filter(|ratio| ratio.is_finite()).map(|ratio| format!("kecepatan {:.0} % dari arus bebas", ratio * 100.0))
        }
        Kind::Count | Kind::Density => {
            let density = density(event).map(|density| format!(" ({} per m²)", density.replace('.', ","))).unwrap_or_default();
            people(event).map(|people| format!("sekitar {} orang{density}", grouped(people, '.')))
        }
        Kind::StoppedVehicle => m.vehicles_passed.filter(|n| *n > 0).map(|n| format!("{} kendaraan lain melewatinya", grouped(n, '.'))),
        Kind::WrongWay => m.users_total.filter(|n| *n > 1).map(|n| format!("sejauh ini {} kendaraan", grouped(n, '.'))),
        Kind::PedestrianOnRoad => match m.vehicles_passed {
            Some(1..) => Some("kendaraan lewat sangat dekat".to_owned()),
            Some(0) | None => m.people_max.filter(|n| *n > 1).map(|n| format!("{} orang", grouped(n, '.'))),
        },
        Kind::Collision | Kind::RiderDown | Kind::SingleVehicle => cues(event, Reason::in_indonesian),
        Kind::Debris => size_l(event).map(|size| format!("ukuran sekitar {} panjang mobil", size.replace('.', ","))),
    }
}

fn figures_en(event: &Event) -> Option<String> {
    let m = &event.measurement;
    match event.kind {
        Kind::Heavy | Kind::Slow | Kind::Queuing | Kind::Stationary | Kind::Spillback => {
            m.speed_ratio.filter(|ratio| ratio.is_finite()).map(|ratio| format!("{:.0}% of free-flow speed", ratio * 100.0))
        }
        Kind::Count | Kind::Density => {
            let density = density(event).map(|density| format!(" ({density} per m²)")).unwrap_or_default();
            people(event).map(|people| format!("about {} people{density}", grouped(people, ',')))
        }
        Kind::StoppedVehicle => m.vehicles_passed.filter(|n| *n > 0).map(|n| match n {
            1 => "1 other vehicle passed it".to_owned(),
            n => format!("{} other vehicles passed it", grouped(n, ',')),
        }),
        Kind::WrongWay => m.users_total.filter(|n| *n > 1).map(|n| format!("{} vehicles", grouped(n, ','))),
        Kind::PedestrianOnRoad => match m.vehicles_passed {
            Some(1..) => Some("vehicles pass very near".to_owned()),
            Some(0) | None => m.people_max.filter(|n| *n > 1).map(|n| format!("{} people", grouped(n, ','))),
        },
        Kind::Collision | Kind::RiderDown | Kind::SingleVehicle => cues(event, Reason::in_english),
        Kind::Debris => size_l(event).map(|size| format!("about {size} car lengths long")),
    }
}

fn people(event: &Event) -> Option<u32> {
    let mean = event.measurement.people_mean.filter(|mean| mean.is_finite()).map(|mean| mean.round() as u32);
    mean.or(event.measurement.people_max)
}

/// People a square metre, to one decimal.
fn density(event: &Event) -> Option<String> {
    event.measurement.density_per_m2.filter(|density| density.is_finite()).map(|density| format!("{density:.1}"))
}

/// Length in car lengths, to one decimal.
fn size_l(event: &Event) -> Option<String> {
    event.measurement.size_l.filter(|size| size.is_finite()).map(|size| format!("{:.1}", size.max(0.1)))
}

/// The vehicles that take part, most telling first; `kendaraan` when the rule names none.
fn vehicles_id(event: &Event) -> String {
    joined(event, " dan ", "kendaraan", |class| match class {
        Class::Person => "pejalan kaki",
        Class::Bicycle => "sepeda",
        Class::Car => "mobil",
        Class::Motorcycle => "sepeda motor",
        Class::Bus => "bus",
        Class::Truck => "truk",
    })
}

fn vehicles_en(event: &Event) -> String {
    joined(event, " and ", "vehicle", Class::name)
}

/// Up to two classes; more would not be heard to the end.
fn joined(event: &Event, and: &str, nothing: &str, name: fn(Class) -> &'static str) -> String {
    let mut classes: Vec<Class> = event.involved.iter().map(|user| user.class).collect();
    classes.sort();
    classes.dedup();
    let names: Vec<&str> = classes.into_iter().map(name).take(2).collect();
    if names.is_empty() { nothing.to_owned() } else { names.join(and) }
}

fn lasted_secs(event: &Event) -> f64 {
    let until = event.ended.map_or(event.updated, |(ended, _)| ended);
    event.started.secs_until(until).max(0.0)
}

fn duration_id(secs: f64) -> String {
    match split(secs) {
        Span::Seconds(s) => format!("{s} detik"),
        Span::Minutes(m) => format!("{m} menit"),
        Span::Hours(h, 0) => format!("{} jam", grouped(h, '.')),
        Span::Hours(h, m) => format!("{} jam {m} menit", grouped(h, '.')),
    }
}

fn duration_en(secs: f64) -> String {
    match split(secs) {
        Span::Seconds(s) => format!("{s} s"),
        Span::Minutes(m) => format!("{m} min"),
        Span::Hours(h, 0) => format!("{} h", grouped(h, ',')),
        Span::Hours(h, m) => format!("{} h {m} min", grouped(h, ',')),
    }
}

/// A duration as people say it.
enum Span {
    Seconds(u32),
    Minutes(u32),
    Hours(u32, u32),
}

/// Below two minutes in seconds: "1 minute" would hide whether it is 40 or 100 seconds, which is the question then.
fn split(secs: f64) -> Span {
    let whole = secs.round() as u32;
    let minutes = (secs / 60.0).round() as u32;
    match (whole, minutes) {
        (0..120, _) => Span::Seconds(whole),
        (_, 0..60) => Span::Minutes(minutes),
        (_, minutes) => Span::Hours(minutes / 60, minutes % 60),
    }
}

/// `1.234` in Indonesian, `1,234` in English.
fn grouped(number: u32, separator: char) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_as_people_say_them() {
        for (secs, id, en) in [
            (0.0, "0 detik", "0 s"),
            (89.6, "90 detik", "90 s"),
            (120.0, "2 menit", "2 min"),
            (3540.0, "59 menit", "59 min"),
            (3600.0, "1 jam", "1 h"),
            (3900.0, "1 jam 5 menit", "1 h 5 min"),
            (4_000_000.0, "1.111 jam 7 menit", "1,111 h 7 min"),
        ] {
            assert_eq!((duration_id(secs).as_str(), duration_en(secs).as_str()), (id, en));
        }
    }

    #[test]
    fn numbers_are_grouped_in_the_way_of_the_language() {
        assert_eq!(grouped(999, '.'), "999");
        assert_eq!(grouped(1_234, '.'), "1.234");
        assert_eq!(grouped(1_234_567, ','), "1,234,567");
    }

    #[test]
    fn a_zone_that_names_the_site_is_not_said_twice() {
        assert_eq!(place("Simpang Charitas", "pendekat utara"), "Simpang Charitas, pendekat utara");
        assert_eq!(place("Simpang Charitas", "Simpang Charitas arah Ampera"), "Simpang Charitas arah Ampera");
        assert_eq!(place("Simpang Charitas", ""), "Simpang Charitas");
    }
}
