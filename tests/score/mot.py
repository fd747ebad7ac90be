#!/usr/bin/env python3
"""Scores `simpang track` on folders of MOTChallenge sequences, at the full frame rate and thinned.

    mot.py --simpang target/release/simpang --data ../shared/media/mot17-first-half --data ../shared/media/mot15 [--fps full,8,5]

Each sequence folder holds `gt.txt`, `det.txt` and `seqinfo.ini`. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import configparser
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import mot_file
import scorer


@dataclass(frozen=True)
class Sequence:
    folder: Path
    fps: float
    frames: int

    @property
    def name(self) -> str:
        return self.folder.name

    def every(self, wanted_fps: float | None) -> int:
        """Which frames give about the wanted rate. `None`: all."""
        return 1 if wanted_fps is None else max(1, round(self.fps / wanted_fps))


def sequences_in(data: Path, wanted: set[str]) -> list[Sequence]:
    found = []
    for ini in sorted(data.glob("*/seqinfo.ini")):
        if wanted and ini.parent.name not in wanted:
            continue
        parsed = configparser.ConfigParser()
        parsed.read(ini)
        section = parsed["Sequence"]
        found.append(Sequence(ini.parent, section.getfloat("frameRate"), section.getint("seqLength")))
    return found


def track(simpang: Path, sequence: Sequence, every: int, out: Path) -> float:
    """Run the tracker alone on the sequence's detections. Returns its wall seconds."""
    started = time.monotonic()
    command = [simpang, "track", "--detections", sequence.folder / "det.txt", "--fps", f"{sequence.fps:g}", "--out", out, "--every", str(every)]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"simpang track failed on {sequence.name} (exit {done.returncode}): {done.stderr.strip()}")
    return time.monotonic() - started


def scored(sequence: Sequence, every: int, out: Path) -> scorer.Scored:
    """Truth and tracks of the frames that were analysed. `out` has source frame numbers."""
    truth = mot_file.thinned(mot_file.read(sequence.folder / "gt.txt"), every)
    tracks = mot_file.thinned(mot_file.only_class(mot_file.read(out), scorer.PEDESTRIAN), every)
    return scorer.Scored(sequence.name, (sequence.frames - 1) // every + 1, truth, tracks)


def score_at(args: argparse.Namespace, sequences: list[Sequence], fps: float | None, benchmark: str) -> dict[str, scorer.Score]:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(args.jobs) as pool:
        outs = [Path(folder) / f"{sequence.name}.txt" for sequence in sequences]
        list(pool.map(lambda job: track(args.simpang, job[0], job[0].every(fps), job[1]), zip(sequences, outs)))
        compared = [scored(sequence, sequence.every(fps), out) for sequence, out in zip(sequences, outs)]
    return scorer.trackeval_scores(compared, benchmark)


def print_table(title: str, scores: dict[str, scorer.Score], only_overall: bool) -> None:
    print(f"\n{title}\n{'sequence':18} {'HOTA':>6} {'DetA':>6} {'AssA':>6} {'MOTA':>6} {'IDF1':>6} {'IDsw':>6} {'FP':>7} {'FN':>7} {'Frag':>6}")
    for name, s in scores.items():
        if only_overall and name != "OVERALL":
            continue
        print(
            f"{name:18} {s.hota:6.2f} {s.deta:6.2f} {s.assa:6.2f} {s.mota:6.2f} {s.idf1:6.2f} {s.switches:6d}"
            f" {s.false_positives:7d} {s.misses:7d} {s.fragments:6d}"
        )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simpang", type=Path, required=True, help="the built program")
    parser.add_argument("--data", type=Path, action="append", required=True, help="folder of sequence folders; may be given several times")
    parser.add_argument("--fps", default="full,8,5", help="rates to score at, `full` or a number (default: full,8,5)")
    parser.add_argument("--sequences", default="", help="only these, comma-separated")
    parser.add_argument("--overall", action="store_true", help="print only the OVERALL rows")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--jobs", type=int, default=1, help="trackers run at the same time")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    wanted = {name for name in args.sequences.split(",") if name}
    everything = {}
    for data in args.data:
        sequences = sequences_in(data, wanted)
        if not sequences:
            print(f"NOT SCORED: no sequence folder (seqinfo.ini, gt.txt, det.txt) in {data}", file=sys.stderr)
            continue
        benchmark = "MOT17" if data.name.lower().startswith("mot17") else "MOT15"
        for rate in args.fps.split(","):
            fps = None if rate == "full" else float(rate)
            scores = score_at(args, sequences, fps, benchmark)
            everything[f"{data.name} {rate}"] = {name: asdict(score) for name, score in scores.items()}
            if not args.json:
                print_table(f"{data.name}, {'full rate' if fps is None else f'about {fps:g} frames a second'}", scores, args.overall)
    if args.json:
        print(json.dumps(everything, indent=1))
    if not everything:
        sys.exit("nothing was scored: give --data a folder with MOTChallenge sequences")


if __name__ == "__main__":
    main()
