#!/usr/bin/env python3
"""Line counts on films against what was counted by eye, every frame and at 8 frames a second.

Two films have a bar: wrong by at most 1 in each direction; the line count was made on them. The films of truth/ have none: each row says whether the
film was looked at while the program was made (all four were, after their first run), and the sums what the first run on them gave.

    counts.py --simpang target/release/simpang [--media ../shared/media]

Only crossings inside the truth's window count: what passes after it was not counted by eye. Truth has no class that the line counts do not have, so
classes are added up here; which class a vehicle was given is another question.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import replay

MOST_WRONG = 1
ANALYSED_FPS = 8.0
TRUTH = Path(__file__).resolve().parent / "truth"
# What an engineer writes for a film without looking further: defaults, and the line counts at the middle of the box, as the truth does.
CAMERA = """[site]
city = "palembang"
id = "score"
device = "score"
[page]
enabled = false
[cameras.film]
url = "rtsp://127.0.0.1:8554/film"
analyse_fps = 60
"""
LINE = """[cameras.film.lines.{name}]
from = [{x1:.4f}, {y1:.4f}]
to = [{x2:.4f}, {y2:.4f}]
[[cameras.film.rules.line_count]]
name = "{name}"
line = "{name}"
to_right = "{to_right}"
to_left = "{to_left}"
anchor = "center"
"""


@dataclass(frozen=True)
class Film:
    """A counted film: where its truth is, and which of the rule's directions each counted direction is."""

    name: str
    camera: str
    line: str
    # The truth's key and the configuration's name for the same way.
    directions: tuple[tuple[str, str], ...]


FILMS = (
    Film("street-overhead", "street", "tengah", (("left_to_right", "left-to-right"), ("right_to_left", "right-to-left"))),
    # Nobody counted the cars that drive away here.
    Film("suburb-junction", "suburb", "jalan", (("towards_camera", "towards-camera"),)),
)


@dataclass(frozen=True)
class Counted:
    """One direction of one film at one rate. `half` is empty where there is a bar, else what the film was used for."""

    film: str
    rate: str
    direction: str
    truth: int
    counted: int
    half: str = ""

    @property
    def is_good(self) -> bool:
        return bool(self.half) or abs(self.counted - self.truth) <= MOST_WRONG

    def __str__(self) -> str:
        verdict = self.half or ("ok" if self.is_good else f"MISSED (at most {MOST_WRONG} wrong)")
        return f"{self.film:16} {self.rate:12} {self.direction:24} {self.truth:5d} {self.counted:7d} {self.counted - self.truth:+5d}   {verdict}"


def crossings_in(summary: dict, line: str, window: tuple[float, float]) -> dict[str, int]:
    """Crossings of a line by direction, inside the window. Also sees to it that the summary's two lists of the same thing agree."""
    totals = {direction: sum(classes.values()) for direction, classes in summary["counts"].get(line, {}).items()}
    listed: dict[str, int] = {}
    inside: dict[str, int] = {}
    for at, crossed, direction, _ in summary["crossings"]:
        if crossed == line:
            listed[direction] = listed.get(direction, 0) + 1
            if window[0] <= at <= window[1]:
                inside[direction] = inside.get(direction, 0) + 1
    if {d: n for d, n in totals.items() if n} != listed:
        sys.exit(f"the summary contradicts itself on line {line}: counts {totals}, crossings {listed}")
    return inside


def count(simpang: Path, media: Path) -> list[Counted]:
    """All films that are there. Those that are not are said loudly and left out."""
    results = []
    for film in FILMS:
        video, truth_file = media / "film" / f"{film.name}.mp4", media / "truth" / f"{film.name}.json"
        if not video.exists() or not truth_file.exists():
            print(f"NOT SCORED: {film.name}: no {video} with {truth_file}", file=sys.stderr)
            continue
        truth = json.loads(truth_file.read_text())
        camera = replay.Camera(replay.REPOSITORY / "configs" / "score" / f"{film.name}.toml", film.camera, video.resolve())
        for rate, every in rates(truth["fps"]):
            found = crossings_in(replay.replay(simpang, camera, every).summary, film.line, tuple(truth["window_s"]))
            results += [Counted(film.name, rate, ours, truth[theirs]["total"], found.get(ours, 0)) for theirs, ours in film.directions]
    return results


def configuration(truth: dict) -> str:
    """The camera with all lines of a film of truth/."""
    width, height = truth["size"]
    text = CAMERA
    for name, line in truth["lines"].items():
        (x1, y1), (x2, y2) = line["from"], line["to"]
        ends = {"x1": x1 / width, "y1": y1 / height, "x2": x2 / width, "y2": y2 / height}
        text += LINE.format(name=name, to_right=line["to_right"], to_left=line["to_left"], **ends)
    return text


def count_more(simpang: Path, media: Path) -> list[Counted]:
    """The films of truth/, several lines each."""
    results = []
    for truth_file in sorted(TRUTH.glob("*.json")):
        truth = json.loads(truth_file.read_text())
        video = media / truth["clip"]
        if not video.exists():
            print(f"NOT SCORED: {truth_file.stem}: no {video}", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "film.toml"
            config.write_text(configuration(truth))
            for rate, every in rates(truth["fps"]):
                summary = replay.replay(simpang, replay.Camera(config, "film", video.resolve()), every).summary
                for name, line in truth["lines"].items():
                    found = crossings_in(summary, name, tuple(truth["window_s"]))
                    for to, counted in line["counted"].items():
                        results.append(Counted(truth_file.stem, rate, f"{name} {to}", counted["total"], found.get(to, 0), truth["half"]))
    return results


def count_all(simpang: Path, media: Path) -> list[Counted]:
    return count(simpang, media) + count_more(simpang, media)


def rates(fps: float) -> tuple[tuple[str, int], ...]:
    return ("every frame", 1), (f"{ANALYSED_FPS:g} fps", max(1, round(fps / ANALYSED_FPS)))


def print_sums(results: list[Counted]) -> None:
    """How many crossings the counts of a half are off by, at 8 frames a second and every frame."""
    for half, rate in sorted({(result.half, result.rate) for result in results if result.half}):
        rows = [result for result in results if (result.half, result.rate) == (half, rate)]
        off = sum(abs(row.counted - row.truth) for row in rows)
        first = sum(first_run(film)[rate] for film in {row.film for row in rows})
        print(f"{half}, {rate}: counts off by {off} in {sum(row.truth for row in rows)} crossings; when the films were met first, by {first}")


def first_run(film: str) -> dict:
    return json.loads((TRUTH / f"{film}.json").read_text())["first_run_off_by"]


def print_counts(results: list[Counted]) -> None:
    print(f"\n{'film':16} {'rate':12} {'direction':24} {'truth':>5} {'counted':>7} {'diff':>5}")
    for result in results:
        print(result)
    print_sums(results)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simpang", type=Path, required=True)
    parser.add_argument("--media", type=Path, default=replay.REPOSITORY.parent / "shared" / "media")
    args = parser.parse_args()
    results = count_all(args.simpang.resolve(), args.media)
    print_counts(results)
    if not results:
        sys.exit("nothing was scored")
    sys.exit(0 if all(result.is_good for result in results) else 1)


if __name__ == "__main__":
    main()
