//! Searching for cameras and showing who answered.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;

use crate::base::time::Clock;
use crate::commands::stop::block_on;
use crate::onvif::{self, Discovery, Where};

/// How cameras are searched for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    pub(super) seconds: u64,
    /// Asked instead of everybody.
    pub(super) only: Option<SocketAddr>,
}

/// Searches.
///
/// # Errors
/// When nobody can be asked.
pub(super) fn search(search: &Search, clock: &dyn Clock) -> Result<Discovery> {
    println!("Mencari kamera {0} detik … / searching for cameras for {0} s …", search.seconds);
    let wanted = search.only.map_or(Where::Everywhere, Where::Only);
    block_on(async { Ok(onvif::search(wanted, Duration::from_secs(search.seconds), clock, "simpang setup").await?) })
}

/// Who answered, numbered from 1.
pub(super) fn listing(found: &Discovery) -> String {
    let mut text = String::new();
    for (index, device) in found.devices().into_iter().enumerate() {
        let words = [&device.hardware, &device.name].map(|word| word.as_deref().unwrap_or("-"));
        text += &format!("{:3}) {:15}  {:20}  {:20}  {}\n", index + 1, device.from, words[0], words[1], device.service);
    }
    if text.is_empty() {
        text += "Tidak ada kamera yang menjawab: periksa kabel dan jaringannya, dan apakah ONVIF menyala / no camera answers: check cable and network, and that ONVIF is on\n";
    }
    if found.ignored() > 0 {
        text += &format!("{0} jawaban tidak dipahami dan diabaikan / {0} answers were not understood and are ignored\n", found.ignored());
    }
    text
}
