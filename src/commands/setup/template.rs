//! The configuration of a fresh box as text, with comments for who opens it in the cabinet: Indonesian first, then English.

use std::fmt::{Display, Write as _};

use toml::Value;

use super::plan::{BrokerPlan, CameraPlan, LoginPlan, Plan, titled};
use crate::base::id::Slug;

/// The text. Every value that somebody typed is written by the TOML library, so no name can become something else.
pub(super) fn configuration(plan: &Plan) -> String {
    let site = &plan.site;
    let mut text = String::from(
        "# Dibuat oleh `simpang setup`. Periksa setelah diubah: simpang check --probe BERKAS-INI\n\
         # Made by `simpang setup`. After a change: simpang check --probe THIS-FILE; every key: docs/configuration.md\n\n\
         # Kotak ini: di mana dan milik siapa; topik pesan dibuat dari sini. / Who and where this box is; topics are made from it.\n[site]\n",
    );
    put(&mut text, "city", &site.city);
    put(&mut text, "operator", &site.operator);
    put(&mut text, "id", &site.id);
    put(&mut text, "name", &site.name);
    put(&mut text, "device", &site.device);
    match &plan.broker {
        Some(broker) => put_broker(&mut text, broker),
        None => {
            text += "\n# Tanpa [mqtt], kejadian hanya dicetak dan tidak dikirim. / Without [mqtt], events are printed and go nowhere else.\n# [mqtt]\n# host = \"localhost\"\n";
        }
    }
    plan.cameras.iter().enumerate().for_each(|(index, camera)| put_camera(&mut text, camera, index + 1));
    text
}

fn put_broker(text: &mut String, broker: &BrokerPlan) {
    *text += "\n# Ke mana kejadian dikirim; disimpan di disk sampai diterima. / Where events go; kept on the disk until they are there.\n[mqtt]\n";
    put(text, "host", &broker.host);
    if let Some(port) = broker.port {
        *text += &format!("port = {port}\n");
    }
    put_login(text, broker.login.as_ref());
    if let Some(ca) = &broker.ca {
        *text += "\n[mqtt.tls]\n";
        put(text, "ca", ca.display());
    }
}

fn put_camera(text: &mut String, camera: &CameraPlan, number: usize) {
    let id = &camera.id;
    let (road, line) = (place("jalan", id, number), place("garis", id, number));
    *text += &format!(
        "\n# Kamera / camera {id}. Sandi ada di berkas tersendiri, tidak pernah di sini. / The password has a file of its own and is never here.\n[cameras.{id}]\n"
    );
    put(text, "name", titled(id));
    put(text, "url", &camera.url);
    put_login(text, camera.login.as_ref());
    *text += &format!(
        "\n# Belum ada lajur yang digambar: {road} adalah seluruh gambar, {line} melintang di dua pertiga tingginya.\n\
         # Nobody has drawn lanes yet: {road} is the whole picture, {line} goes across at two thirds of its height.\n\
         [cameras.{id}.zones.{road}]\nkind = \"area\"\npolygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]\n\n\
         [cameras.{id}.lines.{line}]\nfrom = [0.0, 0.66]\nto = [1.0, 0.66]\n\n\
         # Menghitung yang lewat dan yang terlihat. / Counts what passes and what is seen.\n\
         [[cameras.{id}.rules.line_count]]\nline = \"{line}\"\nto_right = \"mendekat\"\nto_left = \"menjauh\"\n\n\
         [[cameras.{id}.rules.zone_occupancy]]\nzone = \"{road}\"\n\n\
         # Kerumunan: naikkan angkanya bila tempat ini memang ramai. / Crowds: raise the figures where it is always busy.\n\
         [[cameras.{id}.rules.crowd]]\nzone = \"{road}\"\nenter_at = 30\nexit_below = 22\n\n\
         # Dugaan kecelakaan di seluruh gambar. / Probable accidents in the whole picture.\n\
         [[cameras.{id}.rules.accident]]\n\n\
         # Kemacetan, kendaraan berhenti dan lawan arus perlu lajur, kalau tidak lampu merah dikira macet. Rekam seperempat jam lalu lintas, lalu\n\
         # Congestion, stopped and wrong-way vehicles need lanes, else a red light looks like congestion. Record a quarter of an hour of traffic, then\n\
         #   simpang learn --config BERKAS-INI --camera {id} --input REKAMAN.mp4 --out usulan.toml --picture usulan.png\n\
         # mengusulkan lajur dan aturannya. / proposes lanes and their rules. Contoh aturan / a rule as an example:\n\
         # [[cameras.{id}.rules.congestion]]\n# zone = \"lajur-…\"\n"
    );
}

/// The id of a zone or line of a camera: apart from those of the others, because it stands in topics without the camera.
fn place(kind: &str, camera: &Slug, number: usize) -> String {
    let wanted = format!("{kind}-{camera}");
    if Slug::new(&wanted).is_some() { wanted } else { format!("{kind}-{number}") }
}

fn put_login(text: &mut String, login: Option<&LoginPlan>) {
    if let Some(login) = login {
        put(text, "user", &login.user);
        put(text, "password_file", &login.password_file);
    }
}

fn put(text: &mut String, key: &str, value: impl Display) {
    let _ = writeln!(text, "{key} = {}", Value::String(value.to_string()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::setup::plan::SitePlan;

    fn slug(text: &str) -> Slug {
        Slug::new(text).expect("legal")
    }

    fn plan(name: &str) -> Plan {
        let login = LoginPlan { user: name.to_owned(), password_file: "secrets/utara".to_owned() };
        let camera = |id| CameraPlan { id: slug(id), url: "rtsp://10.0.0.7/a".to_owned(), login: Some(login.clone()) };
        Plan {
            site: SitePlan {
                id: slug("s"),
                name: name.to_owned(),
                city: slug("palembang"),
                operator: slug("atcs"),
                device: slug("edge-01"),
            },
            broker: Some(BrokerPlan { host: "localhost".into(), port: Some(1884), ca: Some("/a/b.pem".into()), login: None }),
            cameras: vec![camera("utara"), camera("kamera-dengan-id-yang-panjang")],
        }
    }

    #[test]
    fn whatever_a_name_is_it_stays_a_name() {
        for name in
            ["Simpang \"Charitas\"", "a\nb", "'''", "\\u0041 ]]", "Jalan Jenderal – Ñ 交差点", "# tidak", "\"\"\"\n[mqtt]\nhost=\"x\""]
        {
            let table: toml::Table = toml::from_str(&configuration(&plan(name))).expect(name);
            assert_eq!(table["site"]["name"].as_str(), Some(name));
            assert_eq!(table["cameras"]["utara"]["user"].as_str(), Some(name));
            assert_eq!(table["mqtt"]["host"].as_str(), Some("localhost"));
        }
    }

    #[test]
    fn zones_and_lines_of_two_cameras_have_names_apart() {
        let text = configuration(&plan("a"));
        let table: toml::Table = toml::from_str(&text).expect("TOML");
        assert!(table["cameras"]["utara"]["zones"].get("jalan-utara").is_some());
        assert!(table["cameras"]["kamera-dengan-id-yang-panjang"]["zones"].get("jalan-2").is_some(), "{text}");
    }
}
