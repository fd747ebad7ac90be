//! The only file that names `rumqttc`: MQTT 5 and 3.1.1 as one kind of connection.
//!
//! A connection here is a client that is used once: it is built anew for every attempt and dropped with the first error, because the
//! library's own resending loses messages when the broker forgot the session, and can stand still for ever after a packet id collision
//! (rumqttc 0.25.1, `EventLoop::poll` and `MqttState::clean`). What is sent again, and when, is the window's business.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use rumqttc::v5::mqttbytes::v5 as five;
use rumqttc::{Outgoing, QoS, TlsConfiguration, Transport, v5};

use super::cause::Cause;
use super::tls;
use super::window::Blame;
use crate::config::settings::{MqttSettings, MqttVersion};
use crate::event::{Envelope, Qos};

/// Largest packet in either direction: a message of ours is 3 kB; what a broker sends beyond this is not for us.
pub(super) const MAX_PACKET: usize = 256 * 1024;
/// How long the broker keeps our session after a disconnect.
const SESSION_EXPIRY: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long the broker waits with the last will: a reconnect within it is no news.
const WILL_DELAY: Duration = Duration::from_secs(15);
/// The client library panics below this.
pub(super) const SHORTEST_KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Requests that wait inside the client; more than may ever be under way.
const CHANNEL: usize = 64;
/// Packet ids the client may use; more than the window hands over.
const PACKET_IDS: u16 = 64;

/// What a connection has to say.
#[derive(Debug)]
pub(super) enum Heard {
    /// The broker accepted us. It takes so many publications at once and packets up to so many bytes.
    Connected { receive_maximum: usize, max_packet: usize },
    /// The next publication handed over was sent with this packet id.
    Sent(u16),
    /// The broker has this one.
    Acknowledged(u16),
    /// The broker will not have this one.
    Refused(u16, String),
    /// We said that we go.
    SentDisconnect,
    /// Anything else: it lives.
    Something,
}

/// Why a connection ended.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) cause: Cause,
    pub(super) blame: Blame,
}

/// Hands publications to a connection.
pub(super) enum Sender {
    V3(rumqttc::AsyncClient),
    V5(v5::AsyncClient),
}

/// Moves a connection and says what happens on it.
pub(super) enum Receiver {
    V3(Box<rumqttc::EventLoop>),
    V5(Box<v5::EventLoop>),
}

/// What a broker is to keep of us.
#[derive(Clone, Copy)]
pub(super) enum Session<'a> {
    /// The box's own session: goes on after a reconnect; `will` is what the broker says when the box vanishes.
    Lasting { will: &'a Envelope },
    /// Nothing, under a client id of its own: the box's would throw a running agent out.
    Passing,
}

/// A connection that is made when its receiver is first polled.
pub(super) fn connection(settings: &MqttSettings, session: Session<'_>, patience: Duration) -> Result<(Sender, Receiver), Cause> {
    let transport = match &settings.tls {
        None => Transport::Tcp,
        Some(tls) => Transport::tls_with_config(TlsConfiguration::Rustls(tls::config(tls)?)),
    };
    Ok(match settings.version {
        MqttVersion::V3 => {
            let (client, mut eventloop) = rumqttc::AsyncClient::new(options_v3(settings, session, transport), CHANNEL);
            eventloop.network_options.set_connection_timeout(patience.as_secs().max(1));
            (Sender::V3(client), Receiver::V3(Box::new(eventloop)))
        }
        MqttVersion::V5 => {
            let mut options = options_v5(settings, session, transport);
            options.set_connection_timeout(patience.as_secs().max(1));
            let (client, eventloop) = v5::AsyncClient::new(options, CHANNEL);
            (Sender::V5(client), Receiver::V5(Box::new(eventloop)))
        }
    })
}

fn client_id(settings: &MqttSettings, session: Session<'_>) -> String {
    match session {
        Session::Lasting { .. } => settings.client_id.clone(),
        Session::Passing => format!("{}-check", settings.client_id),
    }
}

fn options_v3(settings: &MqttSettings, session: Session<'_>, transport: Transport) -> rumqttc::MqttOptions {
    let mut options = rumqttc::MqttOptions::new(client_id(settings, session), &settings.host, settings.port);
    options
        .set_transport(transport)
        .set_keep_alive(settings.keep_alive.max(SHORTEST_KEEP_ALIVE))
        .set_inflight(PACKET_IDS)
        .set_max_packet_size(MAX_PACKET, MAX_PACKET);
    match session {
        Session::Lasting { will } => options.set_clean_session(false).set_last_will(rumqttc::LastWill::new(
            &will.topic,
            will.payload.clone(),
            qos(will.qos),
            will.retain,
        )),
        Session::Passing => options.set_clean_session(true),
    };
    if let Some(credentials) = &settings.credentials {
        options.set_credentials(&credentials.user, credentials.password.reveal());
    }
    options
}

fn last_will(will: &Envelope) -> five::LastWill {
    let properties = five::LastWillProperties {
        delay_interval: Some(WILL_DELAY.as_secs() as u32),
        payload_format_indicator: None,
        message_expiry_interval: None,
        content_type: Some(will.content_type.clone().into_owned()),
        response_topic: None,
        correlation_data: None,
        user_properties: Vec::new(),
    };
    five::LastWill::new(&will.topic, will.payload.clone(), qos_v5(will.qos), will.retain, Some(properties))
}

fn options_v5(settings: &MqttSettings, session: Session<'_>, transport: Transport) -> v5::MqttOptions {
    let mut options = v5::MqttOptions::new(client_id(settings, session), &settings.host, settings.port);
    options
        .set_transport(transport)
        .set_keep_alive(settings.keep_alive.max(SHORTEST_KEEP_ALIVE))
        .set_max_packet_size(Some(MAX_PACKET as u32))
        .set_outgoing_inflight_upper_limit(PACKET_IDS);
    match session {
        Session::Lasting { will } => {
            options.set_clean_start(false).set_session_expiry_interval(Some(SESSION_EXPIRY.as_secs() as u32)).set_last_will(last_will(will))
        }
        Session::Passing => options.set_clean_start(true).set_session_expiry_interval(Some(0)),
    };
    if let Some(credentials) = &settings.credentials {
        options.set_credentials(&credentials.user, credentials.password.reveal());
    }
    options
}

/// The client's own lane is full: more was handed over than may be under way.
#[derive(Debug)]
pub(super) struct LaneFull;

impl Sender {
    /// Hands one publication over; its packet id is announced by the receiver, in order.
    pub(super) fn publish(&self, envelope: Envelope) -> Result<(), LaneFull> {
        match self {
            Self::V3(client) => {
                client.try_publish(envelope.topic, qos(envelope.qos), envelope.retain, envelope.payload).map_err(|_| LaneFull)
            }
            Self::V5(client) => {
                let properties = five::PublishProperties {
                    content_type: (!envelope.payload.is_empty()).then(|| envelope.content_type.into_owned()),
                    message_expiry_interval: envelope.expires_after.map(|after| after.as_secs().min(u64::from(u32::MAX)) as u32),
                    ..five::PublishProperties::default()
                };
                client
                    .try_publish_with_properties(envelope.topic, qos_v5(envelope.qos), envelope.retain, envelope.payload, properties)
                    .map_err(|_| LaneFull)
            }
        }
    }

    /// Says that we go, so that the broker keeps the last will to itself.
    pub(super) fn disconnect(&self) {
        // A full lane means a connection that does not move; the caller stops waiting soon.
        let _ = match self {
            Self::V3(client) => client.try_disconnect().is_ok(),
            Self::V5(client) => client.try_disconnect().is_ok(),
        };
    }
}

impl Receiver {
    /// The next thing that happens. Must not be dropped half-way, except together with the connection.
    pub(super) async fn poll(&mut self) -> Result<Heard, Lost> {
        match self {
            Self::V3(eventloop) => eventloop.poll().await.map(heard_v3).map_err(|error| lost_v3(&error)),
            Self::V5(eventloop) => eventloop.poll().await.map(heard_v5).map_err(|error| lost_v5(&error)),
        }
    }
}

fn qos(qos: Qos) -> QoS {
    match qos {
        Qos::AtMostOnce => QoS::AtMostOnce,
        Qos::AtLeastOnce => QoS::AtLeastOnce,
    }
}

fn qos_v5(qos: Qos) -> v5::mqttbytes::QoS {
    match qos {
        Qos::AtMostOnce => v5::mqttbytes::QoS::AtMostOnce,
        Qos::AtLeastOnce => v5::mqttbytes::QoS::AtLeastOnce,
    }
}

fn heard_v3(event: rumqttc::Event) -> Heard {
    use rumqttc::{Event, Packet};
    match event {
        Event::Incoming(Packet::ConnAck(_)) => Heard::Connected { receive_maximum: usize::from(PACKET_IDS), max_packet: MAX_PACKET },
        Event::Incoming(Packet::PubAck(ack)) => Heard::Acknowledged(ack.pkid),
        Event::Outgoing(outgoing) => heard_outgoing(&outgoing),
        Event::Incoming(_) => Heard::Something,
    }
}

fn heard_v5(event: v5::Event) -> Heard {
    use five::{Packet, PubAckReason};
    match event {
        v5::Event::Incoming(Packet::ConnAck(ack)) => {
            let properties = ack.properties;
            let receive_maximum = properties.as_ref().and_then(|all| all.receive_max).unwrap_or(PACKET_IDS).min(PACKET_IDS);
            let max_packet = properties.and_then(|all| all.max_packet_size).map_or(MAX_PACKET, |size| (size as usize).min(MAX_PACKET));
            Heard::Connected { receive_maximum: usize::from(receive_maximum), max_packet }
        }
        v5::Event::Incoming(Packet::PubAck(ack)) => match ack.reason {
            PubAckReason::Success | PubAckReason::NoMatchingSubscribers => Heard::Acknowledged(ack.pkid),
            reason => Heard::Refused(ack.pkid, format!("{reason:?}")),
        },
        v5::Event::Outgoing(outgoing) => heard_outgoing(&outgoing),
        v5::Event::Incoming(_) => Heard::Something,
    }
}

fn heard_outgoing(outgoing: &Outgoing) -> Heard {
    match outgoing {
        Outgoing::Publish(pkid) => Heard::Sent(*pkid),
        Outgoing::Disconnect => Heard::SentDisconnect,
        _ => Heard::Something,
    }
}

fn lost_v3(error: &rumqttc::ConnectionError) -> Lost {
    use rumqttc::{ConnectReturnCode as Code, ConnectionError as Error, StateError};
    let (cause, blame) = match error {
        Error::ConnectionRefused(Code::BadUserNamePassword) => (Cause::BadCredentials, Blame::Nobody),
        // Brokers answer a wrong password with either code; 3.1.1 does not tell them apart.
        Error::ConnectionRefused(Code::NotAuthorized) => (Cause::NotAuthorised, Blame::Nobody),
        Error::ConnectionRefused(code) => (Cause::Protocol(format!("{code:?}")), Blame::Nobody),
        Error::NetworkTimeout | Error::FlushTimeout | Error::MqttState(StateError::AwaitPingResp) => (Cause::TimedOut, Blame::Nobody),
        Error::MqttState(StateError::ConnectionAborted) => (Cause::Closed, Blame::Nobody),
        Error::MqttState(StateError::Deserialization(rumqttc::mqttbytes::Error::Io(io)) | StateError::Io(io)) | Error::Io(io) => {
            (io_cause(io), Blame::Nobody)
        }
        Error::Tls(error) => (tls_cause(error), Blame::Nobody),
        Error::MqttState(other) => (Cause::Protocol(other.to_string()), Blame::Message),
        other => (Cause::Protocol(other.to_string()), Blame::Nobody),
    };
    Lost { cause, blame }
}

fn lost_v5(error: &v5::ConnectionError) -> Lost {
    use five::{ConnectReturnCode as Code, DisconnectReasonCode as Reason};
    use v5::{ConnectionError as Error, StateError};
    let (cause, blame) = match error {
        Error::ConnectionRefused(Code::BadUserNamePassword) => (Cause::BadCredentials, Blame::Nobody),
        Error::ConnectionRefused(Code::NotAuthorized | Code::Banned) => (Cause::NotAuthorised, Blame::Nobody),
        Error::ConnectionRefused(code) => (Cause::Protocol(format!("{code:?}")), Blame::Nobody),
        Error::Timeout(_) | Error::MqttState(StateError::AwaitPingResp) => (Cause::TimedOut, Blame::Nobody),
        Error::MqttState(StateError::ConnectionAborted) => (Cause::Closed, Blame::Nobody),
        Error::MqttState(StateError::Deserialization(v5::mqttbytes::Error::Io(io)) | StateError::Io(io)) | Error::Io(io) => {
            (io_cause(io), Blame::Nobody)
        }
        Error::Tls(error) => (tls_cause(error), Blame::Nobody),
        Error::MqttState(StateError::ServerDisconnect { reason_code, .. }) => match reason_code {
            Reason::SessionTakenOver => (Cause::TakenOver, Blame::Nobody),
            Reason::NotAuthorized => (Cause::NotAuthorised, Blame::Message),
            Reason::ServerShuttingDown | Reason::AdministrativeAction => (Cause::Closed, Blame::Nobody),
            Reason::KeepAliveTimeout | Reason::ServerBusy | Reason::MaximumConnectTime | Reason::ConnectionRateExceeded => {
                (Cause::Protocol(format!("{reason_code:?}")), Blame::Nobody)
            }
            reason => (Cause::Protocol(format!("{reason:?}")), Blame::Message),
        },
        // An acknowledgement with a reason the library has no name for, such as 149, packet too large (MQTT 5, section 2.4).
        Error::MqttState(StateError::Deserialization(
            v5::mqttbytes::Error::InvalidConnectReturnCode(code) | v5::mqttbytes::Error::InvalidReason(code),
        )) => (Cause::Protocol(format!("reason code {code}")), Blame::Message),
        Error::MqttState(other) => (Cause::Protocol(other.to_string()), Blame::Message),
        other => (Cause::Protocol(other.to_string()), Blame::Nobody),
    };
    Lost { cause, blame }
}

fn tls_cause(error: &rumqttc::TlsError) -> Cause {
    match error {
        rumqttc::TlsError::Io(io) => io_cause(io),
        rumqttc::TlsError::TLS(error) => tls::cause(error),
        other => Cause::Tls(other.to_string()),
    }
}

/// What an I/O error means; a TLS failure travels inside one.
pub(super) fn io_cause(error: &io::Error) -> Cause {
    if let Some(tls) = error.get_ref().and_then(|inner| (inner as &(dyn StdError + 'static)).downcast_ref::<rustls::Error>()) {
        return tls::cause(tls);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Cause::Refused,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => Cause::Unreachable,
        io::ErrorKind::TimedOut => Cause::TimedOut,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => {
            Cause::Closed
        }
        _ => Cause::Protocol(error.to_string()),
    }
}
