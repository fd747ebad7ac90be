"""The runs of the card: traffic, incidents, detector, seed. A run's detections and truth are made once and kept."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import camera
import ground
import incidents
import junction
import traffic

HERE = Path(__file__).resolve().parent
START = "2026-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class Case:
    """One run."""

    name: str
    seconds: int
    demand: traffic.Demand
    seed: int
    kinds: tuple[str, ...] = ()
    gap_s: float = 60.0
    fps: float = 8.0
    noise: camera.Noise = field(default_factory=camera.Noise)
    signal: junction.Signal = junction.Signal(40, 34)

    @property
    def hours(self) -> float:
        return self.seconds / 3600

    def key(self) -> str:
        """Of the run and of the programs that make it."""
        made_by = b"".join((HERE / name).read_bytes() for name in ("camera.py", "cases.py", "ground.py", "incidents.py", "junction.py", "traffic.py", "wreck.py"))
        return hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode() + made_by).hexdigest()[:16]


@dataclass
class Truth:
    """What is true about a run."""

    incidents: list[traffic.Incident]
    # Seconds at which a vehicle left the south approach.
    discharged: list[float]


def make(case: Case, cache: Path) -> tuple[Path, Truth]:
    """Detections and truth; from the cache when they were made before."""
    folder = cache / case.key()
    detections, truth_file = folder / "detections.txt", folder / "truth.json"
    if not truth_file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run([sys.executable, __file__, folder], input=json.dumps(dataclasses.asdict(case)), text=True, capture_output=True)
        if done.returncode != 0:
            sys.exit(f"scorecard: the run `{case.name}` could not be made: {done.stderr.strip()[-2000:]}")
    truth = json.loads(truth_file.read_text())
    return detections, Truth([traffic.Incident(**incident) for incident in truth["incidents"]], truth["discharged"])


def simulate(case: Case, folder: Path) -> None:
    """Writes detections and truth of the run into `folder`; in a process of its own, because SUMO allows one run a process."""
    with tempfile.TemporaryDirectory() as work:
        place = Path(work)
        network = junction.build(place, Path(sys.prefix) / "bin" / "netconvert")
        route_file = traffic.routes(place, case.seconds, case.demand, case.seed)
        run = traffic.Run(place, network, case.signal, route_file, 1 / case.fps, case.seed)
        injector = incidents.Injector(run, list(case.kinds), case.gap_s, case.seed)
        detector = camera.Detector(case.noise, case.seed)
        watch = Watch()
        with (folder / "detections.txt").open("w") as out:
            for frame, (at, things) in enumerate(injector, start=1):
                camera.write(detector.detect(frame, camera.picture(ground.CAMERA, [t for t in things if math.hypot(t.x, t.y) < 75])), out)
                watch.look(at, things)
                if at >= case.seconds:
                    break
        run.close()
    truth = {"incidents": [dataclasses.asdict(incident) for incident in injector.incidents], "discharged": watch.discharged}
    unfinished = folder / "truth.json.new"
    unfinished.write_text(json.dumps(truth))
    unfinished.rename(folder / "truth.json")


class Watch:
    """Counts on the south approach what the agent should."""

    def __init__(self) -> None:
        self.discharged: list[float] = []
        self.on_approach: set[str] = set()

    def look(self, at: float, things: list[traffic.Thing]) -> None:
        here = [thing for thing in things if -ground.ROAD_M < thing.x < 0 and thing.y < -junction.BOX_M and math.sin(thing.heading) > 0.9]
        self.on_approach |= {thing.id for thing in here}
        # Who turns has another heading before the end of the approach.
        gone = self.on_approach & {thing.id for thing in things if thing.y > -junction.BOX_M}
        self.discharged += [at] * len(gone)
        self.on_approach -= gone


def main() -> None:
    case = json.loads(sys.stdin.read())
    parts = {"demand": traffic.Demand, "noise": camera.Noise, "signal": junction.Signal}
    case |= {name: kind(**case[name]) for name, kind in parts.items()} | {"kinds": tuple(case["kinds"])}
    simulate(Case(**case), Path(sys.argv[1]))


if __name__ == "__main__":
    main()
