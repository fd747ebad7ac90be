//! Percent-escapes of addresses (RFC 3986, section 2.1).

/// `text` without its escapes. What is no valid escape stays as it is.
pub fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%').then(|| tail.get(..2)).flatten().filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let byte = escaped.and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_escape_stays() {
        for (text, plain) in [("Bullet%20IP%C3%A9", "Bullet IPé"), ("100%", "100%"), ("%zz%2", "%zz%2"), ("%ff", "\u{fffd}")] {
            assert_eq!(percent_decoded(text), plain);
        }
    }
}
