#!/usr/bin/env python3
"""Line counts on two films against what was counted by eye, every frame and at 8 frames a second: wrong by at most 1 in each direction.

    counts.py --simpang target/release/simpang [--media ../shared/media]

Only crossings inside the truth's window count: what passes after it was not counted by eye. Truth has no class that the line counts do not have, so
classes are added up here; which class a vehicle was given is another question.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import replay

MOST_WRONG = 1
ANALYSED_FPS = 8.0


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
    """One direction of one film at one rate."""

    film: str
    rate: str
    direction: str
    truth: int
    counted: int

    @property
    def is_good(self) -> bool:
        return abs(self.counted - self.truth) <= MOST_WRONG

    def __str__(self) -> str:
        verdict = "ok" if self.is_good else f"MISSED (at most {MOST_WRONG} wrong)"
        return f"{self.film:16} {self.rate:12} {self.direction:16} {self.truth:5d} {self.counted:7d} {self.counted - self.truth:+5d}   {verdict}"


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
        for rate, every in (("every frame", 1), (f"{ANALYSED_FPS:g} fps", max(1, round(truth["fps"] / ANALYSED_FPS)))):
            found = crossings_in(replay.replay(simpang, camera, every).summary, film.line, tuple(truth["window_s"]))
            results += [Counted(film.name, rate, ours, truth[theirs]["total"], found.get(ours, 0)) for theirs, ours in film.directions]
    return results


def print_counts(results: list[Counted]) -> None:
    print(f"\n{'film':16} {'rate':12} {'direction':16} {'truth':>5} {'counted':>7} {'diff':>5}")
    for result in results:
        print(result)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simpang", type=Path, required=True)
    parser.add_argument("--media", type=Path, default=replay.REPOSITORY.parent / "shared" / "media")
    args = parser.parse_args()
    results = count(args.simpang.resolve(), args.media)
    print_counts(results)
    if not results:
        sys.exit("nothing was scored")
    sys.exit(0 if all(result.is_good for result in results) else 1)


if __name__ == "__main__":
    main()
