//! The sockets of a search: asks on every interface, listens for as long as it may take.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use tokio::net::UdpSocket;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::discovery::{Discovery, probe};
use crate::base::time::Clock;

/// Where every device listens.
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
const PORT: u16 = 3702;
/// Datagrams get lost: the question is asked twice (SOAP-over-UDP 1.1, section 3.4).
const AGAIN_AFTER: Duration = Duration::from_millis(200);
/// No datagram is longer.
const LONGEST_DATAGRAM: usize = 65_535;

/// Who is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Where {
    /// Everybody, on every IPv4 interface that is up.
    Everywhere,
    /// Who listens there.
    Only(SocketAddr),
}

/// Nobody could be asked.
#[derive(Debug, thiserror::Error)]
#[error("cameras cannot be searched for: no interface takes the question; check `ip address`, or name the camera's address")]
pub struct SearchError(#[from] io::Error);

/// Asks who is a camera and collects answers for `how_long`. `who` asks makes the question's id, together with the time.
///
/// # Errors
/// When the question could be sent nowhere.
pub async fn search(wanted: Where, how_long: Duration, clock: &dyn Clock, who: &str) -> Result<Discovery, SearchError> {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{who}/probe/{}", clock.wall().as_micros()).as_bytes());
    let question = probe(id);
    let ways = ways(wanted)?;
    let asked = ways.into_iter().map(|(socket, to)| ask(socket, to, &question, how_long));
    let (mut found, mut refused) = (None, None);
    for outcome in join_all(asked).await {
        match outcome {
            Ok(here) => found = Some(found.unwrap_or_default()).map(|all: Discovery| all.join(here)),
            Err(error) => refused = Some(error),
        }
    }
    // One interface without a network is usual, all of them are not.
    found.ok_or_else(|| SearchError(refused.unwrap_or_else(|| io::ErrorKind::NetworkUnreachable.into())))
}

/// A socket for each way out, and where it asks.
fn ways(wanted: Where) -> io::Result<Vec<(UdpSocket, SocketAddr)>> {
    let group = SocketAddr::V4(SocketAddrV4::new(GROUP, PORT));
    match wanted {
        Where::Only(address) => Ok(vec![(open()?, address)]),
        Where::Everywhere => {
            // An interface that went away meanwhile keeps nobody from asking on the others.
            Ok(interfaces(Path::new("/sys/class/net")).into_iter().filter_map(|index| Some((on_interface(index).ok()?, group))).collect())
        }
    }
}

fn on_interface(index: u32) -> io::Result<UdpSocket> {
    let socket = open()?;
    rustix::net::sockopt::set_ip_multicast_if_with_ifindex(&socket, &GROUP, &Ipv4Addr::UNSPECIFIED, index)?;
    Ok(socket)
}

fn open() -> io::Result<UdpSocket> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

/// Numbers of the interfaces that may lead to a camera: not the loopback, and not down.
fn interfaces(folder: &Path) -> Vec<u32> {
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let up = entries.filter(|entry| entry.file_name() != "lo" && read(entry.path().join("operstate")) != "down");
    let mut indices: Vec<u32> = up.filter_map(|entry| read(entry.path().join("ifindex")).parse().ok()).collect();
    indices.sort_unstable();
    indices
}

/// Asks on one socket.
async fn ask(socket: UdpSocket, to: SocketAddr, question: &str, how_long: Duration) -> io::Result<Discovery> {
    let mut found = Discovery::default();
    socket.send_to(question.as_bytes(), to).await?;
    sleep(AGAIN_AFTER).await;
    socket.send_to(question.as_bytes(), to).await?;
    let listen = async {
        let mut datagram = vec![0; LONGEST_DATAGRAM];
        while !found.is_full() {
            // A socket that fails has nothing more to say.
            let Ok((length, from)) = socket.recv_from(&mut datagram).await else { return };
            found.note(&datagram[..length], from.ip());
        }
    };
    // The end of the time is how a search ends.
    let _ = timeout(how_long.saturating_sub(AGAIN_AFTER), listen).await;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_that_are_down_and_the_loopback_are_left_out() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        for (name, index, state) in [("lo", "1", "unknown"), ("eth0", "2", "up"), ("eth1", "3", "down"), ("wg0", "4", "unknown")] {
            let one = folder.path().join(name);
            std::fs::create_dir(&one).expect("own folder");
            std::fs::write(one.join("ifindex"), format!("{index}\n")).expect("own file");
            std::fs::write(one.join("operstate"), format!("{state}\n")).expect("own file");
        }
        assert_eq!(interfaces(folder.path()), [2, 4]);
        assert!(interfaces(Path::new("/nowhere")).is_empty());
    }
}
