//! Room for a burst of datagrams. A camera sends a key frame as hundreds of packets at once; what does not fit into the socket's buffer while this
//! box is busy is lost, and every picture up to the next key frame with it.

use std::io;
use std::os::fd::{OwnedFd, RawFd};

use rustix::net::sockopt::{set_socket_recv_buffer_size, socket_type};
use rustix::net::{SocketType, sockopt};
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

/// Several seconds of a usual camera. Linux gives at most twice `net.core.rmem_max`, which is still twice what a socket has by itself.
const WANTED: usize = 4 << 20;

/// Enlarges the buffer of every datagram socket of this program; says how large the smallest one is now, in bytes.
///
/// The RTSP library makes its sockets itself and shows them to nobody, so they are looked for among the program's open files. A socket of somebody
/// else that is found too only gets more room.
///
/// # Errors
/// On a kernel before 5.6, or where a container forbids it: then the buffers stay as `net.core.rmem_default` says.
pub(super) fn enlarge() -> io::Result<Option<usize>> {
    let this_program = pidfd_open(getpid(), PidfdFlags::empty())?;
    let mut smallest = None;
    for number in open_sockets()? {
        // A duplicate is the same socket. One that was closed since is nobody's any more.
        let Ok(socket) = pidfd_getfd(&this_program, number, PidfdGetfdFlags::empty()) else { continue };
        if socket_type(&socket) == Ok(SocketType::DGRAM) {
            let Ok(got) = enlarge_one(&socket) else { continue };
            smallest = Some(smallest.map_or(got, |least: usize| least.min(got)));
        }
    }
    Ok(smallest)
}

fn enlarge_one(socket: &OwnedFd) -> io::Result<usize> {
    let before = sockopt::socket_recv_buffer_size(socket)?;
    set_socket_recv_buffer_size(socket, WANTED)?;
    if sockopt::socket_recv_buffer_size(socket)? < before {
        // A box whose sockets have more by themselves. Linux doubles what it is told.
        set_socket_recv_buffer_size(socket, before / 2)?;
    }
    Ok(sockopt::socket_recv_buffer_size(socket)?)
}

fn open_sockets() -> io::Result<Vec<RawFd>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        let is_socket = std::fs::read_link(entry.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"));
        let number = entry.file_name().to_str().and_then(|number| number.parse::<RawFd>().ok());
        found.extend(number.filter(|_| is_socket));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_somebody_else_made_gets_room_for_a_key_frame() {
        let theirs = std::net::UdpSocket::bind("127.0.0.1:0").expect("loopback");
        let before = sockopt::socket_recv_buffer_size(&theirs).expect("a socket");
        let most = std::fs::read_to_string("/proc/sys/net/core/rmem_max").expect("Linux").trim().parse::<usize>().expect("a number");
        if before >= 2 * most.min(WANTED) {
            return eprintln!("NOT TESTED: sockets have {before} bytes on this machine by themselves, and may not have more");
        }
        let smallest = match enlarge() {
            Ok(smallest) => smallest.expect("there is one"),
            Err(refused) => return eprintln!("NOT TESTED: this machine lets no program look at its own sockets: {refused}"),
        };
        let after = sockopt::socket_recv_buffer_size(&theirs).expect("a socket");
        assert!(after > before && smallest <= after, "{before} → {after}, smallest {smallest}");
    }
}
