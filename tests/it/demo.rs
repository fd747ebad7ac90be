//! `simpang demo` as a visitor sees it: addresses printed, page, metrics, pictures, messages, and nothing left behind.

use std::collections::BTreeMap;
use std::time::Duration;

use simpang::source::fault::{Fault, Step};

use crate::broker::{Seen, Subscriber, wait_until};
use crate::program::{PATIENCE, Page, Program, installed};

/// Samples of an OpenMetrics page by family, read strictly (OpenMetrics 1.0, sections 4 and 5): a type for each family, counters end with
/// `_total`, numbers are numbers, `# EOF` is the last line.
fn open_metrics(text: &str) -> BTreeMap<String, Vec<(String, f64)>> {
    let body = text.strip_suffix("# EOF\n").expect("ends with # EOF");
    let mut families: BTreeMap<String, (String, Vec<(String, f64)>)> = BTreeMap::new();
    let mut current = String::new();
    for line in body.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let words: Vec<&str> = comment.splitn(3, ' ').collect();
            let [keyword, name, value] = words[..] else { panic!("{line}") };
            assert!(["HELP", "TYPE", "UNIT"].contains(&keyword), "{line}");
            if name != current {
                assert!(families.insert(name.to_owned(), Default::default()).is_none(), "{name} comes twice");
                current = name.to_owned();
            }
            if keyword == "TYPE" {
                assert!(["counter", "gauge"].contains(&value), "{line}");
                families.get_mut(name).expect("just inserted").0 = value.to_owned();
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
        let (name, labels) =
            series.split_once('{').map_or((series, ""), |(name, labels)| (name, labels.strip_suffix('}').expect("closed")));
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (key, value) = label.split_once('=').unwrap_or_else(|| panic!("{line}"));
            assert!(!key.is_empty() && value.len() > 2 && value.starts_with('"') && value.ends_with('"'), "{line}");
        }
        let (kind, samples) = families.get_mut(&current).unwrap_or_else(|| panic!("no family for {line}"));
        assert_eq!(name, if kind == "counter" { format!("{current}_total") } else { current.clone() }, "{line}");
        samples.push((labels.to_owned(), value.parse().unwrap_or_else(|_| panic!("no number: {line}"))));
    }
    families.into_iter().map(|(name, (_, samples))| (name, samples)).collect()
}

fn jpeg_size(page: Page, camera: &str) -> (u32, u32) {
    let path = format!("/api/cameras/{camera}/picture.jpg");
    let mut jpeg = None;
    // The first request only wakes the camera's slot.
    let came = wait_until(PATIENCE, || {
        let answer = page.get(&path);
        assert!([200, 204].contains(&answer.status), "{path}: {}", answer.headers);
        jpeg = (answer.status == 200).then_some(answer);
        jpeg.is_some()
    });
    assert!(came, "no picture of {camera}");
    let answer = jpeg.expect("it came");
    assert!(answer.headers.contains("content-type: image/jpeg"), "{}", answer.headers);
    let picture = image::load_from_memory_with_format(&answer.body, image::ImageFormat::Jpeg).expect("a JPEG");
    (picture.width(), picture.height())
}

#[test]
fn the_demonstration_shows_itself_and_ends_by_itself() {
    installed(".cache/films/vtest-h264.mp4");
    installed("models/efficientdet-lite0.onnx");
    let mut demo = Program::start(&["demo", "--headless", "--seconds", "25"]);
    let page = Page { address: demo.prints("http://").trim().parse().expect("an address") };
    let broker = demo.prints("mqtt://");
    let (broker, topics) = broker.split_once(' ').expect("address and topics");
    assert_eq!(topics.trim(), "topics its/v1/palembang/#");
    let port = broker.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
    let subscriber = Subscriber::to(port);

    assert!(wait_until(PATIENCE, || page.get("/healthz").text() == "simulasi: ok\nvtest: ok\n"), "{}", page.get("/healthz").text());
    assert_eq!(page.get("/healthz").status, 200);
    assert_eq!((jpeg_size(page, "vtest"), jpeg_size(page, "simulasi")), ((768, 576), (960, 540)));
    assert_eq!(page.get("/api/cameras/entah/picture.jpg").status, 404);

    let front = page.get("/");
    assert!(front.status == 200 && front.text().to_lowercase().starts_with("<!doctype html>"), "{}", front.text());
    assert!(front.headers.contains("content-security-policy: default-src 'self'"), "{}", front.headers);
    for part in ["/app.js", "/causes.js", "/style.css"] {
        assert!(page.get(part).status == 200 && front.text().contains(part), "{part}");
    }
    let loads_from_elsewhere = ["src=\"http", "href=\"http", "src=\"//", "@import", "url(http"];
    for text in [front.text(), page.get("/app.js").text(), page.get("/style.css").text()] {
        assert!(loads_from_elsewhere.iter().all(|word| !text.contains(word)), "works without network");
    }
    for stranger in ["evil.example", "evil.example:80", "10.0.0.1"] {
        assert_eq!(page.get_as("/api/state", stranger).status, 403, "{stranger}");
    }

    let state = page.state();
    let ids: Vec<&str> = state["cameras"].as_array().expect("cameras").iter().filter_map(|camera| camera["id"].as_str()).collect();
    assert_eq!(ids, ["simulasi", "vtest"]);
    assert_eq!(state["cameras"][0]["simulated"], true);
    let is_up = || open_metrics(&page.get("/metrics").text()).get("simpang_broker_up") == Some(&vec![(String::new(), 1.0)]);
    assert!(wait_until(PATIENCE, is_up), "the broker is told as connected within a second or two");
    let metrics = page.get("/metrics");
    assert!(metrics.headers.contains("content-type: application/openmetrics-text; version=1.0.0"), "{}", metrics.headers);
    let families = open_metrics(&metrics.text());
    let up = vec![("camera=\"simulasi\"".to_owned(), 1.0), ("camera=\"vtest\"".to_owned(), 1.0)];
    assert_eq!(families.get("simpang_camera_up"), Some(&up));

    let is_about =
        |camera: &'static str| move |message: &Seen| message.topic == format!("its/v1/palembang/demo/demo-01/cam/{camera}/state");
    let seen = subscriber.wait(PATIENCE, |seen| seen.iter().any(is_about("vtest")) && seen.iter().any(is_about("simulasi")));
    assert!(seen.iter().any(is_about("vtest")) && seen.iter().any(is_about("simulasi")), "{seen:?}");
    assert!(demo.is_running(), "it took longer than the demonstration lasts");

    let ended = demo.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("ERROR") && !ended.stderr.contains("panicked"), "{}", ended.stderr);
    let analysed = |camera: &str| {
        let line = ended
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix(camera)?.strip_prefix(": "))
            .unwrap_or_else(|| panic!("{}", ended.stdout));
        line.split(' ').nth(2).and_then(|number| number.parse::<u64>().ok()).unwrap_or_else(|| panic!("{line}"))
    };
    assert!(analysed("vtest") > 10 && analysed("simulasi") > 10, "{}", ended.stdout);
    assert!(ended.stdout.ends_with(" events received over MQTT\n"), "{}", ended.stdout);
    let nobody = std::net::TcpStream::connect_timeout(&page.address, Duration::from_secs(1));
    assert!(nobody.is_err(), "the page is gone");
}

#[test]
fn a_film_of_ones_own_can_be_shown_and_a_wrong_one_is_refused() {
    let film = installed(".cache/films/vtest.avi");
    let mut demo = Program::start(&["demo", "--headless", "--seconds", "60", "--camera", film.to_str().expect("plain")]);
    let page = Page { address: demo.prints("http://").trim().parse().expect("an address") };
    assert_eq!(jpeg_size(page, "vtest"), (768, 576));
    assert!(demo.is_running());
    assert_eq!(demo.stop().code, Some(0), "SIGTERM ends it early");

    for (wrong, sentence) in [
        ("/nowhere/film.mp4", "--camera `/nowhere/film.mp4` is neither an rtsp:// address nor a film on this machine: check the path"),
        (
            "http://10.0.0.7/video",
            "--camera `http://10.0.0.7/video` is neither an rtsp:// address nor a film on this machine: check the path",
        ),
        ("rtsp:///main", "--camera: the address names no host; write it as rtsp://host:554/path"),
        ("rtsps://10.0.0.7/main", "--camera: `rtsps://` is not spoken here; write the address as rtsp://host:554/path"),
        ("README.md", "README.md is not a film that can be read: "),
    ] {
        let ended = crate::program::run(&["demo", "--headless", "--camera", wrong]);
        assert_eq!(ended.code, Some(1), "{wrong}: {}", ended.stderr);
        let said = ended.stderr.lines().find_map(|line| line.strip_prefix("simpang: ")).unwrap_or_default();
        assert!(said.starts_with(sentence) && ended.stdout.is_empty(), "{wrong}: {}", ended.stderr);
    }
}

/// Every cause and hint that a camera can have.
fn camera_words() -> Vec<String> {
    let after = Duration::from_secs(3);
    let faults = [
        Fault::UnknownHost,
        Fault::Refused,
        Fault::Unreachable,
        Fault::TimedOut { step: Step::Lookup, after },
        Fault::TimedOut { step: Step::Describe, after },
        Fault::Unauthorized,
        Fault::NotFound,
        Fault::Answered { status: 403 },
        Fault::Answered { status: 453 },
        Fault::Answered { status: 461 },
        Fault::Answered { status: 500 },
        Fault::CodecNotSupported { offered: "vp8".into() },
        Fault::NoVideo,
        Fault::NoKeyFrame { after },
        Fault::Stalled { after },
        Fault::Ended,
        Fault::Protocol { detail: "x".into() },
    ];
    let undecodable = Fault::NotDecodable { detail: "the decoder's own words".into() }.hint().to_owned();
    faults.iter().flat_map(|fault| [fault.to_string(), fault.hint().to_owned()]).chain([undecodable]).collect()
}

/// Every cause and hint that the broker can have.
fn broker_words() -> Vec<String> {
    use simpang::outbox::Cause as C;
    let causes = [
        C::Starting,
        C::Refused,
        C::UnknownHost,
        C::Unreachable,
        C::TimedOut,
        C::NoProgress,
        C::Closed,
        C::ClosedAgain,
        C::UntrustedCertificate,
        C::WrongHost,
        C::ExpiredCertificate,
        C::EarlyCertificate,
        C::ClientCertificate,
        C::BadCredentials,
        C::NotAuthorised,
        C::TakenOver,
        C::Protocol("x".into()),
        C::CertificateFile("x".into()),
        C::Tls("x".into()),
    ];
    causes.iter().flat_map(|cause| [cause.to_string(), cause.hint().to_owned()]).collect()
}

/// The patterns of `web/causes.js` are plain words, `(.+)` and escapes: enough of their language to read them here.
fn fits(pattern: &str, words: &str) -> bool {
    let plain = pattern.trim_start_matches('^').trim_end_matches('$').replace(r"\(", "\u{1}").replace(r"\)", "\u{2}").replace(r"\.", ".");
    let mut rest = words;
    let pieces: Vec<String> = plain.split("(.+)").map(|piece| piece.replace('\u{1}', "(").replace('\u{2}', ")")).collect();
    for (index, piece) in pieces.iter().enumerate() {
        let Some(at) = rest.find(piece.as_str()) else { return false };
        if index == 0 && at != 0 {
            return false;
        }
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty() || pattern.ends_with("(.+)$")
}

#[test]
fn whatever_keeps_a_camera_or_the_broker_away_is_said_in_indonesian() {
    let script = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/web/causes.js")).expect("part of the repository");
    let patterns: Vec<&str> =
        script.lines().filter_map(|line| line.trim().strip_prefix("[/")?.split_once("/, \"").map(|(pattern, _)| pattern)).collect();
    let missing: Vec<String> =
        camera_words().into_iter().chain(broker_words()).filter(|words| !patterns.iter().any(|pattern| fits(pattern, words))).collect();
    assert!(missing.is_empty(), "web/causes.js has no Indonesian for {missing:?}");
    assert!(!fits("^connection refused$", "connection refused, or not") && !fits("^it answered with status (.+)$", "answered"));
}
