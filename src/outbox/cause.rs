//! Why there is no connection to the broker, and what to do about it.

use std::fmt;

/// Why there is no connection to the broker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// Not tried yet.
    Starting,
    /// Nothing listens there.
    Refused,
    /// The name is not known.
    UnknownHost,
    /// No route.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// Connected, but nothing moves any more.
    NoProgress,
    /// The other side closed the connection.
    Closed,
    /// The other side closed the connection shortly after it was up, several times in a row.
    ClosedAgain,
    /// The broker's certificate is not from an authority we trust.
    UntrustedCertificate,
    /// The broker's certificate is for another name.
    WrongHost,
    /// The broker's certificate is not valid any more.
    ExpiredCertificate,
    /// The broker's certificate is not valid yet: as good as always the box's clock.
    EarlyCertificate,
    /// The broker does not take this box's certificate, or wants one.
    ClientCertificate,
    /// A certificate or key file cannot be used, and why.
    CertificateFile(String),
    /// TLS failed in another way.
    Tls(String),
    /// User or password is wrong.
    BadCredentials,
    /// This user may not connect.
    NotAuthorised,
    /// Another client connected with our client id.
    TakenOver,
    /// The broker does not like what it was sent, in its words.
    Protocol(String),
    /// The transport itself failed: a bug.
    Broken,
    /// Events cannot be written to the output.
    Output(String),
}

impl Cause {
    /// What to look at first.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Starting => "wait a moment",
            Self::Refused => "is the broker running, and is `mqtt.port` right",
            Self::UnknownHost => "check `mqtt.host` and the box's name server",
            Self::Unreachable => "check the box's network cable, modem and route",
            Self::TimedOut => "check firewall and link; the broker may be overloaded",
            Self::NoProgress => "the broker accepts connections but acknowledges nothing: look at its log and disk",
            Self::Closed => "the broker or something between hangs up: look at its log; on a TLS port set `mqtt.tls`",
            Self::ClosedAgain => "two boxes may have the same `mqtt.client_id`: give each its own device id; else look at the broker's log",
            Self::UntrustedCertificate => "set `mqtt.tls.ca` to the authority that signed the broker's certificate",
            Self::WrongHost => "set `mqtt.host` to a name in the broker's certificate, or have it issued for this name",
            Self::ExpiredCertificate => "renew the broker's certificate; check the box's clock (`date`)",
            Self::EarlyCertificate => "check the box's clock (`date`): without time from the network or a battery it starts in 1970",
            Self::ClientCertificate => {
                "set `mqtt.tls.certificate` and `mqtt.tls.key` to a certificate the broker's authority signed, and its key"
            }
            Self::CertificateFile(_) => "check path, contents and permissions of the files in `mqtt.tls`",
            Self::Tls(_) => "is this the broker's TLS port, and does it speak TLS 1.2 or 1.3",
            Self::BadCredentials => "check user and password of `mqtt`",
            Self::NotAuthorised => "check the broker's access list, and user and password of `mqtt`",
            Self::TakenOver => "two boxes have the same `mqtt.client_id`: give each its own device id",
            Self::Protocol(_) => "look at the broker's log; check `mqtt.version` and the broker's limits",
            Self::Broken => "restart the program and report what its log says",
            Self::Output(_) => "is whoever reads the output still there",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str("not connected yet"),
            Self::Refused => f.write_str("connection refused"),
            Self::UnknownHost => f.write_str("host name not known"),
            Self::Unreachable => f.write_str("host not reachable"),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::NoProgress => f.write_str("connected, but nothing is acknowledged"),
            Self::Closed => f.write_str("connection closed by the other side"),
            Self::ClosedAgain => f.write_str("the broker closes every connection after a moment"),
            Self::UntrustedCertificate => f.write_str("the broker's certificate is not signed by a trusted authority"),
            Self::WrongHost => f.write_str("the broker's certificate is for another host name"),
            Self::ExpiredCertificate => f.write_str("the broker's certificate has expired"),
            Self::EarlyCertificate => f.write_str("the broker's certificate is not valid yet"),
            Self::ClientCertificate => f.write_str("the broker asks for a client certificate and does not take ours"),
            Self::CertificateFile(what) => write!(f, "certificate file: {what}"),
            Self::Tls(what) => write!(f, "no TLS connection: {what}"),
            Self::BadCredentials => f.write_str("user or password is wrong"),
            Self::NotAuthorised => f.write_str("the broker does not let this user in"),
            Self::TakenOver => f.write_str("another client connected with the same client id"),
            Self::Protocol(what) => write!(f, "the broker broke off: {what}"),
            Self::Broken => f.write_str("the transport ended unexpectedly"),
            Self::Output(what) => write!(f, "events cannot be written: {what}"),
        }
    }
}
