#!/usr/bin/env python3
"""`simpang track` against five trackers of Python packages on the same detections: `make score-tracking`.

HOTA, IDF1 (TrackEval, persons) and identity switches over all sequences of each data set, at the full rate and thinned to about 8 and 5 frames a
second. Exit 1 when ours is not better than every rival in all three at each rate, 2 when nothing could be scored. What a rival reached is kept
in `.cache/rivals` under a key of its program, its packages and the data, so that only ours is run again. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import mot
import mot_file
import scorer
from replay import REPOSITORY

HERE = Path(__file__).resolve().parent
OURS = "simpang"
RATES = {"full rate": None, "about 8 frames a second": 8.0, "about 5 frames a second": 5.0}


@dataclass(frozen=True)
class Reached:
    """What a tracker reached over a data set at one rate. `micros` is CPU time a frame, of the tracker's own call."""

    hota: float
    idf1: float
    switches: int
    micros: float | None

    def is_better_than(self, other: Reached) -> bool:
        return self.hota > other.hota and self.idf1 > other.idf1 and self.switches < other.switches


@dataclass(frozen=True)
class Round:
    """One data set at one rate."""

    data: Path
    sequences: list[mot.Sequence]
    fps: float | None

    @property
    def benchmark(self) -> str:
        return "MOT17" if self.data.name.lower().startswith("mot17") else "MOT15"


def reached(round: Round, outs: list[Path], micros: float | None) -> Reached:
    scored = [mot.scored(sequence, sequence.every(round.fps), out) for sequence, out in zip(round.sequences, outs)]
    score = scorer.trackeval_scores(scored, round.benchmark)["OVERALL"]
    return Reached(score.hota, score.idf1, score.switches, micros)


def ours(simpang: Path, round: Round, jobs: int) -> Reached:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        outs = [Path(folder) / f"{sequence.name}.txt" for sequence in round.sequences]
        list(pool.map(lambda job: mot.track(simpang, job[0], job[0].every(round.fps), job[1]), zip(round.sequences, outs)))
        return reached(round, outs, None)


class Rivals:
    """The trackers of the other environment."""

    def __init__(self, python: Path, cache: Path, jobs: int):
        self.python, self.cache, self.jobs = python, cache, jobs
        program = [HERE / name for name in ("rival_run.py", "rivals_requirements.txt", "requirements.txt", "scorer.py", "mot_file.py")]
        self.version = hashlib.sha256(b"".join(path.read_bytes() for path in program)).hexdigest()

    def names(self) -> list[str]:
        return self._run("--names").splitlines()

    def reached(self, name: str, round: Round) -> Reached:
        kept = self.cache / f"{self._key(name, round)}.json"
        if kept.exists():
            return Reached(**json.loads(kept.read_text()))
        with tempfile.TemporaryDirectory() as folder:
            outs = [Path(folder) / f"{sequence.name}.txt" for sequence in round.sequences]
            found = reached(round, outs, self._follow(name, round, outs))
        self.cache.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(asdict(found)))
        return found

    def _key(self, name: str, round: Round) -> str:
        key = hashlib.sha256(f"{self.version} {name} {round.fps} {round.benchmark}".encode())
        for sequence in round.sequences:
            for file in ("det.txt", "gt.txt", "seqinfo.ini"):
                key.update(hashlib.sha256((sequence.folder / file).read_bytes()).digest())
        return key.hexdigest()[:32]

    def _follow(self, name: str, round: Round, outs: list[Path]) -> float:
        """Returns the CPU microseconds a frame, over all frames of the round."""

        def run(job: tuple[mot.Sequence, Path]) -> tuple[float, int]:
            sequence, out = job
            every = sequence.every(round.fps)
            told = {"rival": name, "detections": sequence.folder / "det.txt", "fps": sequence.fps, "every": every, "frames": sequence.frames, "out": out}
            frames = (sequence.frames - 1) // every + 1
            return float(self._run(*(str(part) for option, value in told.items() for part in (f"--{option}", value)))) * frames, frames

        with ThreadPoolExecutor(self.jobs) as pool:
            spent = list(pool.map(run, zip(round.sequences, outs)))
        return sum(micros for micros, _ in spent) / sum(frames for _, frames in spent)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([str(self.python), str(HERE / "rival_run.py"), *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"a rival failed ({' '.join(arguments)}): {done.stderr.strip()[-2000:]}")
        return done.stdout.strip()


def print_round(title: str, table: dict[str, Reached]) -> bool:
    """Whether ours is better than every other."""
    best = table[OURS]
    print(f"\n{title}\n{'tracker':32} {'HOTA':>6} {'IDF1':>6} {'IDsw':>6} {'µs/frame':>9}")
    for name, found in table.items():
        lost = [what for what, is_lost in (("HOTA", found.hota >= best.hota), ("IDF1", found.idf1 >= best.idf1), ("IDsw", found.switches <= best.switches)) if is_lost]
        verdict = "" if name == OURS else f"   MISSED: {', '.join(lost)}" if lost else "   ok"
        micros = "" if found.micros is None else f"{found.micros:.0f}"
        print(f"{name:32} {found.hota:6.2f} {found.idf1:6.2f} {found.switches:6d} {micros:>9}{verdict}")
    return all(best.is_better_than(found) for name, found in table.items() if name != OURS)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simpang", type=Path, required=True, help="the built program")
    parser.add_argument("--rivals-python", type=Path, required=True, help="python of the rivals' environment")
    parser.add_argument("--media", type=Path, default=REPOSITORY.parent / "shared" / "media", help="folder that holds the data sets")
    parser.add_argument("--data", default="mot17-first-half,mot15", help="data sets in it, comma-separated")
    parser.add_argument("--sequences", default="", help="only these, comma-separated")
    parser.add_argument("--jobs", type=int, default=2, help="trackers run at the same time")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    rivals = Rivals(args.rivals_python, REPOSITORY / ".cache" / "rivals", args.jobs)
    wanted = {name for name in args.sequences.split(",") if name}
    verdicts = []
    for data in (args.media / name for name in args.data.split(",")):
        sequences = mot.sequences_in(data, wanted)
        if not sequences:
            print(f"NOT SCORED: no sequence folder (seqinfo.ini, gt.txt, det.txt) in {data}", file=sys.stderr)
            continue
        for title, fps in RATES.items():
            round = Round(data, sequences, fps)
            table = {OURS: ours(args.simpang, round, args.jobs)} | {name: rivals.reached(name, round) for name in rivals.names()}
            verdicts.append(print_round(f"{data.name}, {title}", table))
    if not verdicts:
        print(f"nothing was scored: there are no sequences in {args.media}", file=sys.stderr)
        sys.exit(2)
    print(f"\nbetter than every rival in HOTA, IDF1 and switches: {sum(verdicts)} of {len(verdicts)} rounds")
    sys.exit(0 if all(verdicts) else 1)


if __name__ == "__main__":
    main()
