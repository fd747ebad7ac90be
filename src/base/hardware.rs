//! The kinds of hardware that decode video on the boxes we know.

/// Whether this program can use any of it (cargo feature `hardware-decoding`).
pub const HARDWARE_DECODING: bool = cfg!(feature = "hardware-decoding");

/// A kind of hardware that decodes video.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HardwareDecoder {
    /// A stateful memory-to-memory device of Video4Linux (Raspberry Pi 4, Snapdragon, i.MX 8).
    V4l2M2m,
    /// Rockchip's Media Process Platform (RK3566, RK3588).
    Rkmpp,
}

impl std::fmt::Display for HardwareDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::V4l2M2m => "v4l2m2m",
            Self::Rkmpp => "rkmpp",
        })
    }
}
