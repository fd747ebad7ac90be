//! Listening to a broker: the other direction of [the transport](super), for people who watch. Keeps the connection, reconnects with back-off.
//!
//! Besides the transport the only file that may name `rumqttc`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode, Filter, Packet, Publish, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions};
use rumqttc::{TlsConfiguration, TlsError, Transport};

use crate::base::backoff::Backoff;
use crate::config::settings::Secret;

/// Where a broker is: `mqtt://[user@]host[:port]`, or `mqtts://…` with TLS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerAddress {
    /// Host name or address.
    pub host: String,
    /// 1883 unless said otherwise, 8883 with TLS.
    pub port: u16,
    /// User name, when one is given.
    pub user: Option<String>,
    /// Whether the connection is encrypted.
    pub encryption: Encryption,
}

/// Whether a connection is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encryption {
    /// `mqtt://`
    Plain,
    /// `mqtts://`
    Tls,
}

/// Why an address cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AddressError {
    /// Not a URL, or without host.
    #[error("`{text}` is not a broker address: write mqtt://host:1883 or mqtts://user@host:8883")]
    Malformed {
        /// What was written, without what may be a password.
        text: String,
    },
    /// Neither `mqtt` nor `mqtts`.
    #[error("`{scheme}` is not spoken here: write mqtt://host:1883, or mqtts://host:8883 for TLS")]
    Scheme {
        /// What was written.
        scheme: String,
    },
    /// A command line can be read by everyone on the machine.
    #[error("a password in the address can be read by everyone on this machine: give it with --password-file or SIMPANG_MQTT_PASSWORD")]
    Password,
}

impl std::str::FromStr for BrokerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let malformed = || AddressError::Malformed { text: if text.contains('@') { "…".to_owned() } else { text.to_owned() } };
        let url = url::Url::parse(text).map_err(|_| malformed())?;
        if url.password().is_some() {
            return Err(AddressError::Password);
        }
        let encryption = match url.scheme() {
            "mqtt" => Encryption::Plain,
            "mqtts" => Encryption::Tls,
            other => return Err(AddressError::Scheme { scheme: other.to_owned() }),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(malformed)?;
        let default_port = match encryption {
            Encryption::Plain => 1883,
            Encryption::Tls => 8883,
        };
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(default_port),
            user: (!url.username().is_empty()).then(|| url.username().to_owned()),
            encryption,
        })
    }
}

impl std::fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// What to listen to, and as whom.
pub struct Subscription {
    /// Which broker.
    pub broker: BrokerAddress,
    /// Password of the address's user.
    pub password: Option<Secret>,
    /// PEM text with the authorities to trust; needed for TLS.
    pub authorities: Option<Vec<u8>>,
    /// Topic filters.
    pub filters: Vec<String>,
    /// Name of this client; the same one twice at a time throws the first one out.
    pub client_id: String,
}

/// What a subscriber hears.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// The broker has accepted the subscription.
    Connected,
    /// A message.
    Message {
        /// Where it was published.
        topic: String,
        /// What it says.
        payload: Vec<u8>,
        /// Whether it was kept by the broker from before.
        is_retained: bool,
    },
    /// The connection is gone; the next call connects again after the delay.
    Lost {
        /// Why.
        cause: Loss,
        /// How long the next call waits first.
        retry_in: Duration,
    },
}

/// Why a connection is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loss {
    /// It was closed at the other end, or something between cut it.
    Closed,
    /// Nothing listens there now.
    NothingListens,
    /// No answer in time.
    NoAnswer,
    /// The broker says no.
    Refused,
    /// TLS does not come about.
    NotTrusted,
}

/// Why listening does not begin. After it has begun, a lost connection is [`Heard::Lost`].
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// `mqtts://` without authorities.
    #[error("TLS to {broker} needs the authority that signed its certificate: give its PEM file with --ca")]
    NoAuthority {
        /// Which broker.
        broker: String,
    },
    /// The connection does not come about.
    #[error("broker {broker} cannot be reached: {hint}")]
    Unreachable {
        /// Which broker.
        broker: String,
        /// Why, and what to do now.
        hint: String,
    },
    /// It says no.
    #[error("broker {broker} refused the connection: {hint}")]
    Refused {
        /// Which broker.
        broker: String,
        /// Why, and what to do now.
        hint: String,
    },
    /// It says no to one of the filters.
    #[error("broker {broker} does not allow to subscribe to `{filter}` ({reason}): ask its administrator for read access")]
    NotAllowed {
        /// Which broker.
        broker: String,
        /// Which filter.
        filter: String,
        /// What the broker answered.
        reason: String,
    },
}

/// A connection to a broker that listens.
pub struct Subscriber {
    client: AsyncClient,
    connection: EventLoop,
    broker: String,
    filters: Vec<String>,
    backoff: Backoff,
    state: State,
}

/// Where a subscriber is.
enum State {
    /// It has never heard the broker: failures are the caller's to see.
    New,
    /// It has; failures are passing.
    Listening,
    /// It waits before it connects again.
    Waiting(Duration),
}

/// A broker keeps what is published while a listener reconnects; for longer absences the retained messages do.
const SESSION_SECS: u32 = 600;
/// Our largest message has a few hundred kB (a configuration with many zones); a broker may not make us hold more.
const MAX_PACKET: u32 = 1024 * 1024;

impl Subscriber {
    /// Prepares; connects at the first [`Subscriber::next`].
    pub fn new(subscription: Subscription) -> Result<Self, SubscribeError> {
        let broker = subscription.broker.to_string();
        let mut options = MqttOptions::new(subscription.client_id.clone(), subscription.broker.host.clone(), subscription.broker.port);
        options.set_keep_alive(Duration::from_secs(30)).set_clean_start(false).set_session_expiry_interval(Some(SESSION_SECS));
        options.set_max_packet_size(Some(MAX_PACKET)).set_connection_timeout(10);
        if let Some(user) = &subscription.broker.user {
            options.set_credentials(user.clone(), subscription.password.as_ref().map_or("", Secret::reveal));
        }
        if subscription.broker.encryption == Encryption::Tls {
            let ca = subscription.authorities.ok_or_else(|| SubscribeError::NoAuthority { broker: broker.clone() })?;
            // A second installation of the same provider is refused and harmless.
            let _ = rustls::crypto::ring::default_provider().install_default();
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Simple { ca, alpn: None, client_auth: None }));
        }
        let (client, connection) = AsyncClient::new(options, 8);
        let backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30), seed(&subscription.client_id));
        Ok(Self { client, connection, broker, filters: subscription.filters, backoff, state: State::New })
    }

    /// The next thing that is heard. Waits for it; a call that is given up half-way loses the connection, nothing else.
    ///
    /// # Errors
    /// When listening does not begin; never after the first [`Heard::Connected`], except when the broker takes the permission away.
    pub async fn next(&mut self) -> Result<Heard, SubscribeError> {
        loop {
            if let State::Waiting(delay) = self.state {
                tokio::time::sleep(delay).await;
                self.state = State::Listening;
            }
            match self.connection.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => self.subscribe(),
                Ok(Event::Incoming(Packet::SubAck(ack))) => {
                    self.check(&ack.return_codes)?;
                    self.backoff.reset();
                    self.state = State::Listening;
                    return Ok(Heard::Connected);
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => return Ok(heard(publish)),
                Ok(_) => {}
                Err(error) => return self.lost(&error),
            }
        }
    }

    /// Again at each connection: the broker may have forgotten us, and it sends what it keeps once more.
    fn subscribe(&self) {
        let filters = self.filters.iter().map(|filter| Filter::new(filter.clone(), QoS::AtLeastOnce));
        // The channel holds eight requests and this is the only one we make: it is full only if the last one is still in it.
        let _ = self.client.try_subscribe_many(filters);
    }

    fn check(&self, codes: &[SubscribeReasonCode]) -> Result<(), SubscribeError> {
        let refused = codes.iter().zip(&self.filters).find(|(code, _)| !matches!(code, SubscribeReasonCode::Success(_)));
        match refused {
            None => Ok(()),
            Some((code, filter)) => {
                Err(SubscribeError::NotAllowed { broker: self.broker.clone(), filter: filter.clone(), reason: format!("{code:?}") })
            }
        }
    }

    fn lost(&mut self, error: &ConnectionError) -> Result<Heard, SubscribeError> {
        let broker = self.broker.clone();
        match (&self.state, error) {
            (State::New, ConnectionError::ConnectionRefused(_)) => Err(SubscribeError::Refused { broker, hint: hint(error) }),
            (State::New, _) => Err(SubscribeError::Unreachable { broker, hint: hint(error) }),
            (State::Listening | State::Waiting(_), _) => {
                let retry_in = self.backoff.next_delay();
                self.state = State::Waiting(retry_in);
                Ok(Heard::Lost { cause: loss(error), retry_in })
            }
        }
    }
}

fn heard(publish: Publish) -> Heard {
    Heard::Message {
        topic: String::from_utf8_lossy(&publish.topic).into_owned(),
        payload: publish.payload.to_vec(),
        is_retained: publish.retain,
    }
}

fn loss(error: &ConnectionError) -> Loss {
    use std::io::ErrorKind;
    match error {
        ConnectionError::ConnectionRefused(_) => Loss::Refused,
        ConnectionError::Timeout(_) => Loss::NoAnswer,
        ConnectionError::Tls(_) => Loss::NotTrusted,
        ConnectionError::Io(e) => match e.kind() {
            ErrorKind::ConnectionRefused => Loss::NothingListens,
            ErrorKind::TimedOut => Loss::NoAnswer,
            ErrorKind::InvalidData => Loss::NotTrusted,
            _ => Loss::Closed,
        },
        _ => Loss::Closed,
    }
}

/// What it means and what to do now, in one sentence, for someone who has just typed the address.
fn hint(error: &ConnectionError) -> String {
    use std::io::ErrorKind;
    match error {
        ConnectionError::ConnectionRefused(ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized) => {
            "it does not accept this user name and password; give the user in the address and the password with --password-file".to_owned()
        }
        ConnectionError::ConnectionRefused(ConnectReturnCode::UnsupportedProtocolVersion | ConnectReturnCode::RefusedProtocolVersion) => {
            "it does not speak MQTT 5".to_owned()
        }
        ConnectionError::ConnectionRefused(code) => format!("it answered {code:?}"),
        ConnectionError::Io(e) | ConnectionError::Tls(TlsError::Io(e)) => match e.kind() {
            ErrorKind::ConnectionRefused => "nothing listens there; is the broker running, is the port right?".to_owned(),
            ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof => {
                "it closed the connection; a port with TLS needs mqtts://, one without needs mqtt://".to_owned()
            }
            ErrorKind::InvalidData => format!("its certificate is not trusted ({e}); is --ca the authority that signed it?"),
            _ => e.to_string(),
        },
        ConnectionError::MqttState(_) => {
            "it did not answer as a broker does; a port with TLS needs mqtts://, one without needs mqtt://".to_owned()
        }
        ConnectionError::Tls(e) => format!("no TLS ({e}); is --ca a PEM file with certificates?"),
        ConnectionError::Timeout(_) => "no answer within 10 s; is the address right, does a firewall stand between?".to_owned(),
        other => other.to_string(),
    }
}

/// Different for each listener of this process and for each process.
fn seed(client_id: &str) -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nth = COUNT.fetch_add(1, Ordering::Relaxed);
    client_id.bytes().fold(nth ^ u64::from(std::process::id()), |hash, byte| hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_host_port_user_and_encryption() {
        let parse = |text: &str| text.parse::<BrokerAddress>();
        let plain = parse("mqtt://127.0.0.1").expect("legal");
        assert_eq!((plain.host.as_str(), plain.port, plain.user, plain.encryption), ("127.0.0.1", 1883, None, Encryption::Plain));
        let tls = parse("mqtts://dishub@broker.example.go.id").expect("legal");
        assert_eq!((tls.port, tls.user.as_deref(), tls.encryption), (8883, Some("dishub"), Encryption::Tls));
        assert_eq!(parse("mqtt://[::1]:2883").expect("legal").to_string(), "::1:2883");
    }

    #[test]
    fn an_address_that_cannot_be_used_says_what_to_write() {
        let error = |text: &str| text.parse::<BrokerAddress>().expect_err("refused").to_string();
        assert!(error("broker").contains("`broker` is not a broker address: write mqtt://"));
        assert!(error("http://broker").contains("`http` is not spoken here"));
        let secret = error("mqtt://u:s3cret@broker");
        assert!(secret.contains("--password-file") && !secret.contains("s3cret"), "{secret}");
        assert!(!error("u:s3cret@broker").contains("s3cret"));
    }
}
