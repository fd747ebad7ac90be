//! Whether certificate files are valid now, and whether it is they or the clock that is wrong.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::box_state::is_unset;
use super::{Finding, What};
use crate::base::time::WallTime;
use crate::outbox::certificate::{self, Validity};

/// Renewing takes people some weeks.
const SOON: Duration = Duration::from_secs(30 * 86_400);

/// Whose certificate it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holder {
    /// Of those who sign. The handshake does not look at their dates.
    Authority,
    /// This box's own.
    Box,
}

/// A file with certificates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct CertificateFile {
    holder: Holder,
    path: PathBuf,
    valid: Vec<Validity>,
}

impl CertificateFile {
    pub(super) fn read(holder: Holder, path: &Path) -> Self {
        Self { holder, path: path.to_owned(), valid: certificate::validities(path) }
    }

    /// The one that counts: of a chain the first, of several authorities the one that lasts longest.
    fn decisive(&self) -> Option<Validity> {
        match self.holder {
            Holder::Authority => self.valid.iter().copied().max_by_key(|validity| validity.until),
            Holder::Box => self.valid.first().copied(),
        }
    }
}

/// What to say of `file` now; nothing when its dates cannot be read.
pub(super) fn finding(file: &CertificateFile, now: WallTime) -> Option<Finding> {
    let Validity { from, until } = file.decisive()?;
    let path = file.path.display();
    let (from_day, until_day) = (day(from), day(until));
    Some(if now < from && is_unset(now) {
        Finding::broken(
            What::Certificate,
            format!("`{path}` berlaku sejak {from_day}, tetapi kotak mengira sekarang {}; setel jam kotak dulu", day(now)),
            format!("`{path}` is valid from {from_day} on, but the box thinks it is {}; set the box's clock first", day(now)),
        )
    } else if now < from {
        Finding::broken(
            What::Certificate,
            format!(
                "`{path}` baru berlaku {from_day}, sedangkan jam kotak {now}; periksa jam kotak (`date`), kalau benar minta sertifikat baru"
            ),
            format!(
                "`{path}` is not valid before {from_day}, and the box's clock says {now}; check the box's clock (`date`), if it is right have the certificate issued anew"
            ),
        )
    } else if now > until && file.holder == Holder::Authority {
        Finding::warning(
            What::Certificate,
            format!("otoritas di `{path}` kedaluwarsa {until_day}; minta yang baru bersama sertifikat broker"),
            format!("the authority in `{path}` has expired on {until_day}; have it renewed together with the broker's certificate"),
        )
    } else if now > until {
        Finding::broken(
            What::Certificate,
            format!("`{path}` kedaluwarsa {until_day}, jadi broker tidak menerima kotak ini; minta sertifikat baru"),
            format!("`{path}` has expired on {until_day}, so the broker does not let this box in; have it renewed"),
        )
    } else if now + SOON > until {
        Finding::warning(
            What::Certificate,
            format!("`{path}` hanya berlaku sampai {until_day}; minta sertifikat baru sekarang"),
            format!("`{path}` is valid until {until_day} only; have it renewed now"),
        )
    } else {
        Finding::good(What::Certificate, format!("`{path}` berlaku sampai {until_day}"), format!("`{path}` is valid until {until_day}"))
    })
}

/// `2026-11-23`.
fn day(at: WallTime) -> String {
    at.to_string().chars().take_while(|letter| *letter != 'T').collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity::{self, Broken, Good, Warning};

    fn at(text: &str) -> WallTime {
        WallTime::parse_rfc3339(text).expect("RFC 3339")
    }

    fn said(holder: Holder, now: &str) -> (Severity, String) {
        let valid = vec![Validity { from: at("2026-10-01T00:00:00Z"), until: at("2027-10-01T00:00:00Z") }];
        let file = CertificateFile { holder, path: "box.pem".into(), valid };
        let found = finding(&file, at(now)).expect("it has dates");
        assert!(found.id.starts_with("`box.pem` ") || found.id.starts_with("otoritas di `box.pem` "), "{found:?}");
        (found.severity, found.en)
    }

    #[test]
    fn the_clock_is_blamed_when_it_was_never_set() {
        let (severity, sentence) = said(Holder::Box, "1970-01-01T00:02:00Z");
        assert_eq!(severity, Broken);
        assert_eq!(sentence, "`box.pem` is valid from 2026-10-01 on, but the box thinks it is 1970-01-01; set the box's clock first");
        let (severity, sentence) = said(Holder::Box, "2026-09-30T23:00:00Z");
        assert_eq!(severity, Broken);
        assert!(
            sentence.starts_with("`box.pem` is not valid before 2026-10-01, and the box's clock says 2026-09-30T23:00:00.000Z"),
            "{sentence}"
        );
    }

    #[test]
    fn what_ends_soon_or_has_ended_is_told() {
        for (holder, now, severity, beginning) in [
            (Holder::Box, "2026-11-23T00:00:00Z", Good, "`box.pem` is valid until 2027-10-01"),
            (Holder::Authority, "2027-09-15T00:00:00Z", Warning, "`box.pem` is valid until 2027-10-01 only"),
            (Holder::Box, "2027-10-02T00:00:00Z", Broken, "`box.pem` has expired on 2027-10-01"),
            (Holder::Authority, "2027-10-02T00:00:00Z", Warning, "the authority in `box.pem` has expired on 2027-10-01"),
        ] {
            let (found, sentence) = said(holder, now);
            assert!(found == severity && sentence.starts_with(beginning), "{now}: {found:?} {sentence}");
        }
    }
}
