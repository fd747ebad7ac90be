#!/usr/bin/env python3
"""`make score`: the whole chain, from film to tracks and counts, against truth that others made. Exit 1 when a bar is missed, 2 when nothing could be scored.

    score.py --simpang target/release/simpang [--media ../shared/media] [--film .cache/films/vtest.avi] [--tracks FILE --every N]

`vtest.avi` is PETS 2009 S2.L1 view 1, and the ground truth that MOTChallenge 2015 made for it fits frame for frame. Scored by TrackEval, persons only.
The bars are the best that was seen of Python trackers on the same film and detector. With --tracks a tracks file is scored as it is, nothing is run.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import counts
import mot_file
import replay
import scorer

FRAMES = 795
SEQUENCE = "PETS09-S2L1"


@dataclass(frozen=True)
class Bar:
    """A figure that must be better than a limit; strictly, because the limit is what others reached."""

    name: str
    limit: float
    is_better: Callable[[float, float], bool]

    def verdict(self, value: float) -> str:
        return "ok" if self.is_better(value, self.limit) else "MISSED"


def above(name: str, limit: float) -> Bar:
    return Bar(name, limit, lambda value, limit: value > limit)


def below(name: str, limit: float) -> Bar:
    return Bar(name, limit, lambda value, limit: value < limit)


BARS = {
    1: (below("MAE", 0.61), above("HOTA", 42.7), above("MOTA", 72.3), above("IDF1", 52.1), below("IDsw", 79)),
    2: (above("HOTA", 36.0), below("MAE", 1.1)),
}


def figures(tracks: list[mot_file.Row], truth: list[mot_file.Row], every: int) -> dict[str, float]:
    """The scores of one run; truth and tracks thinned to the frames that were analysed."""
    frames = (FRAMES - 1) // every + 1
    truth = mot_file.thinned(truth, every)
    tracks = mot_file.thinned(mot_file.only_class(tracks, scorer.PEDESTRIAN), every)
    score = scorer.trackeval_scores([scorer.Scored(SEQUENCE, frames, truth, tracks)], "MOT15")["OVERALL"]
    there = mot_file.boxes_per_frame(mot_file.counted(truth), frames)
    found = mot_file.boxes_per_frame(tracks, frames)
    return {
        "HOTA": score.hota,
        "MOTA": score.mota,
        "IDF1": score.idf1,
        "IDsw": score.switches,
        "MAE": sum(abs(a - b) for a, b in zip(there, found)) / frames,
        "bias": sum(b - a for a, b in zip(there, found)) / frames,
        "DetA": score.deta,
        "AssA": score.assa,
        "FP": score.false_positives,
        "FN": score.misses,
    }


def print_figures(every: int, found: dict[str, float]) -> bool:
    """The table of one run; whether it meets its bars. What has no bar stands there to be read."""
    bars = {bar.name: bar for bar in BARS.get(every, ())}
    print(f"\nvtest.avi, {'every frame' if every == 1 else f'one frame of {every}'}")
    for name, value in found.items():
        bar = bars.get(name)
        limit = f"bar {bar.limit:7.2f}   {bar.verdict(value)}" if bar else ""
        print(f"  {name:6} {value:9.2f}   {limit}".rstrip())
    return all(bar.verdict(found[name]) == "ok" for name, bar in bars.items())


def score_people(args: argparse.Namespace) -> bool | None:
    """`None`: the truth or the film is not there."""
    truth_file = args.media / "mot15" / SEQUENCE / "gt.txt"
    missing = [str(path) for path in (truth_file, args.film) if not path.exists()]
    if missing:
        print(f"NOT SCORED: vtest.avi: no {' and no '.join(missing)}", file=sys.stderr)
        return None
    truth = mot_file.read(truth_file)
    if args.tracks is not None:
        return print_figures(args.every, figures(mot_file.read(args.tracks), truth, args.every))
    camera = replay.Camera(replay.REPOSITORY / "configs" / "score" / "vtest.toml", "vtest", args.film.resolve())
    verdicts = []
    for every in BARS:
        replayed = replay.replay(args.simpang.resolve(), camera, every)
        if replayed.summary["frames"] != FRAMES:
            sys.exit(f"the film has {FRAMES} frames, `simpang replay` saw {replayed.summary['frames']}: the frame numbers would not fit the truth")
        verdicts.append(print_figures(every, figures(replayed.tracks, truth, every)))
    return all(verdicts)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simpang", type=Path)
    parser.add_argument("--media", type=Path, default=replay.REPOSITORY.parent / "shared" / "media")
    parser.add_argument("--film", type=Path, default=replay.REPOSITORY / ".cache" / "films" / "vtest.avi")
    parser.add_argument("--tracks", type=Path, help="score this MOT file instead of running anything")
    parser.add_argument("--every", type=int, default=1, help="with --tracks: which frames it holds")
    args = parser.parse_args()
    if (args.simpang is None) == (args.tracks is None):
        parser.error("give --simpang or --tracks")
    return args


def main() -> None:
    args = arguments()
    people = score_people(args)
    counted = counts.count_all(args.simpang.resolve(), args.media) if args.tracks is None else []
    if counted:
        counts.print_counts(counted)
    if people is None and not counted:
        print(f"nothing was scored: there is no truth in {args.media}", file=sys.stderr)
        sys.exit(2)
    sys.exit(0 if people is not False and all(result.is_good for result in counted) else 1)


if __name__ == "__main__":
    main()
