//! WS-Discovery (OASIS 1.0 as ONVIF uses it): the question to everybody, and who answered. Nothing here opens a socket.

use std::collections::BTreeMap;
use std::net::IpAddr;

use roxmltree::Node;
use url::Host;
use uuid::Uuid;

use super::service::ServiceAddress;
use super::soap::{all, envelope, read, text};
use crate::base::percent::percent_decoded;

/// Answers of one search that are read, and devices that are kept. A cabinet has some ten cameras.
const MOST_ANSWERS: u64 = 256;

/// A device that answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Who sent the answer.
    pub from: IpAddr,
    /// Where it answers further questions.
    pub service: ServiceAddress,
    /// Its name, as it says.
    pub name: Option<String>,
    /// Its make and model, as it says.
    pub hardware: Option<String>,
}

/// What a search has found so far, by address.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Discovery {
    found: BTreeMap<ServiceAddress, Found>,
    answers: u64,
    ignored: u64,
}

impl Discovery {
    /// Devices in the order of their addresses, as numbers go: 192.168.10.9 before 192.168.10.21.
    pub fn devices(&self) -> Vec<&Found> {
        let mut devices: Vec<&Found> = self.found.values().collect();
        devices.sort_by_key(|found| (found.from, &found.service));
        devices
    }

    /// Answers that were none, or came after the last one that is read.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Whether nothing more is taken.
    pub(super) fn is_full(&self) -> bool {
        self.answers >= MOST_ANSWERS
    }

    /// Notes one datagram.
    pub(super) fn note(&mut self, datagram: &[u8], from: IpAddr) {
        self.answers += 1;
        if self.answers > MOST_ANSWERS {
            self.ignored += 1;
            return;
        }
        match device(datagram, from) {
            Some(found) => {
                self.found.entry(found.service.clone()).or_insert(found);
            }
            None => self.ignored += 1,
        }
    }

    /// Adds what was found on another interface.
    pub(super) fn join(mut self, other: Self) -> Self {
        self.answers += other.answers;
        self.ignored += other.ignored;
        other.found.into_iter().for_each(|(service, found)| {
            self.found.entry(service).or_insert(found);
        });
        self
    }
}

/// The question: who is a camera?
pub(super) fn probe(id: Uuid) -> String {
    const WS: &str = "http://schemas.xmlsoap.org/ws";
    let header = format!(
        r#"<a:Action xmlns:a="{WS}/2004/08/addressing">{WS}/2005/04/discovery/Probe</a:Action><a:MessageID xmlns:a="{WS}/2004/08/addressing">urn:uuid:{id}</a:MessageID><a:To xmlns:a="{WS}/2004/08/addressing">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"#
    );
    let body = format!(
        r#"<d:Probe xmlns:d="{WS}/2005/04/discovery"><d:Types xmlns:dn="http://www.onvif.org/ver10/network/wsdl">dn:NetworkVideoTransmitter</d:Types></d:Probe>"#
    );
    envelope(&header, &body)
}

/// The device that a datagram speaks of: one that can be asked further, at the address it speaks from. Whoever names another one would have passwords sent there.
fn device(datagram: &[u8], from: IpAddr) -> Option<Found> {
    let document = read(datagram)?;
    all(document.root_element(), "ProbeMatch").find_map(|answer| {
        let mut services = text(answer, "XAddrs")?.split_ascii_whitespace().filter_map(ServiceAddress::new);
        let service = services.find(|service| is_at(service, from))?;
        Some(Found { from, service, name: scope(answer, "name"), hardware: scope(answer, "hardware") })
    })
}

fn is_at(service: &ServiceAddress, from: IpAddr) -> bool {
    match (service.host(), from) {
        (Host::Ipv4(host), IpAddr::V4(from)) => host == from,
        (Host::Ipv6(host), IpAddr::V6(from)) => host == from,
        _ => false,
    }
}

/// `DS-2CD2043` of the scope `onvif://www.onvif.org/hardware/DS-2CD2043`.
fn scope(answer: Node<'_, '_>, what: &str) -> Option<String> {
    let start = format!("onvif://www.onvif.org/{what}/");
    let value = text(answer, "Scopes")?.split_ascii_whitespace().find_map(|scope| scope.strip_prefix(&start))?;
    Some(super::shown(&percent_decoded(value))).filter(|shown| !shown.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 10, 21));

    fn answer(addresses: &str, scopes: &str) -> String {
        envelope(
            "",
            &format!(
                "<d:ProbeMatches xmlns:d='http://schemas.xmlsoap.org/ws/2005/04/discovery'><d:ProbeMatch><d:Types>dn:NetworkVideoTransmitter</d:Types>\
                 <d:Scopes>{scopes}</d:Scopes><d:XAddrs>{addresses}</d:XAddrs></d:ProbeMatch></d:ProbeMatches>"
            ),
        )
    }

    #[test]
    fn an_answer_gives_address_name_and_hardware() {
        let said = answer(
            "http://[fe80::1]/onvif/device_service http://192.168.10.21:8000/onvif/device_service",
            "onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/Simpang%20Utara%1b[2J onvif://www.onvif.org/hardware/DS-2CD2043",
        );
        let found = device(said.as_bytes(), FROM).expect("a camera");
        assert_eq!(found.service.to_string(), "http://192.168.10.21:8000/onvif/device_service");
        assert_eq!(found.name.as_deref(), Some("Simpang Utara[2J"), "without what a terminal would obey");
        assert_eq!(found.hardware.as_deref(), Some("DS-2CD2043"));
    }

    #[test]
    fn who_speaks_for_another_is_ignored() {
        let mut discovery = Discovery::default();
        for address in
            ["http://192.168.10.99/onvif", "https://192.168.10.21/onvif", "rtsp://192.168.10.21/", "http://evil.example/onvif", ""]
        {
            discovery.note(answer(address, "").as_bytes(), FROM);
        }
        assert_eq!((discovery.devices().len(), discovery.ignored()), (0, 5));
    }

    #[test]
    fn a_thousand_answers_are_read_up_to_the_last_that_is_allowed() {
        let mut discovery = Discovery::default();
        for n in 0..1000 {
            discovery.note(answer(&format!("http://192.168.10.21:{}/", n + 1), "").as_bytes(), FROM);
        }
        assert_eq!((discovery.devices().len(), discovery.ignored()), (256, 744));
    }

    #[test]
    fn cameras_stand_in_the_order_of_their_numbers() {
        let mut discovery = Discovery::default();
        for host in ["192.168.10.21", "192.168.10.9"] {
            discovery.note(answer(&format!("http://{host}/"), "").as_bytes(), host.parse().expect("an address"));
            discovery.note(answer(&format!("http://{host}/"), "").as_bytes(), host.parse().expect("an address"));
        }
        let order: Vec<String> = discovery.devices().iter().map(|found| found.from.to_string()).collect();
        assert_eq!(order, ["192.168.10.9", "192.168.10.21"], "each once, however often it answers");
    }

    proptest! {
        #[test]
        fn any_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000), text in ".{0,200}") {
            let mut discovery = Discovery::default();
            discovery.note(&bytes, FROM);
            discovery.note(answer(&text, &text).as_bytes(), FROM);
            prop_assert!(discovery.devices().len() <= 1);
        }
    }
}
