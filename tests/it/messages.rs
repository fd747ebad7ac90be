//! What is published is what is documented: real messages against the schemas, the schemas and files against the code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use simpang::base::class::Class;
use simpang::base::cue::Cue;
use simpang::base::geom::{Line, Norm, Point, Polygon};
use simpang::base::id::Slug;
use simpang::base::los::{LevelOfService, LosTable};
use simpang::base::time::{MediaTime, Stamp, WallTime};
use simpang::event::channel::Channel;
use simpang::event::contract::Document;
use simpang::event::reader::{self, ReadError, Received};
use simpang::event::*;

use crate::golden;

fn slug(text: &str) -> Slug {
    Slug::new(text).expect("legal")
}

pub(crate) fn at(time: &str) -> WallTime {
    WallTime::parse_rfc3339(&format!("2026-11-21T{time}Z")).expect("valid")
}

/// A box with one camera.
pub(crate) fn wire() -> Wire {
    Wire::new(Identity {
        city: slug("palembang"),
        operator: slug("atcs"),
        site: slug("simpang-charitas"),
        site_name: "Simpang Charitas".to_owned(),
        device: slug("edge-01"),
        position: Some((104.7536, -2.9736)),
        root: "its/v1/palembang".to_owned(),
        software: "0.1.0".to_owned(),
        boot: BootId::derive("/palembang/atcs/simpang-charitas/edge-01", at("00:00:01")),
        cameras: BTreeMap::from([(slug("cam-utara"), CameraIdentity { name: "Arah Jalan Sudirman".to_owned(), bearing_deg: Some(182.0) })]),
        emp: simpang::base::emp::EmpTable::default(),
    })
}

fn finding(kind: Kind) -> Finding {
    let mut measurement = Measurement { window_s: Some(240.0), coverage: Some(0.98), ..Measurement::default() };
    let mut involved = Vec::new();
    match kind.category() {
        Category::Congestion => {
            measurement.speed_ratio = Some(match kind {
                Kind::Heavy => 0.82,
                Kind::Slow => 0.477,
                Kind::Stationary => 0.06,
                _ => 0.184_213_77,
            });
        }
        Category::Crowd => {
            (measurement.people_mean, measurement.people_max) = (Some(95.7), Some(108));
            if kind == Kind::Density {
                (measurement.zone_area_m2, measurement.density_per_m2) = (Some(44.0), Some(2.175));
                (measurement.fruin_los, measurement.fruin_table) = (Some(FruinLos::D), Some(FruinTable::Queuing));
            }
        }
        Category::Incident | Category::Accident => match kind {
            Kind::WrongWay => {
                (measurement.distance_l, measurement.users_total) = (Some(6.5), Some(4));
                involved.push(Involved { track: 51007, class: Class::Motorcycle });
            }
            Kind::PedestrianOnRoad => {
                (measurement.people_max, measurement.users_total) = (Some(2), Some(3));
                involved.push(Involved { track: 51007, class: Class::Person });
            }
            Kind::Debris => {
                (measurement.stationary_s, measurement.size_l) = (Some(61.0), Some(0.42));
                measurement.method = Some("backgroundDifference".to_owned());
            }
            _ => {
                (measurement.stationary_s, measurement.vehicles_passed) = (Some(20.0), Some(7));
                involved.push(Involved { track: 51007, class: Class::Truck });
            }
        },
    }
    let why = match kind.category() {
        Category::Accident => vec![Reason { cue: Cue::SuddenStop, value: 2.4, threshold: 1.0, weight: 0.35 }],
        Category::Congestion | Category::Crowd | Category::Incident => Vec::new(),
    };
    Finding { kind, severity: Severity::Medium, confidence: 0.86, measurement, involved, why }
}

pub(crate) fn begin(kind: Kind) -> (OpenEvent, Event) {
    let (zone, name, use_of) = match kind.category() {
        Category::Congestion => ("appr-n", "pendekat utara", ZoneKind::Approach),
        Category::Crowd => ("trotoar-timur", "trotoar timur", ZoneKind::Sidewalk),
        Category::Incident | Category::Accident => ("exit-s", "lajur keluar selatan", ZoneKind::Exit),
    };
    let scope =
        EventScope { source: "/palembang/atcs/simpang-charitas/edge-01".to_owned(), camera: slug("cam-utara"), rule: slug("macet-utara") };
    let zone = ZoneRef { id: slug(zone), name: name.to_owned(), kind: use_of };
    let rule = RuleText { id: "test.v1".to_owned(), enter: "speedRatio < 0.25".to_owned(), exit: "speedRatio > 0.35".to_owned() };
    let stamp = |time: &str| Stamp { media: MediaTime::ZERO, wall: at(time) };
    let opening = Opening { scope: &scope, zone, rule, subject: "appr-n", onset: stamp("10:03:40"), now: stamp("10:07:40") };
    OpenEvent::begin(opening, finding(kind))
}

const KINDS: [Kind; 13] = [
    Kind::Heavy,
    Kind::Slow,
    Kind::Queuing,
    Kind::Stationary,
    Kind::Count,
    Kind::Density,
    Kind::StoppedVehicle,
    Kind::WrongWay,
    Kind::PedestrianOnRoad,
    Kind::Collision,
    Kind::RiderDown,
    Kind::SingleVehicle,
    Kind::Debris,
];
const REASONS: [EndReason; 5] =
    [EndReason::Cleared, EndReason::NotConfirmed, EndReason::CameraLost, EndReason::OperatorClosed, EndReason::Superseded];

/// Every kind in every phase, ended for every reason.
fn every_event() -> Vec<Event> {
    let mut events = Vec::new();
    for kind in KINDS {
        let (mut open, new) = begin(kind);
        events.push(new);
        events.push(open.update(at("10:12:40"), finding(kind)));
        for reason in REASONS {
            events.push(open.clone().end(at("10:31:10"), at("10:27:15"), reason));
        }
    }
    events
}

fn birth() -> Birth {
    Birth {
        started: at("00:00:01"),
        now: at("10:00:00"),
        config_digest: "ab".repeat(32),
        cameras: vec![CameraSummary { camera_id: "cam-utara".to_owned(), state: CameraState::Ok, fps: 8.0 }],
        capabilities: vec![Capability::Congestion, Capability::Flow],
    }
}

fn line_report(length: Duration) -> FlowReport {
    let counts = BTreeMap::from([
        (slug("masuk"), Class::ALL.into_iter().map(|class| (class, 3)).collect()),
        (slug("keluar"), BTreeMap::from([(Class::Motorcycle, 38), (Class::Car, 9)])),
    ]);
    FlowReport {
        camera: slug("cam-utara"),
        place: slug("garis-utara"),
        from: at("10:00:00"),
        to: at("10:00:00") + length,
        measure: FlowMeasure::Line(counts),
    }
}

fn zone_report(length: Duration) -> FlowReport {
    let mean = BTreeMap::from([(Class::Person, 95.7), (Class::Motorcycle, 1.25)]);
    let measure = FlowMeasure::Zone { mean, people_max: 108, coverage: 0.99 };
    FlowReport { camera: slug("cam-utara"), place: slug("trotoar-timur"), from: at("10:00:00"), to: at("10:00:00") + length, measure }
}

/// Three arms, one of which only takes traffic.
fn movements_report() -> FlowReport {
    let arms: Vec<(Slug, String)> = [("selatan", "Jalan Sudirman selatan"), ("timur", "Jalan Veteran"), ("utara", "Jalan Sudirman utara")]
        .map(|(id, name)| (slug(id), name.into()))
        .into();
    let movement = |entry: &str, exit: &str, counts: ByClass, inferred| Movement { entry: slug(entry), exit: slug(exit), counts, inferred };
    let movements = vec![
        movement("selatan", "timur", [0, 0, 21, 64, 0, 1], 3),
        movement("selatan", "utara", [0, 2, 88, 240, 4, 6], 9),
        movement("utara", "selatan", [0, 0, 90, 251, 5, 4], 7),
        movement("utara", "utara", [0; 6], 0),
    ];
    let measure = FlowMeasure::Movements(MovementCounts { arms, movements, unknown: [0, 0, 4, 19, 0, 0], coverage: 0.99 });
    let camera = slug("cam-utara");
    FlowReport { place: camera.clone(), camera, from: at("10:00:00"), to: at("10:00:00") + Duration::from_secs(900), measure }
}

/// `full`: everything was measured; otherwise nobody was there.
fn approach_report(length: Duration, full: bool) -> FlowReport {
    let mut figures = ApproachFigures {
        name: "Lengan utara".into(),
        counts: [0, 2, 111, 315, 5, 5],
        coverage: 0.99,
        headway_s: Some(2.05),
        speed_l_s: Some(0.84),
        vehicles_mean: 14.2,
        stopped_share: Some(0.61),
        area_occupancy: Some(0.31),
        length_l: Some(22.0),
        metres_per_l: Some(4.6),
        queue_max_l: 16.5,
        queue_residual: Some((1.0, 0.4)),
        cycle: Some((118.0, CycleSource::Estimated)),
        green: Some((35.0, FigureSource::Measured)),
        saturation_smp_h: Some((4130.0, FigureSource::Measured)),
        demand_smp_h: Some(748.0),
        degree_of_saturation: Some(0.61),
        delay: Some(Delay {
            per_vehicle_s: 35.2,
            per_smp_s: 36.9,
            stopped_s: Some(27.4),
            method: DelayMethod::Measured,
            vehicles: Some(291),
        }),
        level: Some(LevelOfService::D),
        los_table: LosTable::Pm96,
        is_out_of_sight: false,
        missing: Vec::new(),
    };
    if !full {
        figures = ApproachFigures {
            counts: [0; 6],
            headway_s: None,
            speed_l_s: None,
            vehicles_mean: f64::NAN,
            stopped_share: None,
            area_occupancy: None,
            length_l: None,
            metres_per_l: None,
            queue_max_l: 0.0,
            queue_residual: None,
            cycle: None,
            green: None,
            saturation_smp_h: None,
            demand_smp_h: None,
            degree_of_saturation: None,
            delay: None,
            level: None,
            is_out_of_sight: true,
            missing: vec![
                Missing::ShorterThanCycle,
                Missing::Coverage,
                Missing::NoDischarge,
                Missing::NoCycle,
                Missing::NotFollowed,
                Missing::Nobody,
                Missing::NoWholeCycle,
            ],
            ..figures
        };
    }
    let measure = FlowMeasure::Approach(Box::new(figures));
    FlowReport { camera: slug("cam-utara"), place: slug("lengan-utara"), from: at("10:00:00"), to: at("10:00:00") + length, measure }
}

#[test]
fn every_row_of_a_table_has_the_columns_of_its_header_and_no_two_kinds_share_one() {
    let quarter = Duration::from_secs(900);
    let reports =
        [line_report(MINUTE), line_report(quarter), movements_report(), approach_report(MINUTE, false), approach_report(quarter, true)];
    let mut seen = BTreeSet::new();
    for report in &reports {
        let mut rows = String::new();
        let table = wire().csv_rows(report, &mut rows).expect("a measure with a table");
        seen.insert(table);
        let columns = table.header().split(',').count();
        assert!(rows.ends_with('\n') && rows.lines().all(|row| row.split(',').count() == columns), "{}\n{rows}", table.header());
    }
    assert_eq!(seen, CsvTable::ALL.into());
    let mut rows = String::new();
    wire().csv_rows(&movements_report(), &mut rows);
    let unknown =
        "2026-11-21T10:00:00.000Z,2026-11-21T10:15:00.000Z,cam-utara,?,?,all,23,7.8,92,31.2,,0.99,MKJI-1997-signalised-protected\n";
    assert!(rows.contains(unknown), "{rows}");
    assert_eq!(wire().csv_rows(&zone_report(MINUTE), &mut rows), None);
}

#[test]
fn a_level_of_service_names_its_table_and_smp_their_manual_in_every_sentence() {
    let (quarter, wire) = (approach_report(Duration::from_secs(900), true), wire());
    let FlowMeasure::Approach(figures) = &quarter.measure else { panic!("an approach") };
    let observed = wire.approach_observed(&quarter, figures);
    assert_eq!(
        observed.text.id,
        "Simpang Charitas, Lengan utara: 438 kendaraan (748 smp/jam, MKJI-1997-signalised-protected), derajat kejenuhan 0,61, tundaan 37 detik (terukur), \
         tingkat pelayanan D (pm96-2015)."
    );
    assert_eq!(
        observed.text.en,
        "Simpang Charitas, Lengan utara: 438 vehicles (748 smp/h, MKJI-1997-signalised-protected), degree of saturation 0.61, delay 37 s (measured), level of \
         service D (pm96-2015)."
    );
    assert_eq!((observed.units.calibrated, observed.average_vehicle_speed), (true, Some(13.91)));
    let movements = movements_report();
    let FlowMeasure::Movements(counts) = &movements.measure else { panic!("movements") };
    let observed = wire.movements_observed(&movements, counts);
    assert_eq!((observed.intensity, observed.unknown, observed.unknown_share), (799, 23, Some(0.029)));
    assert_eq!(
        observed.text.id,
        "Simpang Charitas: 799 kendaraan dalam 15 menit; terbanyak dari Jalan Sudirman utara ke Jalan Sudirman selatan (350); arah 3 % tidak diketahui."
    );
}

#[test]
fn what_was_not_measured_is_absent_and_says_why() {
    let report = approach_report(MINUTE, false);
    let FlowMeasure::Approach(figures) = &report.measure else { panic!("an approach") };
    let message: Value = serde_json::to_value(wire().approach_observed(&report, figures)).expect("JSON");
    for figure in ["degreeOfSaturation", "delayS", "levelOfService", "speedLS", "queueResidualL"] {
        assert!(message.get(figure).is_none() && message["notMeasured"][figure].is_string(), "{figure}: {message:#}");
    }
    let nobody = message["notMeasured"]["speedLS"].as_str().expect("a reason");
    assert_eq!(nobody, "tidak ada kendaraan / nobody was there", "Indonesian first");
    let observed = wire().approach_observed(&report, figures);
    for (figure, is_there) in [
        ("averageHeadwayTime", observed.average_headway_time.is_some()),
        ("averageVehicleSpeed", observed.average_vehicle_speed.is_some()),
        ("densityVehKm", observed.density_veh_km.is_some()),
        ("queueMaxM", observed.queue_max_m.is_some()),
        ("demandPcuH", observed.demand_pcu_h.is_some()),
        ("stoppedDelayS", observed.stopped_delay_s.is_some()),
    ] {
        assert_eq!(observed.not_measured.contains_key(figure), !is_there, "{figure}: there or with a reason");
    }
    assert_eq!(message["atLeast"], json!(["queueMaxL"]));
}

fn geometry() -> CameraGeometry {
    let point = |x: f32, y: f32| Point::<Norm>::new(x, y);
    let polygon = Polygon::new(vec![point(0.1, 0.1), point(0.9, 0.1), point(0.5, 0.9)]).expect("a triangle");
    CameraGeometry {
        camera_id: "cam-utara".to_owned(),
        camera_name: "Arah Jalan Sudirman".to_owned(),
        features: vec![
            PictureFeature::line(&slug("garis-utara"), &Line { a: point(0.1, 0.5), b: point(0.9, 0.5) }),
            PictureFeature::zone(&slug("appr-n"), "pendekat utara", "approach", &polygon),
        ],
    }
}

/// At least one message on every channel.
fn every_envelope() -> Vec<Envelope> {
    let wire = wire();
    let mut envelopes: Vec<Envelope> = every_event().iter().zip(1..).flat_map(|(event, n)| wire.event(event, n, at("10:31:11"))).collect();
    let health =
        Health { cameras: vec![CameraHealth { camera_id: "cam-utara".to_owned(), ..CameraHealth::default() }], ..Health::default() };
    let quarter = Duration::from_secs(900);
    let reports = [
        line_report(MINUTE),
        line_report(quarter),
        zone_report(MINUTE),
        movements_report(),
        approach_report(MINUTE, false),
        approach_report(quarter, true),
    ];
    envelopes.extend(reports.iter().filter_map(|report| wire.flow(report)));
    envelopes.extend([
        wire.birth(&birth()),
        wire.stopped(&birth()),
        wire.will(),
        wire.camera_state(&slug("cam-utara"), CameraState::NoSignal, at("10:00:00"), Some("no frame for 10 s")),
        wire.camera_state(&slug("cam-utara"), CameraState::Blurred, at("10:00:00"), Some("the picture is blurred")),
        wire.health(at("10:00:00"), health),
        wire.config(&"ab".repeat(32), at("00:00:01"), vec![geometry()]),
    ]);
    envelopes
}

const MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::options().should_validate_formats(true).build(schema).expect("our schema is a schema")
}

pub(crate) fn cloud_events_validator() -> Validator {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas/cloudevents-1.0.json");
    validator(&serde_json::from_slice(&std::fs::read(file).expect("part of the repository")).expect("JSON"))
}

fn assert_valid(validator: &Validator, payload: &[u8]) {
    let value: Value = serde_json::from_slice(payload).expect("JSON");
    let problems: Vec<String> = validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(problems.is_empty(), "{problems:#?}\n{value:#}");
}

/// The channel whose address `topic` fits.
pub(crate) fn channel_of(topic: &str) -> Channel {
    let levels: Vec<&str> = topic.strip_prefix("its/v1/palembang/").expect("starts with the root").split('/').collect();
    let fits = |channel: &Channel| {
        let address: Vec<&str> = channel.spec().address.split('/').skip(1).collect();
        address.len() == levels.len() && address.iter().zip(&levels).all(|(want, got)| want.starts_with('{') || want == got)
    };
    let found: Vec<Channel> = Channel::ALL.into_iter().filter(fits).collect();
    assert_eq!(found.len(), 1, "{topic} fits {found:?}");
    found[0]
}

#[test]
fn every_message_is_valid_by_the_schema_of_its_channel() {
    let validators: BTreeMap<Document, Validator> = Document::ALL.into_iter().map(|d| (d, validator(&d.schema()))).collect();
    let cloud_events = cloud_events_validator();
    for envelope in every_envelope() {
        let channel = channel_of(&envelope.topic);
        if envelope.payload.is_empty() {
            assert_eq!(channel, Channel::Active, "only an ended event empties its topic");
            continue;
        }
        let document = channel.spec().document;
        assert_valid(&validators[&document], &envelope.payload);
        if document == Document::Event {
            assert_valid(&cloud_events, &envelope.payload);
            let whole: Value = serde_json::from_slice(&envelope.payload).expect("JSON");
            assert_valid(&validators[&Document::EventData], whole["data"].to_string().as_bytes());
        }
    }
}

#[test]
fn every_channel_of_the_table_is_published_as_the_table_says() {
    let mut published = BTreeSet::new();
    for envelope in every_envelope() {
        let channel = channel_of(&envelope.topic);
        let spec = channel.spec();
        assert_eq!(
            (envelope.retain, envelope.qos, envelope.expires_after, envelope.content_type.as_ref()),
            (spec.retain, spec.qos, spec.expires_after, spec.content_type),
            "{}",
            envelope.topic
        );
        assert!(envelope.topic.split('/').skip(3).count() <= 5, "{} is deeper than access lists can follow", envelope.topic);
        published.insert(channel);
    }
    assert_eq!(published, Channel::ALL.into_iter().collect());
}

#[test]
fn the_schemas_in_the_repository_are_those_of_the_code() {
    for document in Document::ALL {
        let mut text = serde_json::to_string_pretty(&document.schema()).expect("JSON");
        text.push('\n');
        golden::check(&format!("docs/schemas/{}.json", document.name()), &text);
    }
}

#[test]
fn the_schemas_refuse_fields_that_nobody_writes_and_miss_none_that_is_always_there() {
    let validators: BTreeMap<Document, Validator> = Document::ALL.into_iter().map(|d| (d, validator(&d.schema()))).collect();
    for envelope in every_envelope().into_iter().filter(|envelope| !envelope.payload.is_empty()) {
        let schema = &validators[&channel_of(&envelope.topic).spec().document];
        let message: Value = serde_json::from_slice(&envelope.payload).expect("JSON");
        let Value::Object(fields) = &message else { continue };
        for name in
            ["schema", "id", "type", "state", "deviceId", "cameraId", "digest"].into_iter().filter(|name| fields.contains_key(*name))
        {
            let mut without = message.clone();
            without.as_object_mut().expect("an object").remove(name);
            assert!(!schema.is_valid(&without), "{} without {name}", envelope.topic);
        }
        let mut with = message.clone();
        with["surprise"] = json!(1);
        assert!(!schema.is_valid(&with), "{} with a field more", envelope.topic);
    }
}

#[test]
fn the_asyncapi_file_in_the_repository_is_that_of_the_code() {
    golden::check("docs/asyncapi.yaml", &asyncapi::document());
}

#[test]
fn the_event_reference_in_the_repository_is_that_of_the_code() {
    golden::check("docs/events.md", &format!("{}{}", reference::document(), spoken_examples()));
}

/// Appended to the reference: what people hear, and one whole message, both from real output.
fn spoken_examples() -> String {
    let mut page = String::from("\n## Sentences\n\n| kind | phase | Bahasa Indonesia | English |\n|---|---|---|---|\n");
    for event in every_event().iter().filter(|event| event.ended.is_none_or(|(_, reason)| reason == EndReason::Cleared)) {
        let text = sentences("Simpang Charitas", event);
        let word = |value: Value| value.as_str().expect("a word").to_owned();
        let (kind, phase) = (word(json!(event.kind)), word(json!(event.phase)));
        page.push_str(&format!("| {kind} | {phase} | {} | {} |\n", text.id, text.en));
    }
    let example = wire().cloud_event(&begin(Kind::Queuing).1, 1, at("10:07:40.310"));
    page.push_str(&format!("\n## A whole event\n\n```json\n{}\n```\n", serde_json::to_string_pretty(&example).expect("JSON")));
    page
}

#[test]
fn an_event_carries_the_identity_that_makes_a_repeat_recognisable() {
    let event = begin(Kind::Queuing).1;
    let message = wire().cloud_event(&event, 7, at("10:07:40.310"));
    assert_eq!(message.id, format!("{}.0001", event.id));
    assert_eq!((message.subject.as_str(), message.correlationid.as_str()), (event.id.to_string().as_str(), event.id.to_string().as_str()));
    assert_eq!(message.source, "/palembang/atcs/simpang-charitas/edge-01/cam-utara");
    assert_eq!(message.kind, "id.its.congestion.new.v1");
    assert_eq!(message.sequence, "0000000007");
    assert_eq!((message.severitynumber, message.severitytext.as_str()), (13, "WARN"));
    assert_eq!(message.data.duration_s, 240.0);
    assert_eq!(message.data.measurement.speed_ratio, Some(0.184));
}

#[test]
fn an_event_is_kept_by_the_broker_until_it_ends() {
    let (open, new) = begin(Kind::Queuing);
    let [event, active] = <[Envelope; 2]>::try_from(wire().event(&new, 1, at("10:07:41"))).expect("two messages");
    assert_eq!(event.topic, "its/v1/palembang/simpang-charitas/edge-01/event/congestion");
    assert_eq!(active.topic, format!("its/v1/palembang/simpang-charitas/edge-01/active/congestion/{}", new.id));
    assert!(!event.retain && active.retain);
    assert_eq!(event.payload, active.payload);

    let end = open.end(at("10:31:10"), at("10:27:15"), EndReason::Cleared);
    let [event, active] = <[Envelope; 2]>::try_from(wire().event(&end, 2, at("10:31:11"))).expect("two messages");
    assert!(!event.payload.is_empty());
    assert!(active.payload.is_empty() && active.retain);
}

#[test]
fn recorded_time_is_never_before_the_time_of_the_event() {
    let message = wire().cloud_event(&begin(Kind::Queuing).1, 1, at("09:00:00"));
    assert_eq!(message.recordedtime, message.time);
}

#[test]
fn birth_and_will_name_the_same_start() {
    let wire = wire();
    let parse = |envelope: Envelope| serde_json::from_slice::<StatusMessage>(&envelope.payload).expect("status");
    let (birth, will, stopped) = (parse(wire.birth(&birth())), parse(wire.will()), parse(wire.stopped(&birth())));
    assert_eq!((birth.state, will.state, stopped.state), (DeviceState::Online, DeviceState::Offline, DeviceState::Stopped));
    assert_eq!(birth.boot_id, will.boot_id);
    assert_eq!((will.reason.as_deref(), will.time), (Some("lwt"), None));
    assert!(wire.will().retain && wire.will().topic.ends_with("/edge-01/status"));
}

#[test]
fn a_box_with_a_blind_camera_is_degraded() {
    let mut blind = birth();
    blind.cameras[0].state = CameraState::NoSignal;
    let message: StatusMessage = serde_json::from_slice(&wire().birth(&blind).payload).expect("status");
    assert_eq!(message.state, DeviceState::Degraded);
}

#[test]
fn what_could_not_be_measured_is_left_out_or_zero_but_never_null() {
    let camera = CameraHealth { fps_in: f64::NAN, fps_processed: -1.0, latency_p50_ms: Some(f64::INFINITY), ..CameraHealth::default() };
    let health = Health { cameras: vec![camera], cpu_percent: Some(f64::NAN), uptime_s: 1.23456, ..Health::default() };
    let payload = wire().health(at("10:00:00"), health).payload;
    assert_valid(&validator(&Document::Health.schema()), &payload);
    let message: HealthMessage = serde_json::from_slice(&payload).expect("health");
    assert_eq!((message.health.cpu_percent, message.health.uptime_s), (None, 1.235));
    assert_eq!((message.health.cameras[0].fps_in, message.health.cameras[0].fps_processed), (0.0, 0.0));
}

#[test]
fn a_line_reports_each_direction_and_class_and_a_total_of_vehicles() {
    let envelope = wire().flow(&line_report(MINUTE)).expect("a line is reported");
    assert_eq!(envelope.topic, "its/v1/palembang/simpang-charitas/edge-01/flow/garis-utara/1m");
    let entities: FlowMessage = serde_json::from_slice(&envelope.payload).expect("flow");
    let keluar: Vec<_> = entities
        .iter()
        .filter_map(|entity| match entity {
            FlowEntity::Vehicles(v) if v.direction_name == "keluar" => Some((v.vehicle_type.as_deref(), v.intensity, v.smp)),
            _ => None,
        })
        .collect();
    assert_eq!(keluar, [(None, 47, 16.6), (Some("car"), 9, 9.0), (Some("motorcycle"), 38, 7.6)]);
    let masuk: u32 = entities.iter().map(|e| if let FlowEntity::People(p) = e { p.people_count } else { 0 }).sum();
    assert_eq!(masuk, 3, "people are reported apart from vehicles");
    let ids: BTreeSet<&str> = entities
        .iter()
        .map(|e| match e {
            FlowEntity::Vehicles(v) => v.id.as_str(),
            FlowEntity::People(p) => p.id.as_str(),
        })
        .collect();
    assert_eq!(ids.len(), entities.len(), "ids differ");
}

#[test]
fn only_a_quarter_of_an_hour_is_kept_by_the_broker() {
    let kept =
        |length| wire().flow(&line_report(length)).map(|envelope| (envelope.retain, envelope.topic.rsplit('/').next().map(str::to_owned)));
    assert_eq!(kept(MINUTE), Some((false, Some("1m".to_owned()))));
    assert_eq!(kept(15 * MINUTE), Some((true, Some("15m".to_owned()))));
    assert_eq!(kept(Duration::from_secs(20)), Some((false, Some("1m".to_owned()))), "a minute cut short by a stop");
    assert_eq!(wire().flow(&zone_report(15 * MINUTE)), None);
}

#[test]
fn what_is_written_is_read_back() {
    for event in every_event() {
        let wire = wire();
        let message = wire.cloud_event(&event, 1, at("10:31:11"));
        for envelope in wire.event(&event, 1, at("10:31:11")) {
            let read = reader::read(&envelope.topic, &envelope.payload).expect("readable").expect("an event");
            let expected =
                if envelope.payload.is_empty() { Received::Removed(event.id) } else { Received::Event(Box::new(message.clone())) };
            assert_eq!(read, expected);
        }
    }
}

#[test]
fn a_reader_lives_with_what_later_versions_add() {
    let mut later = serde_json::to_value(wire().cloud_event(&begin(Kind::Queuing).1, 1, at("10:07:41"))).expect("JSON");
    later["traceparent"] = json!("00-x");
    later["data"]["schema"] = json!("its-event/1.4");
    later["data"]["kind"] = json!("flooding");
    later["data"]["where"]["district"] = json!("Ilir Timur");
    later["data"]["measurement"]["queueMaxM"] = json!(94);
    later["data"]["measurement"]["units"]["speedUncertaintyPct"] = json!(12);
    later["data"]["evidence"] = json!({ "snapshots": [] });
    let event = reader::parse(later.to_string().as_bytes()).expect("readable");
    assert_eq!(event.data.kind, Word::Other("flooding".to_owned()));
}

#[test]
fn a_reader_refuses_what_is_no_event_and_says_why() {
    let valid = serde_json::to_value(wire().cloud_event(&begin(Kind::Queuing).1, 1, at("10:07:41"))).expect("JSON");
    let change = |pointer: &str, value: Value| {
        let mut changed = valid.clone();
        *changed.pointer_mut(pointer).expect("exists") = value;
        changed.to_string()
    };
    let deep = format!("{{\"x\":{}", "[".repeat(100_000));
    let cases = [
        (change("/specversion", json!("2.0")), "event is written in `CloudEvents 2.0`, this program reads"),
        (change("/data/schema", json!("its-event/2.0")), "event is written in `its-event/2.0`, this program reads"),
        (change("/time", json!("yesterday")), "`yesterday` is not an RFC 3339 instant"),
        ("{}".to_owned(), "missing field"),
        (deep, "EOF while parsing"),
        (" ".repeat(300_000), "payload has 300000 bytes"),
    ];
    for (payload, expected) in cases {
        let message = reader::parse(payload.as_bytes()).expect_err("refused").to_string();
        assert!(message.contains(expected), "{message}");
    }
    assert!(matches!(reader::parse(&[0xff, 0xfe]), Err(ReadError::NotAnEvent(_))));
    assert_eq!(reader::read("its/v1/palembang/x/y/active/crowd/nonsense", b"").expect("no error"), None);
}

#[test]
fn the_examples_of_the_message_design_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/domain/examples");
    if !folder.exists() {
        eprintln!("NOT TESTED: {} is not there, the design's examples were not read", folder.display());
        return;
    }
    for name in ["event-congestion-new", "event-congestion-end", "event-crowd-new", "event-incident-stopped-new"] {
        let bytes = std::fs::read(folder.join(format!("{name}.json"))).expect("an example");
        assert_valid(&cloud_events_validator(), &bytes);
        reader::parse(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn asyncapi_names_every_channel_and_no_other() {
    let yaml = asyncapi::document();
    let addresses: BTreeSet<&str> =
        yaml.lines().filter_map(|line| line.trim().strip_prefix("address: ")).map(|address| address.trim_matches('"')).collect();
    let published: BTreeSet<&str> = every_envelope().iter().map(|envelope| channel_of(&envelope.topic).spec().address).collect();
    assert_eq!(addresses, published);
    for reference in yaml.lines().filter_map(|line| line.trim().strip_prefix("\"$ref\": \"./")) {
        let file = reference.trim_matches('"');
        let is_ours = Document::ALL.into_iter().any(|document| file == format!("schemas/{}.json", document.name()));
        assert!(is_ours, "{file} is named in asyncapi.yaml and is no schema of ours");
    }
}

#[test]
fn our_cloudevents_schema_refuses_what_cloudevents_refuses() {
    let valid = json!({ "id": "1", "source": "/a", "specversion": "1.0", "type": "t" });
    let check = |value: &Value| cloud_events_validator().is_valid(value);
    assert!(check(&valid));
    for required in ["id", "source", "specversion", "type"] {
        let mut without = valid.clone();
        without.as_object_mut().expect("an object").remove(required);
        assert!(!check(&without), "without {required}");
    }
    for (name, value) in [
        ("severityText", json!("x")),
        ("a-b", json!("x")),
        ("abcdefghijklmnopqrstu", json!("x")),
        ("time", json!("now")),
        ("ext", json!({})),
        ("ext", json!(1.5)),
    ] {
        let mut with = valid.clone();
        with[name] = value;
        assert!(!check(&with), "with {name}");
    }
}

fn figure() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![Just(None), any::<f64>().prop_map(Some), (0.0..2.0f64).prop_map(Some)]
}

prop_compose! {
    fn any_event()(
        kind in prop::sample::select(KINDS.to_vec()),
        end in prop::option::of(prop::sample::select(REASONS.to_vec())),
        name in "\\PC{0,40}",
        times in prop::array::uniform4(0i64..4_000_000_000_000_000),
        figures in prop::array::uniform8(figure()),
        people in prop::option::of(any::<u32>()),
        confidence in any::<f32>(),
        tracks in prop::collection::vec((any::<u32>(), 0usize..6), 0..4),
        revision in 1u32..,
    ) -> Event {
        let mut event = begin(kind).1;
        let [started, detected, updated, ended] = times.map(WallTime::from_micros);
        (event.started, event.detected, event.updated) = (started, detected, updated);
        event.phase = if end.is_some() { Phase::End } else if revision > 1 { Phase::Update } else { Phase::New };
        event.ended = end.map(|reason| (ended, reason));
        (event.revision, event.confidence, event.zone.name) = (revision, confidence, name);
        let m = &mut event.measurement;
        [m.window_s, m.coverage, m.speed_ratio, m.speed_l_s, m.stopped_share, m.people_mean, m.drift_l, m.stationary_s] = figures;
        (m.people_max, m.vehicles_passed) = (people, people);
        (m.zone_area_m2, m.density_per_m2) = (m.window_s, m.people_mean);
        event.involved = tracks.into_iter().map(|(track, class)| Involved { track, class: Class::ALL[class] }).collect();
        event
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_event_is_written_validly_and_read_back(event in any_event(), sequence in any::<u64>(), recorded in 0i64..4_000_000_000_000_000) {
        let message = wire().cloud_event(&event, sequence, WallTime::from_micros(recorded));
        let payload = serde_json::to_vec(&message).expect("JSON");
        thread_local! { static SCHEMAS: (Validator, Validator) = (validator(&Document::Event.schema()), cloud_events_validator()); }
        SCHEMAS.with(|(ours, cloud_events)| { assert_valid(ours, &payload); assert_valid(cloud_events, &payload); });
        let read = reader::parse(&payload).expect("readable");
        prop_assert_eq!(&read.id, &message.id);
        prop_assert_eq!(&read.data.text, &message.data.text);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = reader::read("its/v1/palembang/a/b/event/crowd", &bytes);
    }
}
