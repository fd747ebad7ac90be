//! Choosing cameras at the terminal: by number of those that answered, or by address, one after the other.

use anyhow::Result;

use super::cameras::{Address, Chosen, Wanted, read_address};
use super::dialogue::{Dialogue, Question};
use super::found::{self, Search};
use super::look::{Seen, Watcher};
use super::plan::slug;
use crate::base::id::Slug;
use crate::base::time::SystemClock;
use crate::config::ConfigError;
use crate::config::settings::Credentials;
use crate::onvif::Discovery;

/// Asks until somebody says that these are all.
///
/// # Errors
/// The input ended, or nothing can be written.
pub(super) fn ask(
    watcher: &Watcher<'_>,
    search: Option<&Search>,
    mut login: Option<Credentials>,
    dialogue: &mut Dialogue,
    chosen: &mut Chosen,
) -> Result<()> {
    let found = match search {
        Some(search) => found::search(search, &SystemClock::new())?,
        None => Discovery::default(),
    };
    if search.is_some() {
        print!("{}", found::listing(&found));
    }
    while let Some((address, own_login)) = ask_address(&found, dialogue, chosen)? {
        let id = ask_id(dialogue, chosen)?;
        login = match own_login {
            Some(own) => Some(own),
            None => ask_login(dialogue, login)?,
        };
        let wanted = Wanted { id, address, login: login.clone() };
        match watcher.look(&wanted) {
            Ok(seen) => keep_or_not(watcher, &wanted, seen, dialogue, chosen)?,
            Err(error) => match error.downcast::<ConfigError>() {
                // A wrong answer is asked for again.
                Ok(wrong) => println!("{wrong}"),
                Err(other) => return Err(other),
            },
        }
    }
    Ok(())
}

/// `None` when these are all.
fn ask_address(found: &Discovery, dialogue: &mut Dialogue, chosen: &Chosen) -> Result<Option<(Address, Option<Credentials>)>> {
    let devices = found.devices();
    let is_first = chosen.cameras.is_empty();
    let (indonesian, english) = if is_first {
        ("Kamera: nomor dari daftar, atau alamat rtsp:// atau IP-nya", "camera: a number of the list, or its rtsp:// or IP address")
    } else {
        ("Kamera berikutnya: nomor, alamat, atau kosong bila sudah semua", "next camera: number, address, or empty when these are all")
    };
    let usual = if is_first && !devices.is_empty() { "1" } else { "" };
    dialogue.ask(None, &Question::new("--camera", indonesian, english), Some(usual), |text| match text.parse::<usize>() {
        _ if text.is_empty() && !is_first => Ok(None),
        Ok(number) => match number.checked_sub(1).and_then(|index| devices.get(index)) {
            Some(device) => Ok(Some((Address::Service(device.service.clone()), None))),
            None => Err(format!("ada {0} kamera di daftar / the list has {0}", devices.len())),
        },
        Err(_) => read_address(text).map(Some),
    })
}

fn ask_id(dialogue: &mut Dialogue, chosen: &Chosen) -> Result<Slug> {
    let taken = |id: &str| chosen.cameras.iter().any(|camera| camera.id.as_str() == id);
    let usual = (1..).map(|number| format!("kamera-{number}")).find(|id| !taken(id));
    let question = Question::new("--camera", "Nama kamera ini, misalnya utara", "id of this camera, such as utara");
    dialogue.ask(
        None,
        &question,
        usual.as_deref(),
        |text| {
            if taken(text) { Err("sudah dipakai / it is taken".to_owned()) } else { slug(text) }
        },
    )
}

/// The same as before is the usual answer: cameras of one cabinet share an account.
fn ask_login(dialogue: &mut Dialogue, before: Option<Credentials>) -> Result<Option<Credentials>> {
    let question = Question::new(
        "--camera-user",
        "Pengguna di kamera (kosong: seperti di kurung; - : tanpa)",
        "user at the camera (empty: as shown; - : none)",
    );
    let usual = before.as_ref().map_or("-", |login| login.user.as_str()).to_owned();
    let user = dialogue.ask(None, &question, Some(&usual), |text| Ok(text.to_owned()))?;
    if user == "-" {
        return Ok(None);
    }
    if let Some(before) = before.filter(|login| login.user == user)
        && dialogue.agrees(&Question::new("--camera-password-file", "Sandi yang sama?", "the same password?"), true)?
    {
        return Ok(Some(before));
    }
    let password = dialogue.password(&Question::new("--camera-password-file", "Sandi di kamera", "password at the camera"))?;
    Ok(Some(Credentials { user, password }))
}

fn keep_or_not(watcher: &Watcher<'_>, wanted: &Wanted, seen: Seen, dialogue: &mut Dialogue, chosen: &mut Chosen) -> Result<()> {
    let keeps = match &seen {
        Seen::Shown(_) => dialogue.agrees(&Question::new("--camera", "Pakai kamera ini?", "use this camera?"), true)?,
        Seen::Dark(_, why) => {
            println!("{why}");
            dialogue
                .agrees(&Question::new("--camera", "Simpan juga, walau belum terlihat?", "keep it, although it is not seen now?"), false)?
        }
        Seen::Unknown(why) => {
            println!("{why}");
            false
        }
    };
    if keeps {
        chosen.take(wanted, seen);
    } else {
        watcher.stage.forget(wanted.id.as_str());
    }
    Ok(())
}
