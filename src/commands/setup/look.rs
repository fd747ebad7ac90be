//! Looking at one camera: asked for its stream where only its service is known, then seen as `simpang probe` does.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};

use super::cameras::{Address, Wanted};
use super::plan::{CameraPlan, LoginPlan, Plan, SitePlan};
use super::stage::{Stage, private_folder};
use super::template;
use crate::base::id::Slug;
use crate::base::time::SystemClock;
use crate::commands::probe;
use crate::commands::stop::block_on;
use crate::config::settings::{Credentials, RtspSettings, SourceSettings};
use crate::onvif::{self, ServiceAddress};
use crate::vision::{Still, half_blocks};

/// How long a camera is looked at: two key frames of a usual one.
const LOOK: Duration = Duration::from_secs(4);
/// Width of a picture in the terminal: fits the smallest usual window.
const COLUMNS: u32 = 78;

/// What looking at a camera needs.
pub(super) struct Watcher<'a> {
    pub(super) stage: &'a Stage,
    pub(super) site: &'a SitePlan,
    /// Where stills go.
    pub(super) stills: PathBuf,
}

/// What became of a camera.
pub(super) enum Seen {
    /// It shows pictures.
    Shown(CameraPlan),
    /// It does not now, but may once.
    Dark(CameraPlan, String),
    /// Nobody knows where its stream is.
    Unknown(String),
}

impl Watcher<'_> {
    /// Looks at it and says what is seen.
    ///
    /// # Errors
    /// The configuration of the camera would be wrong, or nothing can be written.
    pub(super) fn look(&self, wanted: &Wanted) -> Result<Seen> {
        println!("\nKamera / camera {}", wanted.id);
        let url = match &wanted.address {
            Address::Stream(url) => url.clone(),
            Address::Service(service) => match ask_service(service, wanted.login.as_ref())? {
                Ok(url) => url,
                Err(why) => return Ok(Seen::Unknown(why)),
            },
        };
        let login = wanted.login.as_ref().map(|login| LoginPlan::keep(self.stage, wanted.id.as_str(), login)).transpose()?;
        let plan = CameraPlan { id: wanted.id.clone(), url, login };
        let rtsp = self.checked(&plan)?;
        let shown_url = rtsp.url.clone();
        let found = match block_on(async { Ok(probe::look(rtsp, LOOK).await) })? {
            Ok(found) => found,
            Err(fault) => return Ok(Seen::Dark(plan, format!("{shown_url}: {fault}; {}", fault.hint()))),
        };
        print!("{}", found.report(&shown_url));
        match found.still() {
            Some(still) => {
                self.show(&wanted.id, &still);
                Ok(Seen::Shown(plan))
            }
            None => Ok(Seen::Dark(plan, format!("{shown_url}: no picture could be decoded; set the camera's key-frame interval to 2 s"))),
        }
    }

    /// The camera as the agent will see it, by the same check as everything.
    fn checked(&self, camera: &CameraPlan) -> Result<RtspSettings> {
        let alone = Plan { site: self.site.clone(), broker: None, cameras: vec![camera.clone()] };
        let settings = self.stage.check(&template::configuration(&alone))?;
        match settings.cameras.into_iter().next().map(|camera| camera.source) {
            Some(SourceSettings::Rtsp(rtsp)) => Ok(rtsp),
            _ => Err(anyhow!("camera `{}` has no address of a stream", camera.id)),
        }
    }

    /// Saves a still, and shows it on a terminal. That it cannot be saved keeps nobody from setting the box up.
    fn show(&self, id: &Slug, still: &Still) {
        let terminal = std::env::var("TERM").unwrap_or_default();
        if std::io::stdout().is_terminal() && !terminal.is_empty() && terminal != "dumb" {
            print!("{}", half_blocks(still, COLUMNS));
        }
        let path = self.stills.join(format!("{id}.jpg"));
        match save(still, &path) {
            Ok(()) => println!("gambar / still {}", path.display()),
            Err(error) => println!("gambar tidak tersimpan / the still is not saved: {error:#}"),
        }
    }
}

fn save(still: &Still, path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    if !folder.is_dir() {
        std::fs::create_dir_all(folder.parent().unwrap_or(Path::new("."))).with_context(|| crate::commands::unwritable(path))?;
        // A street with people in it is for nobody else on this machine.
        private_folder(folder).with_context(|| crate::commands::unwritable(path))?;
    }
    still.save(path).with_context(|| crate::commands::unwritable(path))
}

/// The address of the stream that suits best, or why there is none.
fn ask_service(service: &ServiceAddress, login: Option<&Credentials>) -> Result<Result<String, String>> {
    let clock = SystemClock::new();
    let asked = block_on(async { Ok(onvif::best_stream(service, login, &clock).await) })?;
    Ok(match asked {
        Ok(stream) => {
            let profile = &stream.profile;
            println!(
                "ONVIF          profil / profile `{}`, {} {}, terdekat ke 640×360 dari / nearest to 640×360 of {}",
                profile.name, profile.size, profile.encoding, stream.of
            );
            Ok(stream.address.reveal().to_string())
        }
        Err(error) => Err(format!("{service}: {error}; {}", error.hint())),
    })
}
