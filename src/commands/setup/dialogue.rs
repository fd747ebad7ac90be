//! Questions on the terminal, in Indonesian and English, and passwords that nobody sees.

use std::io::{IsTerminal as _, Write as _};

use anyhow::{Context as _, Result};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::answers::BadAnswers;
use crate::config::settings::Secret;

/// What is asked, and the flag that answers it.
pub(super) struct Question<'a> {
    flag: &'static str,
    indonesian: &'a str,
    english: &'a str,
}

impl<'a> Question<'a> {
    pub(super) fn new(flag: &'static str, indonesian: &'a str, english: &'a str) -> Self {
        Self { flag, indonesian, english }
    }
}

/// Whether somebody can be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dialogue {
    /// Somebody sits at the terminal.
    Asking,
    /// Nobody does, or does not want to.
    Silent,
}

impl Dialogue {
    /// Asks when there is a terminal and nobody said `--yes`.
    pub(super) fn of(yes: bool) -> Self {
        if yes || !std::io::stdin().is_terminal() { Self::Silent } else { Self::Asking }
    }

    pub(super) fn is_silent(self) -> bool {
        self == Self::Silent
    }

    /// What was given, else what is answered, else `default`; a wrong answer is asked for again.
    ///
    /// # Errors
    /// What was given is wrong, or nobody can be asked.
    pub(super) fn ask<T>(
        &mut self,
        given: Option<&str>,
        question: &Question<'_>,
        default: Option<&str>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T> {
        let known = given.or(if self.is_silent() { default } else { None });
        if let Some(text) = known {
            return Ok(read(text).map_err(|what| BadAnswers::wrong(question.flag, what))?);
        }
        if self.is_silent() {
            return Err(BadAnswers::Missing(vec![question.flag]).into());
        }
        loop {
            let line = prompt(question, default)?;
            let text = if line.trim().is_empty() { default.unwrap_or_default() } else { line.trim() };
            match read(text) {
                Ok(answer) => return Ok(answer),
                Err(what) => println!("  {what}"),
            }
        }
    }

    /// Yes or no; `default` when nobody can be asked.
    ///
    /// # Errors
    /// The input ended.
    pub(super) fn agrees(&mut self, question: &Question<'_>, default: bool) -> Result<bool> {
        if self.is_silent() {
            return Ok(default);
        }
        let usual = if default { "Y/t" } else { "y/T" };
        loop {
            match prompt(question, Some(usual))?.trim().to_lowercase().as_str() {
                "" => return Ok(default),
                "y" | "ya" | "yes" => return Ok(true),
                "t" | "tidak" | "n" | "no" => return Ok(false),
                _ => println!("  y (ya / yes) atau / or t (tidak / no)"),
            }
        }
    }

    /// Whether the agent is to be started; nobody starts it unasked.
    ///
    /// # Errors
    /// The input ended.
    pub(super) fn agrees_to_start(&mut self) -> Result<bool> {
        let question = Question::new("--start", "Jalankan simpang sekarang dan setiap kotak menyala?", "start it now and at every start?");
        Ok(!self.is_silent() && self.agrees(&question, true)?)
    }

    /// A password, which is not shown while it is typed.
    ///
    /// # Errors
    /// Nobody can be asked, or the terminal cannot be kept from showing it.
    pub(super) fn password(&mut self, question: &Question<'_>) -> Result<Secret> {
        if self.is_silent() {
            return Err(BadAnswers::Missing(vec![question.flag]).into());
        }
        loop {
            let line = {
                // Before the question: what is typed early must not show either.
                let _hidden = Hidden::begin()?;
                prompt(question, None)?
            };
            println!();
            // With signals off, Ctrl-C is only a character.
            if line.contains('\x03') {
                return Err(BadAnswers::Ended(question.flag).into());
            }
            if !line.is_empty() && !line.contains(char::is_control) {
                return Ok(Secret::new(line));
            }
            println!("  sandi kosong atau berisi tanda kendali / it is empty or has control characters");
        }
    }
}

/// One line, without its end.
fn prompt(question: &Question<'_>, default: Option<&str>) -> Result<String> {
    let default = default.filter(|default| !default.is_empty()).map(|default| format!(" [{default}]")).unwrap_or_default();
    print!("{} / {}{default}: ", question.indonesian, question.english);
    std::io::stdout().flush()?;
    let mut line = String::new();
    if std::io::stdin().read_line(&mut line).context("the terminal cannot be read")? == 0 {
        return Err(BadAnswers::Ended(question.flag).into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// The terminal shows nothing as long as this lives. Ctrl-C is off with it: it would leave a terminal that never shows anything again.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> Result<Self> {
        let stdin = std::io::stdin();
        let before = tcgetattr(&stdin).context("the terminal cannot be kept from showing the password; give it in a file")?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        tcsetattr(&stdin, OptionalActions::Flush, &quiet)
            .context("the terminal cannot be kept from showing the password; give it in a file")?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that is gone needs no restoring.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
    }
}
