//! A camera's password is shown nowhere, also where its maker wants it in the path or the query.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;

use crate::broker::{Broker, Subscriber, free_port, wait_until};
use crate::program::{Ended, PATIENCE, Program, Workshop, junction, mqtt, run, street};

fn text(ended: &Ended) -> String {
    format!("{}{}", ended.stdout, ended.stderr)
}

/// Addresses of a camera that is not there, with a password where makers put it, and how each is shown.
fn addresses(port: u16) -> [(String, String); 4] {
    let at = format!("127.0.0.1:{port}");
    [
        (format!("rtsp://admin:canary@{at}/main"), format!("rtsp://{at}/main")),
        (format!("rtsp://{at}/cam?user=a&password=canary"), format!("rtsp://{at}/cam?user=a&password=***")),
        (format!("rtsp://{at}/user=a&password=canary&channel=1"), format!("rtsp://{at}/user=a&password=***&channel=1")),
        (format!("rtsp://{at}/0/admin:canary/main"), format!("rtsp://{at}/0/admin:***/main")),
    ]
}

#[test]
fn probe_names_the_camera_without_its_password() {
    for (address, shown) in addresses(free_port()) {
        let ended = run(&["probe", &address]);
        let sentence =
            format!("simpang: {shown}: connection refused; check the port (usually 554) and that RTSP is switched on in the camera\n");
        assert_eq!((ended.code, ended.stderr, ended.stdout), (Some(1), sentence, String::new()));
    }
}

#[test]
fn the_demonstration_shows_ones_own_camera_without_its_password() {
    let port = free_port();
    for (address, _) in addresses(port) {
        let demo = Program::start(&["demo", "--headless", "--seconds", "60", "--camera", &address]);
        let page = crate::program::Page { address: demo.prints("http://").trim().parse().expect("an address") };
        let tried = || page.state()["cameras"].as_array().expect("cameras").iter().any(|one| one["state"] == "noSignal");
        assert!(wait_until(PATIENCE, tried), "{}", demo.log());
        let shown = page.get("/api/state").text() + &page.get("/metrics").text() + &page.get("/healthz").text();
        let ended = demo.stop();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(!(shown + &text(&ended)).contains("canary"), "{address}: {}", text(&ended));
    }
}

/// What the first one who connects asks for.
fn first_request(listener: TcpListener) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("somebody comes");
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).expect("text");
        line
    })
}

/// A box with a camera that takes its login in the path, and a drawn one beside it.
fn box_with_login_in_the_path(workshop: &Workshop, camera: u16, broker: u16) -> std::path::PathBuf {
    workshop.secret("sandi", "can/ary&1\n");
    let source = format!(
        "url = \"rtsp://127.0.0.1:{camera}/user={{user}}&password={{password}}&channel=1\"\nuser = \"viewer\"\npassword_file = \"sandi\""
    );
    workshop.config("box.toml", &[street("jalan", &source), junction(), mqtt(broker)])
}

#[test]
fn a_camera_that_takes_its_login_in_the_path_gets_it_and_nobody_else_does() {
    let (workshop, broker) = (Workshop::new(), Broker::plain());
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let camera = listener.local_addr().expect("bound").port();
    let config = box_with_login_in_the_path(&workshop, camera, broker.port);
    let asked = first_request(listener);
    let subscriber = Subscriber::to(broker.port);
    let agent = Program::agent(&config);
    let page = agent.page();
    let wanted = format!("DESCRIBE rtsp://127.0.0.1:{camera}/user=viewer&password=can%2Fary%261&channel=1 RTSP/1.0");
    assert_eq!(asked.join().expect("a request").trim_end(), wanted);
    // The camera has gone: what is said about it comes to the log, the page and the broker.
    let shown = format!("url=\"rtsp://127.0.0.1:{camera}/user=viewer&password=***&channel=1\"");
    agent.logs(&shown);
    let seen = subscriber.wait(PATIENCE, |seen| seen.iter().any(|one| one.topic.ends_with("/cam/jalan/state")));
    assert!(seen.iter().any(|one| one.topic.ends_with("/cam/jalan/state")), "{}", agent.log());
    let mut all = page.get("/api/state").text() + &page.get("/metrics").text() + &page.get("/healthz").text();
    let check = run(&["check", config.to_str().expect("plain")]);
    assert!(check.stdout.contains(&format!("rtsp://127.0.0.1:{camera}/user=viewer&password=***&channel=1")), "{}", check.stdout);
    let probed = run(&["check", "--probe", config.to_str().expect("plain")]);
    assert!(probed.code == Some(1) && probed.stderr.contains("cameras: `jalan`: "), "{}", probed.stderr);
    all += &(text(&agent.stop()) + &text(&check) + &text(&probed));
    seen.iter().for_each(|one| all += &String::from_utf8_lossy(&one.payload));
    assert!(!all.contains("can/ary") && !all.contains("can%2Fary"), "{all}");
}

#[test]
fn a_misspelt_log_wish_is_said_and_the_log_goes_on() {
    let workshop = Workshop::new();
    let config = workshop.config("box.toml", &[junction()]);
    let ended = crate::program::run_with_variables(
        &["run", "--config", config.to_str().expect("plain"), "--seconds", "1"],
        &[("SIMPANG_LOG", "inof"), ("SIMPANG_LOG_FORMAT", "jsno")],
    );
    for said in [
        "SIMPANG_LOG=`inof` is not understood and not followed; write one of off, error, warn, info, debug, trace, or such as `simpang=debug`\n",
        "SIMPANG_LOG_FORMAT=`jsno` is not understood and not followed; write json or text\n",
        "local page: http://",
    ] {
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
}

// ---- password files of the command line ----

#[test]
fn a_password_file_of_the_command_line_is_held_to_the_same_rules_as_one_of_the_configuration() {
    use std::os::unix::fs::PermissionsExt as _;
    let workshop = Workshop::new();
    let open = workshop.write("terbuka", "canary\n");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).expect("own file");
    workshop.secret("kosong", "\n");
    let empty = workshop.path("kosong");
    let missing = Path::new("/nowhere/sandi");
    let cases = [
        (open.as_path(), format!("names `{0}`, which others may read (mode 0644): run `chmod 600 {0}`", open.display())),
        (&empty, format!("names `{}`, which is empty: write the password into it", empty.display())),
        (missing, "names no file that can be found: write a path, never the secret itself".to_owned()),
    ];
    for (file, sentence) in cases {
        let file = file.to_str().expect("plain");
        for arguments in [
            &["probe", "rtsp://127.0.0.1:9/main", "--user", "viewer", "--password-file", file][..],
            &["events", "--broker", "mqtt://viewer@127.0.0.1:9", "--password-file", file],
        ] {
            let ended = run(arguments);
            assert_eq!((ended.code, ended.stderr), (Some(1), format!("simpang: --password-file {sentence}\n")), "{arguments:?}");
        }
    }
}

#[test]
fn a_password_file_without_a_user_is_not_ignored() {
    let workshop = Workshop::new();
    workshop.secret("sandi", "canary\n");
    let file = workshop.path("sandi").display().to_string();
    for (arguments, sentence) in [
        (&["probe", "rtsp://127.0.0.1:9/main", "--password-file", &file][..], "give --user NAME too"),
        (&["events", "--broker", "mqtt://127.0.0.1:9", "--password-file", &file], "write the user into --broker, mqtts://user@host:8883"),
    ] {
        let ended = run(arguments);
        assert_eq!((ended.code, ended.stderr), (Some(1), format!("simpang: --password-file without a user: {sentence}\n")));
    }
}
