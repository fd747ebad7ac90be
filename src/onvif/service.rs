//! Where a device answers questions.

use url::{Host, Url};

/// An address of an ONVIF service, `http://192.168.10.21/onvif/device_service`: always HTTP, with a host and without a user.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ServiceAddress(Url);

impl ServiceAddress {
    /// `None` when the text is no such address.
    pub fn new(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.port() != Some(0);
        let has_host = url.host_str().is_some_and(|host| !host.is_empty());
        (url.scheme() == "http" && has_host && is_plain).then_some(Self(url))
    }

    /// Its host.
    pub fn host(&self) -> Host<&str> {
        self.0.host().expect("checked when it was made")
    }

    /// Its host as the address of a socket wants it, without brackets.
    pub(super) fn host_name(&self) -> String {
        match self.host() {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        }
    }

    /// Its port.
    pub(super) fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(80)
    }

    /// What an HTTP request asks for.
    pub(super) fn path(&self) -> &str {
        &self.0[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// The value of the `Host` header.
    pub(super) fn authority(&self) -> &str {
        &self.0[url::Position::BeforeHost..url::Position::AfterPort]
    }

    /// Port and path of `text` at this host: a device speaks for itself only. It also helps with devices that name an address they once had.
    pub(super) fn here(&self, text: &str) -> Option<Self> {
        let Self(mut url) = Self::new(text)?;
        url.set_host(self.0.host_str()).ok()?;
        Some(Self(url))
    }
}

impl std::fmt::Display for ServiceAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_addresses_are_services() {
        for bad in ["", "https://10.0.0.7/", "http://", "http://a:b@10.0.0.7/", "file:///etc/passwd", "http://10.0.0.7:0/", "10.0.0.7"] {
            assert_eq!(ServiceAddress::new(bad), None, "{bad}");
        }
        let service = ServiceAddress::new("http://10.0.0.7:8000/onvif/device_service?a=1").expect("legal");
        assert_eq!((service.port(), service.path(), service.authority()), (8000, "/onvif/device_service?a=1", "10.0.0.7:8000"));
    }

    #[test]
    fn a_device_cannot_send_anybody_to_another_host() {
        let service = ServiceAddress::new("http://10.0.0.7/onvif/device_service").expect("legal");
        let media = service.here("http://192.0.2.1:8080/onvif/media").expect("legal");
        assert_eq!(media.to_string(), "http://10.0.0.7:8080/onvif/media");
    }
}
