//! The program itself, started as its users start it, and what it says. Not a test itself.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tempfile::TempDir;

use crate::broker::wait_until;

/// How long a start, a stop or an answer may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A file that `make test` puts there.
pub(crate) fn installed(path: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    assert!(file.is_file(), "{path} is not there: run make test, which installs it");
    file
}

/// A temporary folder with configurations made from `tests/config/e2e`.
pub(crate) struct Workshop {
    folder: TempDir,
}

impl Workshop {
    pub(crate) fn new() -> Self {
        installed("models/efficientdet-lite0.onnx");
        installed("models/runtime/libonnxruntime.so");
        Self { folder: TempDir::new().expect("a temporary folder") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a written file");
        path
    }

    /// A password file as the program wants it: for its owner only.
    pub(crate) fn secret(&self, name: &str, password: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.write(name, password);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("own file");
    }

    /// The box of the tests with these cameras (from [`camera`]) and further tables; its page on any port, its queue in this folder.
    pub(crate) fn config(&self, name: &str, parts: &[String]) -> PathBuf {
        let outbox = self.path("outbox").display().to_string();
        let head = template("box.toml", &[("THREADS", "1"), ("OUTBOX", &outbox), ("PAGE", "127.0.0.1:0")]);
        self.write(name, head + &parts.concat())
    }
}

/// A file of `tests/config/e2e` with its words between @ filled in.
pub(crate) fn template(name: &str, words: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/e2e").join(name);
    let text = std::fs::read_to_string(&path).expect("part of the repository");
    words.iter().fold(text, |text, (word, value)| text.replace(&format!("@{word}@"), value))
}

/// The street as camera `id`; `source` are its lines `url = …`, `user = …`.
pub(crate) fn street(id: &str, source: &str) -> String {
    template("street.toml", &[("ID", id), ("SOURCE", source)])
}

/// The drawn junction, which has events within seconds.
pub(crate) fn junction() -> String {
    template("junction.toml", &[])
}

/// Delivery to a broker on this machine.
pub(crate) fn mqtt(port: u16) -> String {
    format!("[mqtt]\nhost = \"127.0.0.1\"\nport = {port}\nkeep_alive = \"5s\"\n\n")
}

/// How the program ended and all it said.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Exit code; `None` after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The lines of standard output as JSON; the last one is a replay's summary.
    pub(crate) fn json_lines(&self) -> Vec<serde_json::Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stdout.lines().map(parse).collect()
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simpang"));
    command.args(arguments);
    in_project(command)
}

/// In the project's folder, without what the user's shell says to the program.
fn in_project(mut command: Command) -> Command {
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    command.env_remove("SIMPANG_LOG").env_remove("SIMPANG_LOG_FORMAT").env_remove("STATE_DIRECTORY");
    command
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    Program::start(arguments).ended()
}

/// Runs it to its end with these environment variables.
pub(crate) fn run_with_variables(arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    Program::begin(command(arguments).envs(variables.iter().copied())).ended()
}

/// Runs the agent for so long.
pub(crate) fn run_agent(config: &Path, length: Duration) -> Ended {
    let seconds = length.as_secs().to_string();
    let agent = Program::start(&["run", "--config", config.to_str().expect("plain"), "--seconds", &seconds]);
    agent.ended_within(length + 3 * PATIENCE)
}

/// A running program; killed when dropped.
pub(crate) struct Program {
    child: Child,
    stdout: Arc<Said>,
    stderr: Arc<Said>,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Said {
    text: Mutex<(Vec<u8>, bool)>,
    more: Condvar,
}

impl Said {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().expect("lock").0).into_owned()
    }

    fn note(&self, bytes: &[u8]) {
        let mut text = self.text.lock().expect("lock");
        text.0.extend_from_slice(bytes);
        text.1 |= bytes.is_empty();
        self.more.notify_all();
    }

    /// The rest of the first whole line that has `word` in it, as soon as there is one.
    fn after(&self, word: &str) -> Option<String> {
        let find = |text: &[u8]| {
            let text = String::from_utf8_lossy(text).into_owned();
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            whole.lines().find_map(|line| line.split_once(word)).map(|(_, rest)| rest.to_owned())
        };
        let text = self.text.lock().expect("lock");
        let waiting = self.more.wait_timeout_while(text, PATIENCE, |(text, over)| !*over && find(text).is_none());
        find(&waiting.expect("lock").0.0)
    }
}

impl Program {
    /// Starts it in the project's folder.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::begin(&mut command(arguments))
    }

    /// Starts another program in the same way.
    pub(crate) fn start_command(command: Command) -> Self {
        Self::begin(&mut in_project(command))
    }

    fn begin(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program was just built");
        let (stdout, stderr) = (Arc::<Said>::default(), Arc::<Said>::default());
        let readers = vec![
            read(child.stdout.take().expect("piped"), Arc::clone(&stdout)),
            read(child.stderr.take().expect("piped"), Arc::clone(&stderr)),
        ];
        Self { child, stdout, stderr, readers }
    }

    /// `simpang run` with this configuration.
    pub(crate) fn agent(config: &Path) -> Self {
        Self::start(&["run", "--config", config.to_str().expect("plain")])
    }

    /// The rest of the first line of standard error that has `word` in it.
    pub(crate) fn logs(&self, word: &str) -> String {
        self.stderr.after(word).unwrap_or_else(|| panic!("never said `{word}`:\n{}", self.stderr.text()))
    }

    /// The rest of the first line of standard output that has `word` in it.
    pub(crate) fn prints(&self, word: &str) -> String {
        self.stdout.after(word).unwrap_or_else(|| panic!("never printed `{word}`:\n{}\n{}", self.stdout.text(), self.stderr.text()))
    }

    /// Everything on standard error so far.
    pub(crate) fn log(&self) -> String {
        self.stderr.text()
    }

    /// Where its page is.
    pub(crate) fn page(&self) -> Page {
        Page { address: self.logs("local page: http://").trim().parse().expect("an address") }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("own child").is_none()
    }

    /// Sends a signal by name: `TERM`, `INT`, `KILL`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -s {name}");
    }

    /// Waits until it has ended.
    pub(crate) fn ended(self) -> Ended {
        self.ended_within(3 * PATIENCE)
    }

    pub(crate) fn ended_within(mut self, limit: Duration) -> Ended {
        let mut status = None;
        let mut is_over = || {
            status = self.child.try_wait().expect("own child");
            status.is_some()
        };
        assert!(wait_until(limit, &mut is_over), "does not end:\n{}", self.stderr.text());
        self.readers.drain(..).for_each(|reader| reader.join().expect("ends with the program"));
        let status = status.expect("over");
        Ended { code: status.code(), stdout: self.stdout.text(), stderr: self.stderr.text() }
    }

    /// Asks it to stop (SIGTERM) and waits.
    pub(crate) fn stop(self) -> Ended {
        self.signal("TERM");
        self.ended()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Already over is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(mut from: impl Read + Send + 'static, said: Arc<Said>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            let n = from.read(&mut buffer).unwrap_or(0);
            said.note(&buffer[..n]);
            if n == 0 {
                return;
            }
        }
    })
}

/// The program's local page.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    pub(crate) address: SocketAddr,
}

/// An answer of the page.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Header lines, names in lower case.
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Page {
    /// Gets `path` as a browser on this machine does.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_as(path, &self.address.to_string())
    }

    /// Gets `path` under a name of one's choice.
    pub(crate) fn get_as(&self, path: &str, host: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).expect("the page listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let mut request = String::new();
        write!(request, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("string");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("headers end");
        let headers = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        let status = headers.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
        Answer { status, headers, body: answer[end + 4..].to_vec() }
    }

    /// What the page shows.
    pub(crate) fn state(&self) -> serde_json::Value {
        serde_json::from_slice(&self.get("/api/state").body).expect("JSON")
    }

    /// One camera's sample in `/metrics`, `simpang_frames_total`; 0 while there is none.
    pub(crate) fn metric(&self, name: &str, camera: &str) -> f64 {
        let wanted = format!("{name}{{camera=\"{camera}\"}} ");
        let text = self.get("/metrics").text();
        let value = text.lines().find_map(|line| line.strip_prefix(&wanted));
        value.map_or(0.0, |value| value.parse().expect("a number"))
    }
}
