//! From when until when a certificate in a PEM file is valid.
//!
//! The handshake library judges certificates but does not tell their dates, and it judges only what the broker sends. A certificate is a
//! nest of length-prefixed elements (X.690) of which the fifth or sixth of the first part is the validity (RFC 5280, 4.1): little to read.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::cause::Cause;
use super::tls;
use crate::base::time::WallTime;
use crate::config::settings::TlsSettings;

/// From when until when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Validity {
    /// Not before.
    pub from: WallTime,
    /// Not after.
    pub until: WallTime,
}

/// Why the files of `settings` cannot be used for a connection, if so.
///
/// # Errors
/// [`Cause::CertificateFile`]: path, contents, or a key that others can read.
pub fn usable(settings: &TlsSettings) -> Result<(), Cause> {
    tls::config(settings).map(drop)
}

/// The validity of each certificate in the file at `path` that has one; what cannot be read is [`usable`]'s to tell.
pub fn validities(path: &Path) -> Vec<Validity> {
    let Ok(certificates) = CertificateDer::pem_file_iter(path) else { return Vec::new() };
    certificates.flatten().filter_map(|certificate| validity(&certificate)).collect()
}

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0]`, the version; certificates of version 1 have none.
const VERSION: u8 = 0xa0;

fn validity(certificate: &[u8]) -> Option<Validity> {
    let (outer, _) = element(certificate, SEQUENCE)?;
    let (signed, _) = element(outer, SEQUENCE)?;
    let mut rest = signed;
    if rest.first() == Some(&VERSION) {
        rest = any_element(rest)?.2;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        rest = any_element(rest)?.2;
    }
    let (dates, _) = element(rest, SEQUENCE)?;
    let (from, rest) = instant(dates)?;
    let (until, _) = instant(rest)?;
    Some(Validity { from, until })
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`: RFC 5280 allows no other forms. What lies beyond our calendar (year 9999 for "never") is its end.
fn instant(bytes: &[u8]) -> Option<(WallTime, &[u8])> {
    let (tag, text, rest) = any_element(bytes)?;
    let text = std::str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
    let text = match tag {
        GENERALIZED_TIME => text.to_owned(),
        // Two digits are the years 1950 to 2049 (4.1.2.5.1).
        UTC_TIME => format!("{}{text}", if text < "5" { "20" } else { "19" }),
        _ => return None,
    };
    let part = |from: usize, to: usize| text.get(from..to).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let written = format!("{year}-{month}-{day}T{}:{}:{}Z", part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let at = WallTime::parse_rfc3339(&written).or_else(|| (year == "9999").then_some(WallTime::from_micros(i64::MAX)))?;
    Some((at, rest))
}

fn element(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    any_element(bytes).filter(|(tag, ..)| *tag == wanted).map(|(_, contents, rest)| (contents, rest))
}

/// Tag, contents and what follows.
fn any_element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)), rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((tag, contents, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(tag: u8, contents: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        match u8::try_from(contents.len()).expect("short") {
            short @ 0..=0x7f => bytes.push(short),
            long => bytes.extend([0x81, long]),
        }
        bytes.extend(contents);
        bytes
    }

    /// As short as a certificate can be that has dates.
    fn certificate(version: Option<&[u8]>, from: (u8, &str), until: (u8, &str)) -> Vec<u8> {
        let dates = [encoded(from.0, from.1.as_bytes()), encoded(until.0, until.1.as_bytes())].concat();
        let parts = [encoded(2, &[1]), encoded(SEQUENCE, &[0; 90]), encoded(SEQUENCE, &[]), encoded(SEQUENCE, &dates)];
        let signed = [version.map(|number| encoded(VERSION, number)).unwrap_or_default(), parts.concat()].concat();
        encoded(SEQUENCE, &encoded(SEQUENCE, &signed))
    }

    fn dates(certificate: &[u8]) -> Option<(String, String)> {
        validity(certificate).map(|validity| (validity.from.to_string(), validity.until.to_string()))
    }

    #[test]
    fn both_forms_of_a_date_are_read() {
        let short = certificate(Some(&[2, 1, 2]), (UTC_TIME, "260131235900Z"), (UTC_TIME, "491231235959Z"));
        assert_eq!(dates(&short), Some(("2026-01-31T23:59:00.000Z".into(), "2049-12-31T23:59:59.000Z".into())));
        let long = certificate(None, (UTC_TIME, "991231235959Z"), (GENERALIZED_TIME, "20500101000000Z"));
        assert_eq!(dates(&long), Some(("1999-12-31T23:59:59.000Z".into(), "2050-01-01T00:00:00.000Z".into())));
        let forever = certificate(None, (UTC_TIME, "260131235900Z"), (GENERALIZED_TIME, "99991231235959Z"));
        assert!(validity(&forever).is_some_and(|validity| validity.until > validity.from));
        assert_eq!(dates(&certificate(None, (UTC_TIME, "261331235900Z"), (UTC_TIME, "270131235900Z"))), None, "there is no 13th month");
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..150) {
            let _ = validity(&bytes);
            let whole = certificate(Some(&[2, 1, 2]), (UTC_TIME, "260131235900Z"), (UTC_TIME, "491231235959Z"));
            prop_assert_eq!(validity(&whole[..cut.min(whole.len() - 1)]), None);
        }
    }
}
