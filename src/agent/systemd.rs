//! What systemd hears of a service (sd_notify(3)): that it has started, every second that it lives, that it stops. Outside systemd nothing is said.

use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// What is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Word {
    /// Everything was started.
    Ready,
    /// Everything makes progress.
    Alive,
    /// It was asked to stop.
    Stopping,
}

impl Word {
    fn text(self) -> &'static [u8] {
        match self {
            Self::Ready => b"READY=1\nWATCHDOG=1",
            Self::Alive => b"WATCHDOG=1",
            Self::Stopping => b"STOPPING=1",
        }
    }
}

/// The way to systemd.
#[derive(Debug)]
pub(super) struct Systemd {
    socket: Option<OsString>,
}

impl Systemd {
    /// The one that started this process, if one did (`$NOTIFY_SOCKET`).
    pub(super) fn of_environment() -> Self {
        Self { socket: std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) }
    }

    /// Says it. That nobody hears is no reason to end: systemd then does what it does with a silent service.
    pub(super) fn say(&self, word: Word) {
        let Some(socket) = &self.socket else { return };
        if let Err(error) = send(socket.as_bytes(), word.text()) {
            tracing::debug!(%error, ?word, "systemd was not reached");
        }
    }
}

/// A new socket each time: systemd may have been replaced by a newer one meanwhile.
fn send(name: &[u8], text: &[u8]) -> io::Result<usize> {
    let address = match name.strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(name))?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.send_to_addr(text, &address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_names_are_reached_and_nobody_is_no_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let abstract_name = format!("simpang-test-{}", std::process::id());
        let named = UnixDatagram::bind(&path).expect("bound");
        let address = SocketAddr::from_abstract_name(&abstract_name).expect("short");
        let unnamed = UnixDatagram::bind_addr(&address).expect("bound");
        for (name, listener) in [(path.clone().into_os_string(), named), (format!("@{abstract_name}").into(), unnamed)] {
            let systemd = Systemd { socket: Some(name) };
            systemd.say(Word::Ready);
            let mut heard = [0; 64];
            let length = listener.recv(&mut heard).expect("sent");
            assert_eq!(&heard[..length], b"READY=1\nWATCHDOG=1");
            drop(listener);
            systemd.say(Word::Alive);
        }
        Systemd { socket: None }.say(Word::Stopping);
    }
}
