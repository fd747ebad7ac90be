//! SOAP 1.2 as devices speak it: envelopes as text, answers read within bounds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node, ParsingOptions};

use crate::base::time::WallTime;
use crate::config::settings::Credentials;

/// Elements and texts of an answer that are looked at; a recorder with 64 channels has some thousand.
const MOST_NODES: u32 = 50_000;
/// Bytes from one `<` to the next. Attributes of one element are compared with each other, so a million of them would take hours.
const LONGEST_PIECE: usize = 16_384;
/// Namespaces are handed down to every element inside: thousands, each inside the other, would take all memory.
const MOST_NAMESPACES: usize = 4096;

/// The document in `bytes`; `None` when it is none, or one that only an attacker would write.
pub(super) fn read(bytes: &[u8]) -> Option<Document<'_>> {
    let text = std::str::from_utf8(bytes).ok()?;
    if text.split('<').any(|piece| piece.len() > LONGEST_PIECE) || text.matches("xmlns").count() > MOST_NAMESPACES {
        return None;
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, entity_resolver: None };
    Document::parse_with_options(text, options).ok()
}

/// The first element of this name inside, whatever its namespace: makers disagree about versions of it.
pub(super) fn find<'a, 'input>(inside: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    all(inside, name).next()
}

/// All elements of this name inside.
pub(super) fn all<'a, 'input: 'a>(inside: Node<'a, 'input>, name: &str) -> impl Iterator<Item = Node<'a, 'input>> {
    inside.descendants().skip(1).filter(move |node| node.is_element() && node.tag_name().name() == name)
}

/// What the first element of this name says; `None` when it says nothing.
pub(super) fn text<'a>(inside: Node<'a, '_>, name: &str) -> Option<&'a str> {
    find(inside, name)?.text().map(str::trim).filter(|text| !text.is_empty())
}

/// A refusal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// The user, the password, or the time in the header.
    NotAuthorized,
    /// Anything else, in the device's words.
    Other(String),
}

/// The refusal in an answer, when it is one.
pub(super) fn fault(answer: &Document<'_>) -> Option<Fault> {
    let fault = find(answer.root_element(), "Fault")?;
    let mut codes = all(fault, "Value").filter_map(|code| code.text());
    if codes.any(|code| code.contains("NotAuthorized") || code.contains("FailedAuthentication") || code.contains("FailedCheck")) {
        return Some(Fault::NotAuthorized);
    }
    Some(Fault::Other(super::shown(text(fault, "Text").or_else(|| text(fault, "faultstring")).unwrap_or("without a reason"))))
}

/// An envelope around `body`.
pub(super) fn envelope(header: &str, body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"#
    )
}

/// The header that says who asks: `PasswordDigest` of the `UsernameToken` profile 1.0, Base64(SHA-1(nonce + created + password)).
/// ONVIF prescribes SHA-1; the password itself is not in it.
pub(super) fn login(credentials: &Credentials, nonce: [u8; 16], at: WallTime) -> String {
    const OASIS: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss";
    let created = at.to_string();
    let mut digest = sha1_smol::Sha1::from(nonce);
    digest.update(created.as_bytes());
    digest.update(credentials.password.reveal().as_bytes());
    format!(
        r#"<w:Security s:mustUnderstand="1" xmlns:w="{OASIS}-wssecurity-secext-1.0.xsd" xmlns:u="{OASIS}-wssecurity-utility-1.0.xsd"><w:UsernameToken><w:Username>{}</w:Username><w:Password Type="{OASIS}-username-token-profile-1.0#PasswordDigest">{}</w:Password><w:Nonce EncodingType="{OASIS}-soap-message-security-1.0#Base64Binary">{}</w:Nonce><u:Created>{created}</u:Created></w:UsernameToken></w:Security>"#,
        escaped(&credentials.user),
        STANDARD.encode(digest.digest().bytes()),
        STANDARD.encode(nonce),
    )
}

/// `text` as the content of an element.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::settings::Secret;

    #[test]
    fn the_digest_is_that_of_the_standard() {
        // The example of the ONVIF Application Programmer's Guide, section 6.1.1.3.
        let nonce: [u8; 16] = STANDARD.decode("LKqI6G/AikKCQrN0zqZFlg==").expect("base64").try_into().expect("16 bytes");
        let credentials = Credentials { user: "user".into(), password: Secret::new("userpassword".into()) };
        let created = WallTime::parse_rfc3339("2010-09-16T07:50:45.000Z").expect("an instant");
        let mut digest = sha1_smol::Sha1::from(nonce);
        digest.update(b"2010-09-16T07:50:45Zuserpassword");
        assert_eq!(STANDARD.encode(digest.digest().bytes()), "tuOSpGlFlIXsozq4HFNeeGeFLEI=");
        let header = login(&credentials, nonce, created);
        assert!(header.contains("<u:Created>2010-09-16T07:50:45.000Z</u:Created>"), "{header}");
        assert!(!header.contains("userpassword"), "{header}");
    }

    #[test]
    fn what_only_an_attacker_writes_is_refused_at_once() {
        let attributes: String = (0..100_000).map(|n| format!(" a{n}=''")).collect();
        let bombs = [
            "<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '&b;&b;&b;&b;'>]><a>&d;</a>".to_owned(),
            format!("<a{attributes}/>"),
            "<a xmlns:b='c'>".repeat(60_000),
            "<a>".repeat(300_000),
            "<a/>".repeat(300_000),
        ];
        for bomb in bombs {
            assert!(read(bomb.as_bytes()).is_none(), "{}", &bomb[..20]);
        }
    }

    #[test]
    fn a_refusal_is_told_from_an_answer() {
        let document = |body: &str| envelope("", body);
        let refused = document(
            "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code></s:Fault>",
        );
        assert_eq!(fault(&read(refused.as_bytes()).expect("XML")), Some(Fault::NotAuthorized));
        let other = document(
            "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text>no \u{7f}memory</s:Text></s:Reason></s:Fault>",
        );
        assert_eq!(fault(&read(other.as_bytes()).expect("XML")), Some(Fault::Other("no memory".into())));
        assert_eq!(fault(&read(document("<a/>").as_bytes()).expect("XML")), None);
    }

    proptest! {
        #[test]
        fn any_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _ = read(&bytes).as_ref().map(fault);
        }
    }
}
