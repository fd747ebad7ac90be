//! The command line: parse, call one command, print the chain of causes, exit 0, 1 (failed) or 2 (bad configuration or usage).

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use simpang::commands;

/// Watches an intersection: cameras in, congestion, crowd and accident events out.
#[derive(Parser)]
#[command(name = "simpang", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// First start of a box: asks for site, cameras and broker, looks at every camera, writes the configuration
    Setup(Box<commands::setup::Args>),
    /// The agent: watches the cameras of a configuration until it is stopped
    Run(commands::run::Args),
    /// A demonstration on recorded traffic with its own broker and page; nothing else is needed
    Demo(commands::demo::Args),
    /// Analyses a recorded film as fast as possible; the same input gives the same bytes
    Replay(commands::replay::Args),
    /// The tracker alone, on detections in MOTChallenge format
    Track(commands::track::Args),
    /// Whether a recorded film keeps showing the same view: moved, covered, blurred, dark, frozen
    View(commands::view::Args),
    /// Draws the metre grid of a camera's calibration over a picture
    Calibrate(commands::calibrate::Args),
    /// Watches a recording and proposes lanes, stop lines, gates and movements as configuration
    Learn(commands::learn::Args),
    /// Checks a configuration and reports every problem
    Check(commands::check::CheckArgs),
    /// What is wrong with this box, in plain words, with the remedy
    Doctor(commands::doctor::Args),
    /// What a camera sends: codec, size, frame rate, key frames, clock; a still
    Probe(commands::probe::Args),
    /// Measures how many cameras this box carries, and with how many threads
    Capacity(commands::capacity::Args),
    /// Prints events as people read them
    Events(commands::events::EventsArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Setup(args) => commands::setup::run(*args),
        Command::Run(args) => commands::run::run(args),
        Command::Demo(args) => commands::demo::run(args),
        Command::Replay(args) => commands::replay::run(args),
        Command::Track(args) => commands::track::run(args),
        Command::View(args) => commands::view::run(&args),
        Command::Calibrate(args) => commands::calibrate::run(&args),
        Command::Learn(args) => commands::learn::run(&args),
        Command::Check(args) => commands::check::run(&args, commands::probes::ALL, &mut std::io::stdout()),
        Command::Doctor(args) => return commands::ended(commands::doctor::run(&args)),
        Command::Probe(args) => commands::probe::run(args),
        Command::Capacity(args) => commands::capacity::run(&args),
        Command::Events(args) => commands::stop::block_on(commands::events::run(&args)),
    };
    commands::ended(done.map(|()| ExitCode::SUCCESS))
}
