//! The broker inside the demonstration, so that `simpang demo` needs nothing else. Loopback only, nothing is kept.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;

use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings};

/// Largest message, in bytes: an event has 3 kB.
const MAX_PAYLOAD: usize = 256 * 1024;

/// The demonstration's broker could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the demonstration's broker could not be started on the loopback address; is it up (`ip address show lo`), are there free ports")]
pub struct EmbeddedBrokerError(#[from] std::io::Error);

/// A running broker. It cannot be stopped and ends with the process: rumqttd has no such call, and only the demonstration uses it.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedBroker {
    address: SocketAddr,
}

impl EmbeddedBroker {
    /// Starts a broker that speaks MQTT 5 on a free port of the loopback address.
    ///
    /// # Errors
    /// When no port or thread can be had.
    pub fn start() -> Result<Self, EmbeddedBrokerError> {
        // rumqttd does not say which port it took when asked for any, so a free one is found first and let go.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut broker = Broker::new(config(address));
        thread::Builder::new().name("demo-broker".into()).spawn(move || {
            if let Err(error) = broker.start() {
                tracing::error!(%error, "the demonstration's broker stopped");
            }
        })?;
        Ok(Self { address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn config(address: SocketAddr) -> Config {
    let connections = ConnectionSettings {
        connection_timeout_ms: 5_000,
        max_payload_size: MAX_PAYLOAD,
        max_inflight_count: 100,
        auth: None,
        external_auth: None,
        dynamic_filters: true,
    };
    let server = ServerSettings { name: "demo".into(), listen: address, tls: None, next_connection_delay_ms: 1, connections };
    let router = RouterConfig {
        max_connections: 64,
        max_outgoing_packet_count: 200,
        max_segment_size: 4 * 1024 * 1024,
        max_segment_count: 4,
        ..RouterConfig::default()
    };
    Config { router, v5: Some(HashMap::from([("demo".to_owned(), server)])), ..Config::default() }
}
