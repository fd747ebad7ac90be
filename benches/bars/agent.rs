//! The whole program as a process: resident memory, how soon after its start the first frame is analysed, and what it costs to wait.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use simpang::base::time::{Clock, SystemClock};
use simpang::config::check;
use simpang::detect::Pool;

use super::machine::{cpu_secs, median, millis, pause, resident_mb};
use super::peer::Peer;
use super::stage::Stage;
use super::table::Table;

/// This program with this argument and a configuration loads the model once and says how long it took.
pub(crate) const MODEL_LOAD: &str = "--model-load";

const STARTS: usize = 9;
const SETTLED: Duration = Duration::from_secs(20);
const IDLE: Duration = Duration::from_secs(120);

/// Adds the lines of this section.
pub(crate) fn measure(table: &mut Table) -> Result<()> {
    memory(table)?;
    start(table)?;
    idle(table)
}

fn memory(table: &mut Table) -> Result<()> {
    let peer = Peer::on_film()?.run(200)?.resident_mb();
    let one = settled(1)?;
    let four = settled(4)?;
    let detail = format!("{one:.1} against {peer:.1} MB");
    table.at_most("resident memory of an agent with one camera, against the Python peer", (one / peer, 0.55), "×", &detail);
    let copies = Stage::new(4, 1)?.settings()?.detector.sessions;
    let detail = format!("4 cameras {four:.1} MB, with {copies} copies of the model");
    table.at_most("resident memory of each further 768 × 576 camera", ((four - one) / 3.0, 40.0), "MB", &detail);
    Ok(())
}

fn settled(cameras: usize) -> Result<f64> {
    let agent = Agent::start(&Stage::new(cameras, 1)?)?;
    agent.wait_for_a_frame()?;
    pause(SETTLED);
    Ok(resident_mb(agent.process.id()))
}

fn start(table: &mut Table) -> Result<()> {
    let stage = Stage::new(1, 1)?;
    let (mut first_frames, mut loads) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let clock = SystemClock::new();
        Agent::start(&stage)?.wait_for_a_frame()?;
        first_frames.push(millis(clock.monotonic()));
        loads.push(model_load(&stage.config())?);
    }
    let beyond = median(first_frames.iter().zip(&loads).map(|(first, load)| first - load).collect());
    let detail =
        format!("first analysed frame {:.0} ms after the start, model load {:.0} ms, wall time", median(first_frames), median(loads));
    table.at_most("start to first analysed frame, beyond the model's load", (beyond / 1e3, 1.5), "s", &detail);
    Ok(())
}

/// Cameras and broker are tried again and again; a box that waits for the night's repair crew must stay cool.
fn idle(table: &mut Table) -> Result<()> {
    const CAMERAS: usize = 4;
    let agent = Agent::start(&Stage::away(CAMERAS)?)?;
    pause(SETTLED);
    let (clock, before) = (SystemClock::new(), cpu_secs(agent.process.id()));
    pause(IDLE);
    let percent = (cpu_secs(agent.process.id()) - before) / clock.monotonic().as_secs_f64() * 100.0;
    let detail = format!("{CAMERAS} cameras and the broker refuse connections, {} s", IDLE.as_secs());
    table.at_most("processor time while cameras and broker are away", (percent, 0.2), "% of a core", &detail);
    Ok(())
}

fn model_load(config: &Path) -> Result<f64> {
    let output = Command::new(std::env::current_exe()?).arg(MODEL_LOAD).arg(config).output()?;
    ensure!(output.status.success(), "loading the model failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// Milliseconds of wall time, on standard output.
pub(crate) fn print_model_load(config: &Path) -> Result<()> {
    let settings = check::load(config)?.settings;
    let clock = SystemClock::new();
    let _pool = Pool::open(&settings.detector)?;
    println!("{}", millis(clock.monotonic()));
    Ok(())
}

/// A running `simpang run`; killed when dropped.
struct Agent {
    process: Child,
    page: String,
}

impl Agent {
    fn start(stage: &Stage) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_simpang"));
        command.arg("run").arg("--config").arg(stage.config()).env("SIMPANG_LOG", "info").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn()?;
        let mut log = BufReader::new(process.stderr.take().context("piped above")?).lines();
        let mut agent = Self { process, page: String::new() };
        for line in log.by_ref() {
            if let Some((_, page)) = line?.split_once("http://") {
                agent.page = page.trim().to_owned();
                // Read on, so that the agent never waits for room in the pipe.
                std::thread::spawn(move || log.for_each(drop));
                return Ok(agent);
            }
        }
        bail!("the agent did not start")
    }

    fn wait_for_a_frame(&self) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(60);
        let clock = SystemClock::new();
        while clock.monotonic() < PATIENCE {
            let analysed =
                self.metrics()?.lines().filter(|line| line.starts_with("simpang_frames_analysed_total")).any(|line| !line.ends_with(" 0"));
            if analysed {
                return Ok(());
            }
            pause(Duration::from_millis(5));
        }
        bail!("no frame was analysed within a minute")
    }

    fn metrics(&self) -> Result<String> {
        let mut page = TcpStream::connect(&self.page)?;
        write!(page, "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.page)?;
        let mut text = String::new();
        page.read_to_string(&mut text)?;
        Ok(text)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
