//! Compressed pictures in, [`Frame`]s out. The only place that names libavcodec, libavformat and libswscale.

mod access_unit;
mod decoder;
mod film;
mod frame;
#[cfg(feature = "hardware-decoding")]
mod hardware;
mod libav;
mod nal;
mod picture;

pub use access_unit::{AccessUnit, StreamParameters, VideoCodec};
pub use decoder::{DecodeError, DecodeHealth, Decoder};
pub use film::{Film, FilmError, FilmPicture};
pub use frame::{ColourMatrix, ColourRange, Frame, I420, Planes};
