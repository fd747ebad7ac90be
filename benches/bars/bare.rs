//! The floor: libavcodec alone and the runtime's call alone, on the same pictures and the same tensors.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ffmpeg::codec::{self, threading};
use ffmpeg::{Packet, format, frame, media};
use simpang::base::time::thread_cpu;
use simpang::config::settings::DetectorSettings;
use simpang::detect::{Inference, InputTensor, Model, OutputTensor, open_copy};

use super::counting::Count;
use super::stage;

/// The film through libavformat and libavcodec with one thread, each picture into the same frame and forgotten.
pub(crate) struct BareDecoder {
    input: format::context::Input,
    track: usize,
    decoder: codec::decoder::Video,
    picture: frame::Video,
}

impl BareDecoder {
    pub(crate) fn open() -> Result<Self> {
        let input = format::input(stage::film()).context("the film is missing: run `make setup`")?;
        let stream = input.streams().best(media::Type::Video).context("the film has no pictures")?;
        let track = stream.index();
        let mut context = codec::Context::from_parameters(stream.parameters())?;
        context.set_threading(threading::Config::count(1));
        let decoder = context.decoder().video()?;
        Ok(Self { input, track, decoder, picture: frame::Video::empty() })
    }

    /// Decodes the next picture; false at the end.
    pub(crate) fn next(&mut self) -> Result<bool> {
        loop {
            if self.decoder.receive_frame(&mut self.picture).is_ok() {
                return Ok(true);
            }
            let mut packet = Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) if packet.stream() == self.track => self.decoder.send_packet(&packet)?,
                Ok(()) => {}
                Err(ffmpeg::Error::Eof) => {
                    // A second end is refused: then everything was given out.
                    if self.decoder.send_eof().is_err() {
                        return Ok(false);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What a copy of the model was asked to do, and what happened inside its call.
#[derive(Default)]
pub(crate) struct Tape {
    /// Inputs of the runs since the tape was cleared.
    pub(crate) tensors: Vec<Vec<u8>>,
    /// Whether inputs are kept.
    pub(crate) keeps_tensors: bool,
    /// Allocations inside the calls.
    pub(crate) inside: Count,
    /// Runs.
    pub(crate) runs: u64,
}

/// A copy of the model that writes down what it is asked.
pub(crate) struct Taped {
    copy: Box<dyn Inference>,
    tape: Arc<Mutex<Tape>>,
}

const LOCK: &str = "no holder of this lock can panic";

impl Taped {
    pub(crate) fn new(copy: Box<dyn Inference>) -> (Self, Arc<Mutex<Tape>>) {
        let tape = Arc::new(Mutex::new(Tape::default()));
        (Self { copy, tape: Arc::clone(&tape) }, tape)
    }
}

impl Inference for Taped {
    fn input(&mut self) -> InputTensor<'_> {
        self.copy.input()
    }

    fn run(&mut self) -> Result<(), String> {
        let mut tape = self.tape.lock().expect(LOCK);
        tape.runs += 1;
        if tape.keeps_tensors
            && let InputTensor::U8(values) = self.copy.input()
        {
            tape.tensors.push(values.to_vec());
        }
        let before = Count::now();
        let ran = self.copy.run();
        tape.inside = tape.inside.plus(Count::now().since(before));
        ran
    }

    fn outputs(&self) -> usize {
        self.copy.outputs()
    }

    fn output_name(&self, index: usize) -> &str {
        self.copy.output_name(index)
    }

    fn output(&self, index: usize) -> OutputTensor<'_> {
        self.copy.output(index)
    }
}

/// One more copy of the configured model.
pub(crate) fn copy_of_the_model(settings: &DetectorSettings) -> Result<(Model, Box<dyn Inference>)> {
    let model = Model::load(settings.model.as_deref().context("the configuration names no model")?)?;
    let copy = open_copy(settings, &model)?;
    Ok((model, copy))
}

/// CPU time of the runtime's call on `tensor`; filling the input is not counted.
pub(crate) fn bare_run(copy: &mut dyn Inference, tensor: &[u8]) -> Result<Duration> {
    match copy.input() {
        InputTensor::U8(values) => values.copy_from_slice(tensor),
        InputTensor::F32(_) => bail!("the model of this measurement takes bytes"),
    }
    let before = thread_cpu();
    let ran = copy.run();
    let spent = thread_cpu().saturating_sub(before);
    ran.map_err(anyhow::Error::msg)?;
    Ok(spent)
}
