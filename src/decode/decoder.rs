//! A camera's access units in, frames out, whatever the network and the camera do to the stream.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ffmpeg::Packet;

use super::access_unit::{AccessUnit, StreamParameters, VideoCodec};
use super::frame::Frame;
use super::libav::{Codec, DecodedBy, Sent, packet};
use crate::base::hardware::{HARDWARE_DECODING, HardwareDecoder};
use crate::base::time::{MediaTime, Stamp};

/// Units whose picture is still inside the decoder. libavcodec reorders at most 16 pictures.
const MOST_PENDING: usize = 64;
/// A stream that has no random access points at all repairs itself from intra blocks within this time.
const DAMAGE_LASTS: Duration = Duration::from_secs(10);

/// What went wrong and right so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DecodeHealth {
    /// Frames given out.
    pub frames: u64,
    /// Frames among them with visible damage.
    pub damaged: u64,
    /// Units or parameter sets that libavcodec refused.
    pub errors: u64,
    /// Units thrown away while waiting for a place where decoding can begin.
    pub skipped: u64,
}

/// Why no decoder could be opened.
#[derive(Debug, thiserror::Error)]
#[error("no decoder for {codec}: {detail}")]
pub struct DecodeError {
    codec: VideoCodec,
    detail: String,
}

/// Decodes one camera's stream, in one thread. Codec, size and parameter changes are followed; damage is flagged; nothing panics.
#[derive(Default)]
pub struct Decoder {
    /// Hardware that a connection tries, in this order.
    configured: Vec<HardwareDecoder>,
    /// What is left of it in this connection: what failed is not tried again.
    hardware: Vec<HardwareDecoder>,
    /// Why hardware was given up, until somebody asks.
    given_up: Option<String>,
    open: Option<Open>,
    connection: u32,
    entry: Entry,
    pending: VecDeque<Pending>,
    next_key: i64,
    health: DecodeHealth,
}

struct Open {
    codec: Codec,
    parameters: Arc<StreamParameters>,
    /// Units given since the last picture came out.
    without_picture: usize,
    /// Whether it was given a unit at all.
    is_begun: bool,
}

/// Whether what comes out can be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Entry {
    /// Nothing is decoded until a picture that needs no other.
    #[default]
    Waiting,
    /// Pictures were lost; what refers to them is damaged.
    Damaged { since: MediaTime },
    /// Nothing is missing.
    Clean,
}

/// What is known of a unit whose picture has not come out yet; found again by the key that travels as its presentation time.
struct Pending {
    key: i64,
    stamp: Stamp,
    session: u32,
    number: u64,
    damaged: bool,
}

impl Decoder {
    /// Opens with the first unit. The processor decodes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tries this hardware first, in this order; the processor decodes when none of it can.
    pub fn with(hardware: &[HardwareDecoder]) -> Self {
        Self { configured: hardware.to_vec(), hardware: hardware.to_vec(), ..Self::default() }
    }

    /// The hardware that decodes now.
    pub fn hardware(&self) -> Option<HardwareDecoder> {
        match self.open.as_ref()?.codec.by() {
            DecodedBy::Hardware(hardware) => Some(hardware),
            DecodedBy::Processor => None,
        }
    }

    /// Which hardware was given up and why, once.
    pub fn take_given_up(&mut self) -> Option<String> {
        self.given_up.take()
    }

    /// What went wrong and right so far.
    pub fn health(&self) -> DecodeHealth {
        self.health
    }

    /// Decodes one unit; `out` gets every frame that is ready. Damage is counted and flagged.
    ///
    /// # Errors
    /// When libavcodec cannot open a decoder for the stream: nothing of it can ever be shown.
    pub fn decode(&mut self, unit: &AccessUnit, out: &mut dyn FnMut(Frame)) -> Result<(), DecodeError> {
        self.follow(unit, out);
        self.note_loss(unit);
        self.open(unit)?;
        if unit.is_random_access() {
            self.entry = Entry::Clean;
        }
        if self.entry == Entry::Waiting {
            self.health.skipped += 1;
            return Ok(());
        }
        self.send(unit, out);
        Ok(())
    }

    /// Gives out what is still inside: at the end of a stream, or before a change.
    pub fn flush(&mut self, out: &mut dyn FnMut(Frame)) {
        if let Some(open) = &mut self.open
            && open.codec.send_end().is_ok()
        {
            self.receive(out);
        }
        self.forget();
    }

    /// A new connection begins anew; new parameters get a new decoder, because feeding a size change through an open one is where
    /// decoders have crashed.
    fn follow(&mut self, unit: &AccessUnit, out: &mut dyn FnMut(Frame)) {
        if unit.connection != self.connection {
            self.connection = unit.connection;
            self.flush(out);
            // A device that was busy may be free.
            if !self.configured.is_empty() {
                self.hardware.clone_from(&self.configured);
                self.open = None;
            }
        }
        let same = |open: &Open| Arc::ptr_eq(&open.parameters, &unit.parameters) || open.parameters == unit.parameters;
        if self.open.as_ref().is_some_and(|open| !same(open)) {
            self.flush(out);
            self.open = None;
        }
    }

    /// Nothing of what is inside comes out any more, and decoding waits for a place where it can begin.
    fn forget(&mut self) {
        self.pending.clear();
        self.entry = Entry::Waiting;
        match self.hardware() {
            // A device that was told of the end takes nothing more.
            Some(_) => self.open = None,
            None => self.open.iter_mut().for_each(|open| open.codec.forget()),
        }
    }

    fn open(&mut self, unit: &AccessUnit) -> Result<(), DecodeError> {
        if self.open.is_some() {
            return Ok(());
        }
        self.entry = Entry::Waiting;
        let parameters = &unit.parameters;
        let codec = match self.open_hardware(parameters) {
            Some(codec) => codec,
            None => Codec::open_live(parameters, DecodedBy::Processor).map_err(|error| {
                self.health.errors += 1;
                DecodeError { codec: parameters.codec, detail: error.to_string() }
            })?,
        };
        self.open = Some(Open { codec, parameters: Arc::clone(parameters), without_picture: 0, is_begun: false });
        Ok(())
    }

    fn open_hardware(&mut self, parameters: &StreamParameters) -> Option<Codec> {
        while let Some(&hardware) = self.hardware.first() {
            let opened = if HARDWARE_DECODING {
                Codec::open_live(parameters, DecodedBy::Hardware(hardware)).map_err(|error| format!("for {}: {error}", parameters.codec))
            } else {
                Err("is not built into this program (cargo feature `hardware-decoding`)".to_owned())
            };
            match opened {
                Ok(codec) => return Some(codec),
                Err(why) => self.give_up(hardware, &why),
            }
        }
        None
    }

    fn give_up(&mut self, hardware: HardwareDecoder, why: &str) {
        self.hardware.retain(|other| *other != hardware);
        let said = format!("{hardware} {why}");
        self.given_up = Some(self.given_up.take().map_or(said.clone(), |before| format!("{before}; {said}")));
    }

    fn note_loss(&mut self, unit: &AccessUnit) {
        if unit.after_loss && self.entry != Entry::Waiting {
            match unit.parameters.codec {
                VideoCodec::Jpeg => {}
                VideoCodec::H264 => self.entry = Entry::Damaged { since: unit.stamp.media },
                // libavcodec 5.1 conceals missing H.265 references without a word: better no picture than a wrong one that looks right.
                VideoCodec::H265 => self.forget(),
            }
        }
        if let Entry::Damaged { since } = self.entry
            && unit.stamp.media.since(since) > DAMAGE_LASTS
        {
            self.entry = Entry::Clean;
        }
    }

    fn send(&mut self, unit: &AccessUnit, out: &mut dyn FnMut(Frame)) {
        let key = self.next_key;
        self.next_key += 1;
        if self.pending.len() == MOST_PENDING {
            self.pending.pop_front();
        }
        let damaged = matches!(self.entry, Entry::Damaged { .. });
        self.pending.push_back(Pending { key, stamp: unit.stamp, session: unit.session, number: unit.number, damaged });
        let packet = packet(&self.data_for_decoder(unit), key);
        // Software takes every packet once it was emptied; a device may first want a picture to be taken out.
        if self.give(&packet) == Some(Sent::Full) {
            self.receive(out);
            self.health.errors += u64::from(self.give(&packet) == Some(Sent::Full));
        }
        self.receive(out);
        self.look_after_hardware();
    }

    /// A device reads parameter sets from the stream only, and a camera need not repeat them there.
    fn data_for_decoder(&mut self, unit: &AccessUnit) -> Bytes {
        let is_hardware = self.hardware().is_some();
        let Some(open) = &mut self.open else { return unit.data.clone() };
        open.without_picture += 1;
        if !is_hardware || std::mem::replace(&mut open.is_begun, true) {
            return unit.data.clone();
        }
        [&*unit.parameters.sets, &*unit.data].concat().into()
    }

    /// `None`: it was refused, which is counted.
    fn give(&mut self, packet: &Packet) -> Option<Sent> {
        let sent = self.open.as_mut()?.codec.send(packet);
        self.health.errors += u64::from(sent.is_err());
        sent.ok()
    }

    /// A device that takes and gives nothing is left to itself; the processor goes on with the next key frame.
    fn look_after_hardware(&mut self) {
        if let Some(hardware) = self.hardware()
            && self.open.as_ref().is_some_and(|open| open.without_picture > MOST_PENDING)
        {
            self.give_up(hardware, &format!("gave no picture for {MOST_PENDING} units"));
            self.forget();
        }
    }

    fn receive(&mut self, out: &mut dyn FnMut(Frame)) {
        let Some(open) = &mut self.open else { return };
        loop {
            let decoded = match open.codec.receive() {
                Ok(Some(decoded)) => decoded,
                Ok(None) => return,
                Err(_) => {
                    self.health.errors += 1;
                    return;
                }
            };
            let Some(at) = self.pending.iter().position(|pending| Some(pending.key) == decoded.pts) else {
                self.health.errors += 1;
                continue;
            };
            let of = self.pending.remove(at).expect("found just above");
            open.without_picture = 0;
            let frame = decoded.into_frame(of.stamp, of.session, of.number, of.damaged);
            self.health.frames += 1;
            self.health.damaged += u64::from(frame.is_damaged());
            out(frame);
        }
    }
}
