//! The address of a camera. Many cameras take the password in the path or the query, so an address is shown without what may be one.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// What stands in place of a secret.
const HIDDEN: &str = "***";

/// An address that may be logged and shown: `Display` and `Debug` leave out passwords wherever they stand.
#[derive(Clone, PartialEq, Eq)]
pub struct CameraUrl(Url);

impl CameraUrl {
    /// Wraps it.
    pub fn new(url: Url) -> Self {
        Self(url)
    }

    /// The address itself: only where it goes on the wire.
    pub fn reveal(&self) -> &Url {
        &self.0
    }

    /// Host name or address.
    pub fn host(&self) -> Option<Host<&str>> {
        self.0.host()
    }

    /// Port, when one is written.
    pub fn port(&self) -> Option<u16> {
        self.0.port()
    }
}

impl FromStr for CameraUrl {
    type Err = url::ParseError;

    fn from_str(text: &str) -> Result<Self, url::ParseError> {
        Url::parse(text).map(Self)
    }
}

impl fmt::Display for CameraUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_secrets(self.0.as_str()))
    }
}

impl fmt::Debug for CameraUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `text` with `***` for the values of `password=…`, `token=…` and the like, and for the password of `rtsp://user:password@host`.
///
/// For whole sentences too, such as those of a library that repeats an address. A value ends at `&`, `"` or a space: to hide too much is the safe mistake.
pub fn without_secrets(text: &str) -> String {
    let text = without_user_passwords(text);
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text.as_str());
    while let Some(equals) = rest.find('=') {
        let (before, value) = rest.split_at(equals + 1);
        shown += before;
        let end = value.find(|c: char| c == '&' || c == '"' || c.is_whitespace()).unwrap_or(value.len());
        // In JSON the quotation mark is `\"`: both stay.
        let end = if value[end..].starts_with('"') && value[..end].ends_with('\\') { end - 1 } else { end };
        let hides = end > 0 && is_secret(&before[..equals]);
        shown += if hides { HIDDEN } else { "" };
        rest = if hides { &value[end..] } else { value };
    }
    shown + rest
}

/// Whether what stands before `=` ends with the name of a secret.
fn is_secret(before: &str) -> bool {
    let name = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').next().unwrap_or_default().to_ascii_lowercase();
    ["pass", "pwd", "psw", "secret"].iter().any(|word| name.contains(word))
        || ["token", "auth", "key"].iter().any(|word| name.ends_with(word))
}

fn without_user_passwords(text: &str) -> String {
    let mut parts = text.split("://");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| {
        let end = part.find(|c: char| matches!(c, '/' | '?' | '#' | '"') || c.is_whitespace()).unwrap_or(part.len());
        let (authority, after) = part.split_at(end);
        let after = without_path_login(after);
        match authority.rsplit_once('@') {
            Some((login, host)) => format!("{shown}://{}@{host}{after}", without_login(login)),
            None => format!("{shown}://{authority}{after}"),
        }
    })
}

/// Some makers write the login as a part of the path, `/0/user:password/main`. `text` may go on behind the address.
fn without_path_login(text: &str) -> String {
    let end = text.find(|c: char| c == '"' || c.is_whitespace()).unwrap_or(text.len());
    let (path, after) = text.split_at(end);
    path.split('/').map(without_login).collect::<Vec<_>>().join("/") + after
}

/// `user:***` of `user:password`.
fn without_login(text: &str) -> String {
    match text.split_once(':') {
        Some((user, password)) if !password.is_empty() => format!("{user}:{HIDDEN}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password_wherever_the_maker_puts_it() {
        for (address, shown) in [
            ("rtsp://10.0.0.7:8554/Streaming/Channels/101", "rtsp://10.0.0.7:8554/Streaming/Channels/101"),
            ("rtsp://admin:canary@10.0.0.7/main", "rtsp://admin:***@10.0.0.7/main"),
            ("rtsp://10.0.0.7/cam?user=a&password=canary", "rtsp://10.0.0.7/cam?user=a&password=***"),
            ("rtsp://10.0.0.7/user=admin&password=canary&channel=1.sdp", "rtsp://10.0.0.7/user=admin&password=***&channel=1.sdp"),
            ("rtsp://10.0.0.7/user=admin_password=can/a#ry_channel=1", "rtsp://10.0.0.7/user=admin_password=***"),
            ("rtsp://10.0.0.7/live?usr=a&PWD=canary&ch=2", "rtsp://10.0.0.7/live?usr=a&PWD=***&ch=2"),
            ("rtsp://10.0.0.7/live?authToken=canary", "rtsp://10.0.0.7/live?authToken=***"),
            ("rtsp://10.0.0.7/0/admin:canary/main", "rtsp://10.0.0.7/0/admin:***/main"),
            ("rtsp://10.0.0.7/user=admin&password=&channel=1", "rtsp://10.0.0.7/user=admin&password=&channel=1"),
        ] {
            let url: CameraUrl = address.parse().expect(address);
            assert_eq!((url.to_string(), format!("{url:?}")), (shown.to_owned(), shown.to_owned()));
            assert_eq!(url.reveal().as_str(), address, "what goes on the wire is whole");
        }
    }

    #[test]
    fn a_sentence_that_repeats_an_address_is_shown_without_its_password() {
        let said = r#"unable to join base url rtsp://a:canary@h/x?password=canary with control url "rtsp://b:canary@h/pwd=canary""#;
        let shown = r#"unable to join base url rtsp://a:***@h/x?password=*** with control url "rtsp://b:***@h/pwd=***""#;
        assert_eq!(without_secrets(said), shown);
        assert_eq!(without_secrets("frames=12 reconnects=3"), "frames=12 reconnects=3");
        let said = "unable to join base url rtsp://10.0.0.7:554/0/admin:canary/main with control url: none";
        assert_eq!(without_secrets(said), said.replace("canary", "***"));
        let line = serde_json::json!({ "message": r#"control url "rtsp://b@h/pwd=canary""# }).to_string();
        assert_eq!(without_secrets(&line), line.replace("canary", "***"), "a line of JSON stays one");
    }
}
