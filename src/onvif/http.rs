//! One question over HTTP/1.1 and its answer, within bounds of time and size. Redirects are not followed: a device speaks for itself only.

use std::time::Duration;

use bytes::Bytes;
use http_auth::{DigestClient, PasswordParams};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, WWW_AUTHENTICATE};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::OnvifError;
use super::service::ServiceAddress;
use crate::config::settings::Credentials;

/// A camera that takes longer is asked by nobody.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer in bytes; a recorder with 64 channels has some hundred thousand.
const LONGEST_ANSWER: usize = 1 << 20;
/// Most bytes of header lines.
const LONGEST_HEADER: usize = 64 << 10;

/// What a device answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// How it wants to be told who asks, RFC 9110, section 11.6.1.
    pub(super) challenge: Option<String>,
    pub(super) body: Bytes,
}

/// Sends `body` to `at`, with an `Authorization` header when there is one.
///
/// # Errors
/// [`OnvifError`] when there is no answer.
pub(super) async fn post(at: &ServiceAddress, body: String, authorization: Option<String>) -> Result<Answer, OnvifError> {
    timeout(PATIENCE, exchange(at, body, authorization)).await.unwrap_or(Err(OnvifError::TimedOut(PATIENCE)))
}

/// The header that answers an HTTP Digest challenge (RFC 7616), which is all that newer cameras understand; `None` when it is another one.
/// Basic is never answered: it would show the password to everybody on the network.
pub(super) fn digest(challenge: &str, at: &ServiceAddress, login: &Credentials) -> Option<String> {
    let challenges = http_auth::parse_challenges(challenge).ok()?;
    let mut clients =
        challenges.iter().filter(|one| one.scheme.eq_ignore_ascii_case("digest")).filter_map(|one| DigestClient::try_from(one).ok());
    let params = PasswordParams { username: &login.user, password: login.password.reveal(), uri: at.path(), method: "POST", body: None };
    clients.find_map(|mut client| client.respond(&params).ok())
}

async fn exchange(at: &ServiceAddress, body: String, authorization: Option<String>) -> Result<Answer, OnvifError> {
    let stream = TcpStream::connect((at.host_name(), at.port())).await.map_err(OnvifError::NoConnection)?;
    let handshake = http1::Builder::new().max_buf_size(LONGEST_HEADER).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|_| OnvifError::NotHttp)?;
    let mut request = Request::post(at.path()).header(HOST, at.authority()).header(CONTENT_TYPE, "application/soap+xml; charset=utf-8");
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    let request = request.body(Full::new(Bytes::from(body))).map_err(|_| OnvifError::NotHttp)?;
    let ask = async move {
        let answer = sender.send_request(request).await.map_err(|_| OnvifError::NotHttp)?;
        let status = answer.status().as_u16();
        let challenges = answer.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let challenge = Some(challenges.collect::<Vec<_>>().join(", ")).filter(|all| !all.is_empty());
        let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await;
        let body =
            body.map_err(|error| if error.is::<LengthLimitError>() { OnvifError::TooLong(LONGEST_ANSWER) } else { OnvifError::NotHttp })?;
        Ok(Answer { status, challenge, body: body.to_bytes() })
    };
    tokio::pin!(ask, connection);
    tokio::select! {
        biased;
        answer = &mut ask => answer,
        // The connection is over; what it brought is read.
        _ = &mut connection => ask.await,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::settings::Secret;

    fn answered(challenge: &str) -> Option<String> {
        let at = ServiceAddress::new("http://10.0.0.7/onvif/device_service").expect("legal");
        digest(challenge, &at, &Credentials { user: "viewer".into(), password: Secret::new("canary".into()) })
    }

    #[test]
    fn a_digest_is_answered_and_basic_is_not() {
        let header = answered("Basic realm=\"a\", Digest realm=\"a\", nonce=\"b\", qop=\"auth\"").expect("a header");
        assert!(header.starts_with("Digest ") && header.contains("viewer") && !header.contains("canary"), "{header}");
        for other in ["Basic realm=\"a\"", "", "Digest", "Digest realm=\"a\", nonce=\"b\", algorithm=unheard-of"] {
            assert_eq!(answered(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_challenge_does_not_panic(words in ".{0,80}", value in "[ -~]{0,40}") {
            let _ = answered(&words);
            let _ = answered(&format!("Digest realm={value}, nonce={value}, qop={value}, algorithm={value}"));
        }
    }
}
