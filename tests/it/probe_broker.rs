//! `simpang check --probe` against a real Mosquitto: what it says about a broker that does not let the box in, and what to do.

use std::path::Path;

use crate::broker::{Broker, BrokerOptions, BrokerTls, Certificates, free_port};
use crate::program::{Ended, Workshop, junction, run};

/// `check --probe` of a box with a drawn camera and these lines below `[mqtt]`.
fn probe(workshop: &Workshop, port: u16, lines: &str) -> Ended {
    let mqtt = format!("[mqtt]\nhost = \"127.0.0.1\"\nport = {port}\n{lines}\n");
    let config = workshop.config("box.toml", &[junction(), mqtt]);
    run(&["check", "--probe", config.to_str().expect("plain")])
}

fn refused(ended: &Ended, port: u16, sentence: &str) {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), format!("simpang: broker: 127.0.0.1:{port}: {sentence}\n").as_str()));
}

fn let_in(ended: &Ended, port: u16, manner: &str) {
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let line = format!("broker: 127.0.0.1:{port} lets this box in ({manner})\n");
    assert!(ended.stdout.ends_with(&line), "{}", ended.stdout);
}

const LOGIN: &str = "user = \"edge-01\"\npassword_file = \"sandi\"\n";

#[test]
fn a_wrong_password_is_said_in_both_versions_and_the_right_one_is_let_in() {
    let workshop = Workshop::new();
    let broker = Broker::start(&BrokerOptions { password: Some(("edge-01", "rahasia")), ..BrokerOptions::default() });
    let wrong = "the broker does not let this user in; check the broker's access list, and user and password of `mqtt`";
    for (version, name) in [("3.1.1", "MQTT 3.1.1"), ("5", "MQTT 5")] {
        let lines = format!("version = \"{version}\"\n{LOGIN}");
        workshop.secret("sandi", "salah\n");
        refused(&probe(&workshop, broker.port, &lines), broker.port, wrong);
        workshop.secret("sandi", "rahasia\n");
        let_in(&probe(&workshop, broker.port, &lines), broker.port, &format!("{name}, plain text, as `edge-01`"));
    }
    refused(&probe(&workshop, broker.port, ""), broker.port, wrong);
}

#[test]
fn a_certificate_that_is_not_trusted_is_said() {
    let (workshop, certificates) = (Workshop::new(), Certificates::make());
    let tls = BrokerTls { certificates: certificates.directory(), require_certificate: false };
    let broker = Broker::start(&BrokerOptions { tls: Some(tls), ..BrokerOptions::default() });
    let lines = |ca: &Path| format!("[mqtt.tls]\nca = \"{}\"\n", ca.display());
    refused(
        &probe(&workshop, broker.port, &lines(&certificates.path("other-ca.pem"))),
        broker.port,
        "the broker's certificate is not signed by a trusted authority; set `mqtt.tls.ca` to the authority that signed the broker's certificate",
    );
    let_in(&probe(&workshop, broker.port, &lines(&certificates.path("ca.pem"))), broker.port, "MQTT 5, TLS, without a user");
    refused(
        &probe(&workshop, broker.port, ""),
        broker.port,
        "connection closed by the other side; the broker or something between hangs up: look at its log; on a TLS port set `mqtt.tls`",
    );
}

#[test]
fn a_broker_that_wants_a_certificate_says_so() {
    let (workshop, certificates) = (Workshop::new(), Certificates::make());
    let tls = BrokerTls { certificates: certificates.directory(), require_certificate: true };
    let broker = Broker::start(&BrokerOptions { tls: Some(tls), ..BrokerOptions::default() });
    let ca = format!("[mqtt.tls]\nca = \"{}\"\n", certificates.path("ca.pem").display());
    refused(
        &probe(&workshop, broker.port, &ca),
        broker.port,
        "the broker asks for a client certificate and does not take ours; set `mqtt.tls.certificate` and `mqtt.tls.key` to a certificate the broker's authority signed, and its key",
    );
    let own = format!(
        "{ca}certificate = \"{}\"\nkey = \"{}\"\n",
        certificates.path("client.pem").display(),
        certificates.path("client.key").display()
    );
    let_in(&probe(&workshop, broker.port, &own), broker.port, "MQTT 5, TLS, without a user");
}

#[test]
fn a_port_without_a_broker_is_said_and_a_running_agent_is_left_alone() {
    let workshop = Workshop::new();
    let port = free_port();
    refused(&probe(&workshop, port, ""), port, "connection refused; is the broker running, and is `mqtt.port` right");

    let broker = Broker::plain();
    let config = workshop.config("running.toml", &[junction(), crate::program::mqtt(broker.port)]);
    let agent = crate::program::Program::agent(&config);
    agent.logs("broker connected");
    let_in(&probe(&workshop, broker.port, ""), broker.port, "MQTT 5, plain text, without a user");
    let log = agent.stop().stderr;
    assert!(!log.contains("trying again in"), "the agent lost its connection: {log}");
}
