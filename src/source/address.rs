//! An RTSP address as people type it, split into what may be shown and what may not.

use url::Url;

use crate::base::camera_url::CameraUrl;
use crate::base::percent::percent_decoded;
use crate::config::settings::{Credentials, Secret};

/// Why an address is none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AddressError {
    /// Not a URL. The text is not repeated: it may hold a password.
    #[error("this is no address of a camera: {0}; write it as rtsp://host:554/path")]
    NotAUrl(#[from] url::ParseError),
    /// Another protocol.
    #[error("`{0}://` is not spoken here; write the address as rtsp://host:554/path")]
    NotRtsp(String),
    /// No host.
    #[error("the address names no host; write it as rtsp://host:554/path")]
    NoHost,
}

/// Splits `rtsp://user:pass@host/path` into the address and the credentials. A password in path or query stays there, and is not shown.
///
/// # Errors
/// [`AddressError`]; its text never repeats what was given.
pub fn split(text: &str) -> Result<(CameraUrl, Option<Credentials>), AddressError> {
    let mut url = Url::parse(text)?;
    if url.scheme() != "rtsp" {
        return Err(AddressError::NotRtsp(url.scheme().to_owned()));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(AddressError::NoHost);
    }
    let credentials = (!url.username().is_empty() || url.password().is_some()).then(|| Credentials {
        user: percent_decoded(url.username()),
        password: Secret::new(percent_decoded(url.password().unwrap_or_default())),
    });
    let can_have_credentials = "checked above: it has a host";
    url.set_username("").expect(can_have_credentials);
    url.set_password(None).expect(can_have_credentials);
    Ok((CameraUrl::new(url), credentials))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_shown_is_split_from_what_may_not() {
        let (url, credentials) = split("rtsp://admin:p%40ss%3Aw%25rd@10.0.0.7:8554/main?x=1").expect("legal");
        let credentials = credentials.expect("given");
        assert_eq!(url.reveal().as_str(), "rtsp://10.0.0.7:8554/main?x=1");
        assert_eq!((credentials.user.as_str(), credentials.password.reveal()), ("admin", "p@ss:w%rd"));
        assert!(split("rtsp://10.0.0.7/main").expect("legal").1.is_none());
    }

    #[test]
    fn an_error_never_repeats_the_password() {
        for bad in ["http://admin:s3cret@host/", "rtsp://admin:s3cret@:99999/", "admin:s3cret@host", "rtsp:admin:s3cret"] {
            let error = split(bad).expect_err(bad).to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
