//! A camera that is turned away and back, from the film to what the commands say. `make view` measures the same over many films.

use serde_json::Value;

use crate::camera_server::encoded;
use crate::program::{Workshop, installed, run, street};

/// The street for 15 s, its picture 12 % further to the right for 15 s, and the street again for 15 s.
fn turned_away() -> std::path::PathBuf {
    let film = installed(".cache/films/vtest.avi");
    let away = "split=2[a][b];[b]hflip[b];[b][a]hstack,crop=iw/2:ih:iw/2-0.12*iw/2:0";
    let cut = |from: u32| format!("[0:v]trim={from}:{},setpts=PTS-STARTPTS", from + 15);
    let graph = format!("{}[h];{},{away}[m];{}[e];[h][m][e]concat=n=3[out]", cut(0), cut(15), cut(30));
    let film = film.to_str().expect("plain");
    encoded("street-turned-away.mp4", &["-i", film, "-filter_complex", &graph, "-map", "[out]", "-c:v", "libx264", "-preset", "superfast"])
}

fn view_in(stdout: &str) -> Vec<(f64, String)> {
    let last: Value = serde_json::from_str(stdout.lines().last().expect("a last line")).expect("JSON");
    let changes = last["summary"]["view"].as_array().expect("a list").iter();
    changes.map(|change| (change[0].as_f64().expect("seconds"), change[1].as_str().expect("a word").to_owned())).collect()
}

#[test]
fn a_camera_that_is_turned_away_and_back_is_told_by_view_and_by_replay_alike() {
    let (workshop, film) = (Workshop::new(), turned_away());
    let film = film.to_str().expect("plain");
    let seen = run(&["view", "--input", film]);
    assert_eq!(seen.code, Some(0), "{}", seen.stderr);
    let changes = view_in(&seen.stdout);
    let expected = matches!(&changes[..], [(lost, moved), (back, ok)]
        if moved == "moved" && (15.0..=25.0).contains(lost) && ok == "ok" && (30.0..=45.0).contains(back));
    assert!(expected, "{changes:?}");

    let config = workshop.config("turned.toml", &[street("jalan", "url = \"rtsp://192.0.2.1/jalan\"\nview.watch = true")]);
    let config = config.to_str().expect("plain");
    let replayed = run(&["replay", "--config", config, "--input", film, "--every", "5"]);
    assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
    assert_eq!(view_in(&replayed.stdout), changes, "looks fall on the same frames");
    let last: Value = serde_json::from_str(replayed.stdout.lines().last().expect("a last line")).expect("JSON");
    let (frames, analysed) = (last["summary"]["frames"].as_u64(), last["summary"]["analysed"].as_u64());
    assert!(analysed < frames.map(|frames| frames / 5 * 4 / 5), "the model rests meanwhile: {analysed:?} of {frames:?} / 5");
}
