//! A proposal as configuration text: the configuration that was there, with lines, zones, gates and the rules that count and measure behind it, and in
//! comments what configuration has no place for: how many took which movement, car lengths, what is not known.

use std::fmt::Write as _;

use super::proposal::{LineUse, NamedMovement, Piece, PieceUse, Proposal};
use super::sizes::COLUMNS;
use crate::base::geom::{Norm, Point};
use crate::base::id::Slug;

/// How traffic at the gates is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counting {
    /// From gate to gate: turning movements.
    Movements,
    /// Each gate as a line of its own, where gates make no junction or the camera has others.
    Lines,
}

/// The configuration `original` with the proposal for `camera` behind it.
pub fn configuration(original: &str, camera: &Slug, proposal: &Proposal, counting: Counting) -> String {
    let mut text = original.trim_end().to_owned();
    text += "\n\n";
    head(&mut text, camera, proposal);
    for line in &proposal.lines {
        let (from, to) = (line.line.a, line.line.b);
        put(&mut text, format_args!("\n[cameras.{camera}.lines.{}]\nfrom = {}\nto = {}\n", line.id, point(from), point(to)));
    }
    for piece in &proposal.pieces {
        zone(&mut text, camera, piece);
    }
    match counting {
        Counting::Movements => gates(&mut text, camera, proposal),
        Counting::Lines => line_counts(&mut text, camera, proposal),
    }
    for piece in proposal.pieces.iter().filter(|piece| piece.stop_line.is_some()) {
        put(&mut text, format_args!("\n[[cameras.{camera}.rules.approach]]\nzone = \"{}\"\n", piece.id));
    }
    movements(&mut text, proposal);
    car_lengths(&mut text, proposal);
    text
}

/// The gates of each arm, and the rule that counts between them.
fn gates(text: &mut String, camera: &Slug, proposal: &Proposal) {
    for gate in &proposal.gates {
        put(text, format_args!("\n[cameras.{camera}.gates.{}]\n", gate.arm));
        for (key, line) in [("entry", &gate.entry), ("exit", &gate.exit)] {
            if let Some(line) = line {
                put(text, format_args!("{key} = \"{line}\"\n"));
            }
        }
    }
    put(text, format_args!("\n[[cameras.{camera}.rules.movements]]\n"));
}

fn line_counts(text: &mut String, camera: &Slug, proposal: &Proposal) {
    for line in &proposal.lines {
        let (right, left) = match line.line_use {
            LineUse::Stop => continue,
            LineUse::Entry => ("masuk", "mundur"),
            LineUse::Exit => ("keluar", "melawan"),
        };
        put(
            text,
            format_args!("\n[[cameras.{camera}.rules.line_count]]\nline = \"{}\"\nto_right = \"{right}\"\nto_left = \"{left}\"\n", line.id),
        );
    }
}

/// Infallible: `fmt::Write` for `String` does not fail.
fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(what);
}

fn head(text: &mut String, camera: &Slug, proposal: &Proposal) {
    let (metres, tilt, opening) = proposal.view.pole();
    put(text, format_args!("# === USULAN `simpang learn` untuk kamera {camera}: periksa di gambar, ubah nama, hapus yang salah ===\n"));
    put(
        text,
        format_args!("# === PROPOSAL of `simpang learn` for camera {camera}: check it in the picture, rename, delete what is wrong ===\n"),
    );
    put(
        text,
        format_args!(
            "# Dari {:.0} detik dan {} jejak kendaraan / from {0:.0} s and {1} vehicle tracks.\n",
            proposal.seconds, proposal.vehicles
        ),
    );
    put(
        text,
        format_args!(
            "# Kamera diperkirakan {metres:.1} m di atas jalan, menunduk {tilt:.0}°, bukaan {opening:.0}° (dari ukuran kendaraan, bukan kalibrasi)\n\
             # / camera guessed {metres:.1} m over the road, looking {tilt:.0}° down, {opening:.0}° wide (from sizes of vehicles, no calibration).\n"
        ),
    );
    if !proposal.remarks.is_empty() {
        put(text, format_args!("# Tidak diketahui atau tidak pasti / not known or not sure:\n"));
    }
    for remark in &proposal.remarks {
        put(text, format_args!("# - {}\n#   / {}\n", remark.indonesian(), remark.english()));
    }
}

fn zone(text: &mut String, camera: &Slug, piece: &Piece) {
    let kind = match piece.piece_use {
        PieceUse::Approach => "approach",
        PieceUse::Exit => "exit",
        PieceUse::Lane(_) => "area",
        PieceUse::Box => "box",
    };
    let corners: Vec<String> = piece.polygon.corners().iter().map(|&corner| point(corner)).collect();
    put(text, format_args!("\n[cameras.{camera}.zones.{}]\nname = \"{}\"\nkind = \"{kind}\"\n", piece.id, piece.name));
    put(text, format_args!("polygon = [{}]\n", corners.join(", ")));
    if let Some(direction) = piece.direction {
        put(text, format_args!("direction = [{}, {}]\n", point(direction.a), point(direction.b)));
    }
    if let Some(line) = &piece.stop_line {
        put(text, format_args!("stop_line = \"{line}\"\n"));
    }
}

fn movements(text: &mut String, proposal: &Proposal) {
    let (all, unknown) = proposal.passages;
    put(
        text,
        format_args!("\n# Gerakan yang terlihat: {all} kendaraan, {unknown} tidak diketahui; dalam kurung yang dikenali dari jejak khas\n"),
    );
    put(text, format_args!("# Movements seen: {all} vehicles, {unknown} unknown; in brackets those known by the typical path\n"));
    for movement in &proposal.movements {
        let NamedMovement { from, to, by_path, .. } = movement;
        put(text, format_args!("# {from} -> {to}: {} ({by_path})\n", movement.vehicles()));
    }
}

fn car_lengths(text: &mut String, proposal: &Proposal) {
    put(text, format_args!("\n# Panjang mobil (L) dalam perseribu lebar gambar, kisi 16 x 9, baris dari atas; - belum diketahui\n"));
    put(text, format_args!("# Car length (L) in thousandths of the picture's width, grid of 16 x 9, rows from the top; - not known\n"));
    for row in proposal.car_lengths.chunks(COLUMNS) {
        let cells: Vec<String> =
            row.iter().map(|cell| cell.map_or_else(|| "   -".to_owned(), |length| format!("{:4.0}", 1000.0 * length))).collect();
        put(text, format_args!("# {}\n", cells.join(" ")));
    }
}

fn point(at: Point<Norm>) -> String {
    format!("[{:.4}, {:.4}]", at.x, at.y)
}
