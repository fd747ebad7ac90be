//! Asking a device for the address of its stream: ONVIF Device and Media services, version 1, which every profile S camera has.

use roxmltree::Document;
use url::Url;
use uuid::Uuid;

use super::error::OnvifError;
use super::http;
use super::service::ServiceAddress;
use super::soap::{self, Fault, all, escaped, find, text};
use crate::base::camera_url::CameraUrl;
use crate::base::geom::FrameSize;
use crate::base::time::{Clock, WallTime};
use crate::config::settings::Credentials;

/// What the model looks at best for its cost: a larger picture mostly costs decoding.
const WANTED: FrameSize = FrameSize::new(640, 360);

const DEVICE: &str = "http://www.onvif.org/ver10/device/wsdl";
const MEDIA: &str = "http://www.onvif.org/ver10/media/wsdl";
const SCHEMA: &str = "http://www.onvif.org/ver10/schema";

/// One of the streams that a device offers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profile {
    token: String,
    /// Its name, as the device says.
    pub name: String,
    /// Its encoding, `H264`.
    pub encoding: String,
    /// Its size.
    pub size: FrameSize,
}

/// The stream that suits best.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stream {
    /// Its address.
    pub address: CameraUrl,
    /// What it shows.
    pub profile: Profile,
    /// How many the device offers.
    pub of: usize,
}

/// Asks the device for its streams and takes the one whose size is nearest to 640×360.
///
/// # Errors
/// [`OnvifError`]; its text never holds the password.
pub async fn best_stream(service: &ServiceAddress, login: Option<&Credentials>, clock: &dyn Clock) -> Result<Stream, OnvifError> {
    let mut talk = Talk { service, login, clock, behind_secs: None, asked: 0 };
    let ask = format!(r#"<GetCapabilities xmlns="{DEVICE}"><Category>Media</Category></GetCapabilities>"#);
    // Some devices answer everything at one address and do not tell it.
    let media = match talk.ask(service, &ask).await {
        Ok(answer) => soap::read(&answer).and_then(|answer| media_service(&answer, service)),
        Err(OnvifError::Refused(_) | OnvifError::Answered(_)) => None,
        Err(other) => return Err(other),
    };
    let media = media.unwrap_or_else(|| service.clone());
    let answer = talk.ask(&media, &format!(r#"<GetProfiles xmlns="{MEDIA}"/>"#)).await?;
    let profiles = profiles(&soap::read(&answer).ok_or(OnvifError::NotUnderstood)?);
    let profile = nearest(&profiles).ok_or(OnvifError::NoProfile)?.clone();
    let ask = format!(
        r#"<GetStreamUri xmlns="{MEDIA}"><StreamSetup><Stream xmlns="{SCHEMA}">RTP-Unicast</Stream><Transport xmlns="{SCHEMA}"><Protocol>RTSP</Protocol></Transport></StreamSetup><ProfileToken>{}</ProfileToken></GetStreamUri>"#,
        escaped(&profile.token)
    );
    let answer = talk.ask(&media, &ask).await?;
    let address = stream_address(&soap::read(&answer).ok_or(OnvifError::NotUnderstood)?, service).ok_or(OnvifError::NoStream)?;
    Ok(Stream { address, profile, of: profiles.len() })
}

/// A conversation with one device.
struct Talk<'a> {
    service: &'a ServiceAddress,
    login: Option<&'a Credentials>,
    clock: &'a dyn Clock,
    /// How far the device's clock is before ours, once it was asked.
    behind_secs: Option<f64>,
    asked: u64,
}

impl Talk<'_> {
    async fn ask(&mut self, at: &ServiceAddress, body: &str) -> Result<bytes::Bytes, OnvifError> {
        match self.ask_once(at, body).await {
            // A device whose clock is wrong takes our time for an old message that somebody repeats: so it gets its own time.
            Err(OnvifError::Unauthorized) if self.login.is_some() && self.behind_secs.is_none() => {
                let theirs = self.device_time().await.ok_or(OnvifError::Unauthorized)?;
                self.behind_secs = Some(self.clock.wall().secs_until(theirs));
                self.ask_once(at, body).await
            }
            outcome => outcome,
        }
    }

    async fn ask_once(&mut self, at: &ServiceAddress, body: &str) -> Result<bytes::Bytes, OnvifError> {
        self.asked += 1;
        let now = WallTime::from_micros(self.clock.wall().as_micros().saturating_add((self.behind_secs.unwrap_or(0.0) * 1e6) as i64));
        let seed = format!("{}/{}/{}", self.service, now.as_micros(), self.asked);
        let header = self.login.map(|login| soap::login(login, Uuid::new_v5(&Uuid::NAMESPACE_URL, seed.as_bytes()).into_bytes(), now));
        let answer = http::post(at, soap::envelope(&header.unwrap_or_default(), body), None).await?;
        let authorization = match (answer.status, &answer.challenge, self.login) {
            (401, Some(challenge), Some(login)) => http::digest(challenge, at, login),
            _ => None,
        };
        let answer = match authorization {
            // Once is enough to say who asks.
            Some(authorization) => http::post(at, soap::envelope("", body), Some(authorization)).await?,
            None => answer,
        };
        refusal(answer.status, &answer.body).map_or(Ok(answer.body), Err)
    }

    /// The device's clock; it tells it without a password.
    async fn device_time(&self) -> Option<WallTime> {
        let ask = soap::envelope("", &format!(r#"<GetSystemDateAndTime xmlns="{DEVICE}"/>"#));
        let answer = http::post(self.service, ask, None).await.ok()?;
        time(&soap::read(&answer.body)?)
    }
}

/// Why an answer is none.
fn refusal(status: u16, answer: &[u8]) -> Option<OnvifError> {
    match soap::read(answer).as_ref().and_then(soap::fault) {
        Some(Fault::NotAuthorized) => Some(OnvifError::Unauthorized),
        Some(Fault::Other(_)) if status == 401 => Some(OnvifError::Unauthorized),
        Some(Fault::Other(reason)) => Some(OnvifError::Refused(reason)),
        None if (200..300).contains(&status) => None,
        // Some makers answer a wrong password or time with an empty 400.
        None if matches!(status, 400 | 401 | 403) => Some(OnvifError::Unauthorized),
        None => Some(OnvifError::Answered(status)),
    }
}

fn media_service(answer: &Document<'_>, service: &ServiceAddress) -> Option<ServiceAddress> {
    service.here(text(find(answer.root_element(), "Media")?, "XAddr")?)
}

/// Profiles with pictures.
fn profiles(answer: &Document<'_>) -> Vec<Profile> {
    let read = |profile: roxmltree::Node<'_, '_>| {
        let encoder = find(profile, "VideoEncoderConfiguration")?;
        let resolution = find(encoder, "Resolution")?;
        let side = |name| text(resolution, name)?.parse::<u32>().ok().filter(|side| (16..=16_384).contains(side));
        Some(Profile {
            token: profile.attribute("token")?.to_owned(),
            name: super::shown(text(profile, "Name").unwrap_or_default()),
            encoding: super::shown(text(encoder, "Encoding").unwrap_or_default()),
            size: FrameSize::new(side("Width")?, side("Height")?),
        })
    };
    all(answer.root_element(), "Profiles").filter_map(read).collect()
}

/// The profile whose size is nearest to what the model wants, as a ratio; of equal ones the first.
fn nearest(profiles: &[Profile]) -> Option<&Profile> {
    let area = |size: FrameSize| f64::from(size.width) * f64::from(size.height);
    let off = |profile: &&Profile| (area(profile.size) / area(WANTED)).ln().abs();
    profiles.iter().min_by(|a, b| off(a).total_cmp(&off(b)))
}

/// Port and path that the device names, at the host that was asked: cameras name addresses that they once had, and passwords go nowhere else.
fn stream_address(answer: &Document<'_>, service: &ServiceAddress) -> Option<CameraUrl> {
    let mut url = Url::parse(text(answer.root_element(), "Uri")?).ok().filter(|url| url.scheme() == "rtsp")?;
    url.set_host(Some(&service.host().to_string())).ok()?;
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(CameraUrl::new(url))
}

fn time(answer: &Document<'_>) -> Option<WallTime> {
    let utc = find(answer.root_element(), "UTCDateTime")?;
    let number = |name| text(utc, name)?.parse::<u32>().ok();
    let (year, month, day) = (number("Year")?, number("Month")?, number("Day")?);
    WallTime::parse_rfc3339(&format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        number("Hour")?,
        number("Minute")?,
        number("Second")?
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn service() -> ServiceAddress {
        ServiceAddress::new("http://10.0.0.7/onvif/device_service").expect("legal")
    }

    fn profile(token: &str, size: Option<(u32, u32)>) -> String {
        let size = size.map(|(w, h)| format!("<t:Resolution><t:Width>{w}</t:Width><t:Height>{h}</t:Height></t:Resolution>"));
        let encoder =
            size.map(|size| format!("<t:VideoEncoderConfiguration><t:Encoding>H264</t:Encoding>{size}</t:VideoEncoderConfiguration>"));
        format!("<m:Profiles token='{token}'><t:Name>{token}</t:Name>{}</m:Profiles>", encoder.unwrap_or_default())
    }

    fn answer(body: &str) -> String {
        soap::envelope("", &format!("<m:Answer xmlns:m='{MEDIA}' xmlns:t='{SCHEMA}'>{body}</m:Answer>"))
    }

    #[test]
    fn the_profile_nearest_to_what_the_model_wants_is_taken() {
        let text = answer(
            &[
                profile("main", Some((2560, 1440))),
                profile("sub", Some((704, 576))),
                profile("tiny", Some((176, 144))),
                profile("sound", None),
            ]
            .concat(),
        );
        let profiles = profiles(&soap::read(text.as_bytes()).expect("XML"));
        assert_eq!(profiles.len(), 3);
        assert_eq!(nearest(&profiles).map(|best| best.token.as_str()), Some("sub"));
        assert_eq!(nearest(&[]), None);
    }

    #[test]
    fn a_stream_is_at_the_host_that_was_asked_and_has_no_login_in_it() {
        let text = answer("<m:MediaUri><t:Uri>rtsp://admin:secret@192.168.1.108:8554/cam?a=1&amp;b=2</t:Uri></m:MediaUri>");
        let address = stream_address(&soap::read(text.as_bytes()).expect("XML"), &service()).expect("an address");
        assert_eq!(address.reveal().as_str(), "rtsp://10.0.0.7:8554/cam?a=1&b=2");
        let other = answer("<m:MediaUri><t:Uri>http://10.0.0.7/cam</t:Uri></m:MediaUri>");
        assert_eq!(stream_address(&soap::read(other.as_bytes()).expect("XML"), &service()), None);
    }

    #[test]
    fn the_clock_of_a_device_is_read() {
        let now = "<t:UTCDateTime><t:Time><t:Hour>7</t:Hour><t:Minute>5</t:Minute><t:Second>9</t:Second></t:Time>\
                   <t:Date><t:Year>2000</t:Year><t:Month>1</t:Month><t:Day>2</t:Day></t:Date></t:UTCDateTime>";
        let text = answer(now);
        assert_eq!(time(&soap::read(text.as_bytes()).expect("XML")).map(|at| at.to_string()).as_deref(), Some("2000-01-02T07:05:09.000Z"));
    }

    #[test]
    fn a_refusal_says_whether_the_login_is_wrong() {
        assert!(matches!(refusal(400, b""), Some(OnvifError::Unauthorized)));
        assert!(matches!(refusal(302, b"<html/>"), Some(OnvifError::Answered(302))));
        assert!(refusal(200, answer("").as_bytes()).is_none());
    }

    proptest! {
        #[test]
        fn any_answer_does_not_panic(status in any::<u16>(), bytes in proptest::collection::vec(any::<u8>(), 0..500), word in "[ -~]{0,60}", a in any::<u32>(), b in any::<u32>()) {
            let _ = refusal(status, &bytes);
            let body = format!("{}<t:Uri>{}</t:Uri><t:Media><t:XAddr>{0}</t:XAddr></t:Media><t:UTCDateTime><t:Year>{a}</t:Year><t:Month>{b}</t:Month></t:UTCDateTime>", profile("p", Some((a, b))), escaped(&word));
            let text = answer(&body);
            if let Some(document) = soap::read(text.as_bytes()) {
                let _ = (nearest(&profiles(&document)), stream_address(&document, &service()), media_service(&document, &service()), time(&document));
            }
        }
    }
}
