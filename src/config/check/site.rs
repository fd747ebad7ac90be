//! Who the box is, where its queue is, and its page.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::Checker;
use crate::base::class::Class;
use crate::base::emp::EmpTable;
use crate::config::file::{DurationText, EmpFile, OutboxFile, PageFile, ReportFile, RestartFile, SiteFile};
use crate::config::settings::{OutboxSettings, PageSettings, ReportSettings, RestartSettings, Site};

impl Checker<'_> {
    pub(super) fn site(&mut self, file: &SiteFile) -> Option<Site> {
        let city = self.required_slug("site.city", file.city.as_deref(), "write the city, such as \"palembang\"");
        let operator = self.slug("site.operator", &file.operator);
        let id = self.required_slug("site.id", file.id.as_deref(), "write the place, such as \"simpang-charitas\"");
        let device = self.required_slug("site.device", file.device.as_deref(), "write the name of this box, such as \"edge-01\"");
        let name = self.display_name("site.name", file.name.as_deref(), file.id.as_deref().unwrap_or_default());
        let position = file.position.map(|[longitude, latitude]| self.position(longitude, latitude));
        let utc_offset_hours = self.number("site.utc_offset_hours", file.utc_offset_hours, -12..=14);
        let emp = self.emp_table(file);
        self.emp = emp.clone();
        self.los = file.los_table;
        Some(Site { city: city?, operator: operator?, id: id?, name, device: device?, position, utc_offset_hours, emp })
    }

    fn emp_table(&mut self, file: &SiteFile) -> EmpTable {
        match (EmpTable::printed(&file.emp_table), &file.emp) {
            (Some(table), None) => table,
            (Some(table), Some(_)) => {
                self.say(
                    "site.emp_table",
                    format!(
                        "is `{}`, and `[site.emp]` has other numbers: give them a name of their own here, or remove them",
                        file.emp_table
                    ),
                );
                table
            }
            (None, None) => {
                self.say(
                    "site.emp_table",
                    "names no table known here: write `mkji-1997`, `mkji-1997-opposed`, `mkji-1997-unsignalised`, `pkji-2023`, `pkji-2023-opposed`, or your own \
                     numbers under `[site.emp]`",
                );
                EmpTable::default()
            }
            (None, Some(own)) => self.own_emp(file, own),
        }
    }

    fn own_emp(&mut self, file: &SiteFile, own: &EmpFile) -> EmpTable {
        self.display_name("site.emp_table", Some(&file.emp_table), "");
        let smp = Class::ALL.map(|class| {
            let number = match class {
                Class::Person => return 0.0,
                Class::Bicycle => own.bicycle,
                Class::Car => own.car,
                Class::Motorcycle => own.motorcycle,
                Class::Bus => own.bus,
                Class::Truck => own.truck,
            };
            let path = format!("site.emp.{}", class.name());
            let Some(number) = number else {
                self.missing(
                    &path,
                    &format!(
                        "a table needs a number for each class; write how many passenger cars a {class} is, 0 when it is not to count"
                    ),
                );
                return 0.0;
            };
            self.number(&path, number, 0.0..=10.0)
        });
        EmpTable { name: file.emp_table.clone(), smp }
    }

    fn position(&mut self, longitude: f64, latitude: f64) -> (f64, f64) {
        if !(-180.0..=180.0).contains(&longitude) || !(-90.0..=90.0).contains(&latitude) {
            self.say(
                "site.position",
                format!(
                    "is [{longitude}, {latitude}], which is nowhere on Earth: write the longitude first, then the latitude, in degrees"
                ),
            );
        }
        (longitude, latitude)
    }

    pub(super) fn outbox(&mut self, file: &OutboxFile) -> OutboxSettings {
        let megabytes = self.number("outbox.max_mb", file.max_mb, 16..=1_048_576);
        let keep =
            self.duration("outbox.keep_history", file.keep_history, DurationText::from_secs(0)..=DurationText::from_secs(365 * 86_400));
        let directory = match (&file.directory, &self.around.state) {
            (Some(directory), _) => self.resolve(directory),
            (None, Some(state)) => state.clone(),
            (None, None) => PathBuf::from("var/outbox"),
        };
        if directory.exists() && !directory.is_dir() {
            self.say(
                "outbox.directory",
                format!("names `{}`, which is not a folder: name a folder, it is made when missing", directory.display()),
            );
        }
        OutboxSettings { directory, max_bytes: megabytes.saturating_mul(1 << 20), keep_history: keep }
    }

    pub(super) fn restart(&mut self, file: &RestartFile) -> RestartSettings {
        let (secs, hour) = (DurationText::from_secs, DurationText::from_secs(3600));
        RestartSettings {
            resume_within: self.duration("restart.resume_within", file.resume_within, secs(0)..=hour),
            judge_within: self.duration("restart.judge_within", file.judge_within, secs(10)..=hour),
        }
    }

    pub(super) fn report(&mut self, file: &ReportFile) -> Option<ReportSettings> {
        let keep = self.duration("report.keep", file.keep, DurationText::from_secs(86_400)..=DurationText::from_secs(3650 * 86_400));
        let Some(folder) = &file.folder else {
            self.missing("report.folder", "write where the tables go, such as `folder = \"/var/lib/simpang/report\"`");
            return None;
        };
        let folder = self.resolve(folder);
        if folder.exists() && !folder.is_dir() {
            self.say(
                "report.folder",
                format!("names `{}`, which is not a folder: name a folder, it is made when missing", folder.display()),
            );
        }
        Some(ReportSettings { folder, keep })
    }

    pub(super) fn page(&mut self, file: &PageFile) -> Option<PageSettings> {
        if !file.enabled {
            return None;
        }
        let Ok(listen) = file.listen.parse::<SocketAddr>() else {
            self.say("page.listen", "is not an address with a port: write it like \"127.0.0.1:8080\" or \"[::1]:8080\"");
            return None;
        };
        if !listen.ip().is_loopback() {
            self.say(
                "page.listen",
                format!(
                    "is {listen}, which others can reach, and the page asks nobody for a password: listen on 127.0.0.1 and use \
                     `ssh -L {port}:127.0.0.1:{port}` from elsewhere",
                    port = listen.port()
                ),
            );
        }
        Some(PageSettings { listen })
    }
}
