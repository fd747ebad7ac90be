//! A duration as people write it: a number and its unit, in quotes.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration written as text, `"30s"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(inline, extend("format" = "duration"))]
pub struct DurationText(#[schemars(with = "String")] Duration);

/// Units and their length in milliseconds, longest first, so that printing finds the shortest text.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];

/// Ten years: longer is a slip of the pen, and arithmetic on it stays far from overflow.
const LONGEST_MS: f64 = 3_653.0 * 86_400_000.0;

impl DurationText {
    /// From milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// From seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    /// The duration.
    pub const fn get(self) -> Duration {
        self.0
    }

    /// Reads `text`; `None` when it is not a number followed by one of the units, or longer than ten years.
    pub fn parse(text: &str) -> Option<Self> {
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = text.split_at(split);
        let (_, unit_ms) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
        let millis = number.parse::<f64>().ok()? * *unit_ms as f64;
        (millis <= LONGEST_MS).then(|| Self::from_millis(millis.round() as u64))
    }
}

impl fmt::Display for DurationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis() as u64;
        let (unit, unit_ms) = UNITS.iter().find(|(_, unit_ms)| millis >= *unit_ms && millis.is_multiple_of(*unit_ms)).unwrap_or(&UNITS[3]);
        write!(f, "{}{unit}", millis / unit_ms)
    }
}

impl Serialize for DurationText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FromText)
    }
}

struct FromText;

impl Visitor<'_> for FromText {
    type Value = DurationText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration in quotes, such as \"30s\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<DurationText, E> {
        // The text itself is not shown: a password can land in any wrong place.
        DurationText::parse(text)
            .ok_or_else(|| E::custom("is not a duration: write a number and `ms`, `s`, `min`, `h` or `d`, such as \"30s\""))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<DurationText, E> {
        Err(E::custom(format!("is {number}, without a unit: write it in quotes with one, such as \"{number}s\"")))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<DurationText, E> {
        Err(E::custom(format!("is {number}, without a unit: write it in quotes with one, such as \"{number}s\"")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        let cases =
            [("30s", 30_000), ("1.5s", 1_500), ("400ms", 400), ("5min", 300_000), ("12 h", 43_200_000), ("30d", 2_592_000_000), ("0s", 0)];
        for (text, millis) in cases {
            assert_eq!(DurationText::parse(text), Some(DurationText::from_millis(millis)), "{text}");
        }
        for bad in ["", "30", "s", "-3s", "1e9s", "3 weeks", "30 s ", "1..5s", "99999999d", "3m"] {
            assert_eq!(DurationText::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_printed_reads_back() {
        for millis in [0, 1, 400, 1_500, 30_000, 90_000, 300_000, 86_400_000, 86_400_001] {
            let duration = DurationText::from_millis(millis);
            assert_eq!(DurationText::parse(&duration.to_string()), Some(duration), "{duration}");
        }
    }
}
