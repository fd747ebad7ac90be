"""The runs of `make score-learn`: a quarter of an hour of detections of a whole junction, with what is true about it. Made once and kept."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import camera
import learn_site
import traffic

HERE = Path(__file__).resolve().parent
# The roads fill before the camera looks.
BEFORE_S = 120
TURNS = {"straight": 0.5, "left": 0.27, "right": 0.23}


@dataclass(frozen=True)
class Case:
    """One run."""

    arms: int
    seed: int
    seconds: int = 900
    fps: float = 8.0
    noise: camera.Noise = field(default_factory=camera.Noise)
    # A camera that hangs askew and bends lines, and vehicles that are up to a seventh larger or smaller than usual.
    is_rough: bool = False

    @property
    def name(self) -> str:
        return f"{self.arms} arms, seed {self.seed}{', rough' if self.is_rough else ''}"

    def key(self) -> str:
        """Of the run and of the programs that make it."""
        made_by = b"".join((HERE / name).read_bytes() for name in ("camera.py", "learn_cases.py", "learn_site.py", "traffic.py"))
        return hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode() + made_by).hexdigest()[:16]


@dataclass
class Truth:
    """What is true about a run."""

    camera: learn_site.SiteCamera
    lanes: list[learn_site.Lane]
    # By vehicle: arm it comes from, arm it leaves by, seconds of the film at which it passes the stop line and enters its exit.
    vehicles: dict[str, tuple[str, str, float | None, float | None]]
    # True boxes of what the picture shows, by frame: vehicle, left, top, right, bottom, visible share.
    boxes: dict[int, list[tuple[str, float, float, float, float, float]]]


def make(case: Case, cache: Path) -> tuple[Path, Truth]:
    """Detections and truth; from the cache when they were made before."""
    folder = cache / case.key()
    if not (folder / "truth.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run([sys.executable, __file__, folder], input=json.dumps(dataclasses.asdict(case)), text=True, capture_output=True)
        if done.returncode != 0:
            sys.exit(f"score-learn: the run `{case.name}` could not be made: {done.stderr.strip()[-2000:]}")
    truth = json.loads((folder / "truth.json").read_text())
    boxes: dict[int, list] = {}
    for line in (folder / "boxes.csv").read_text().splitlines():
        frame, vehicle, *sides = line.split(",")
        boxes.setdefault(int(frame), []).append((vehicle, *map(float, sides)))
    lanes = [learn_site.Lane(lane["arm"], lane["way"], lane["index"], tuple(map(tuple, lane["shape"]))) for lane in truth["lanes"]]
    return folder / "detections.txt", Truth(learn_site.SiteCamera(**truth["camera"]), lanes, {name: tuple(of) for name, of in truth["vehicles"].items()}, boxes)


def routes(folder: Path, site: learn_site.Site, seconds: int, seed: int) -> Path:
    """Departures drawn from the seed (Poisson), with the vehicles of the other runs."""
    chance = random.Random(f"routes {seed}")
    lines = []
    for name, (_, shape, length, width, _) in traffic.KINDS.items():
        agile = 'latAlignment="arbitrary" minGapLat="0.3" maxSpeedLat="1.5" lcPushy="0.6"' if name == "motorcycle" else 'latAlignment="center" minGapLat="0.5"'
        lines.append(
            f'<vType id="{name}" vClass="{shape}" length="{length}" width="{width}" minGap="{1.0 if name == "motorcycle" else 2.0}" tau="1.1" '
            f'decel="{traffic.BRAKING_MS2[0]}" emergencyDecel="{traffic.BRAKING_MS2[1]}" sigma="0.4" speedFactor="normc(0.9,0.15,0.5,1.2)" lcSublane="1" {agile}/>'
        )
    departures = []
    for arm in site.arms:
        exits = ways_on(site, arm)
        when = 0.0
        while (when := when + chance.expovariate(arm.per_hour / 3600)) < seconds:
            kind = chance.choices(list(traffic.KINDS), [kind[0] for kind in traffic.KINDS.values()])[0]
            departures.append((when, arm.name, kind, chance.choices(list(exits), exits.values())[0]))
    for number, (when, arm, kind, leaves) in enumerate(sorted(departures)):
        lines.append(
            f'<vehicle id="{kind}{number}" type="{kind}" depart="{when:.2f}" departLane="best" departSpeed="max" departPosLat="random">'
            f'<route edges="{arm}-in {leaves}-out"/></vehicle>'
        )
    path = folder / "demand.rou.xml"
    path.write_text(f"<routes>{''.join(lines)}</routes>")
    return path


def ways_on(site: learn_site.Site, arm: learn_site.Arm) -> dict[str, float]:
    """The arms one can leave by, with their shares: by how far one turns."""
    shares = {}
    for other in site.arms:
        if other.name != arm.name:
            turn = (other.bearing_deg - arm.bearing_deg - 180 + 180) % 360 - 180
            shares[other.name] = TURNS["straight" if abs(turn) < 45 else "left" if turn > 0 else "right"]
    return shares


class Run(traffic.Run):
    """A run whose signals are those that SUMO gives such a junction."""

    def __init__(self, network: Path, route_file: Path, step_s: float, seed: int) -> None:
        import libsumo

        self.sumo, self.step_s = libsumo, step_s
        libsumo.start(
            ["sumo", "-n", str(network), "-r", str(route_file), "--step-length", str(step_s), "--lateral-resolution", "0.8", "--collision.action", "none"]
            + ["--time-to-teleport", "-1", "--no-step-log", "true", "--no-warnings", "true", "--seed", str(seed)]
        )


class Watch:
    """Who comes from where, goes where, and when."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.vehicles: dict[str, list] = {}

    def look(self, at: float, things: list[traffic.Thing]) -> None:
        for thing in things:
            known = self.vehicles.get(thing.id)
            if known is None:
                first, last = self.run.sumo.vehicle.getRoute(thing.id)
                known = self.vehicles[thing.id] = [first.rsplit("-", 1)[0], last.rsplit("-", 1)[0], None, None]
            if known[3] is None:
                road = self.run.sumo.vehicle.getRoadID(thing.id)
                if known[2] is None and not road.endswith("-in"):
                    known[2] = at
                if road.endswith("-out"):
                    known[3] = at


def sized(thing: traffic.Thing) -> traffic.Thing:
    """The same vehicle in a size of its own."""
    chance = random.Random(thing.id)
    length, width, height = (side * chance.uniform(0.86, 1.14) for side in (thing.length, thing.width, thing.height))
    return dataclasses.replace(thing, length=length, width=width, height=height)


def simulate(case: Case, folder: Path) -> None:
    """Writes detections, boxes and truth into `folder`; in a process of its own, because SUMO allows one run a process."""
    site = learn_site.site(case.arms, case.seed)
    with tempfile.TemporaryDirectory() as work:
        network = learn_site.build(site, Path(work))
        lanes = learn_site.lanes(network)
        pole = learn_site.place_camera(lanes, case.arms, case.seed, case.is_rough)
        run = Run(network, routes(Path(work), site, BEFORE_S + case.seconds, case.seed), 1 / case.fps, case.seed)
        detector, watch = camera.Detector(case.noise, case.seed), Watch(run)
        with (folder / "detections.txt").open("w") as out, (folder / "boxes.csv").open("w") as boxes:
            for at, things in run:
                watch.look(at - BEFORE_S, things)
                frame = round((at - BEFORE_S) * case.fps) + 1
                if frame > case.seconds * case.fps:
                    break
                if frame >= 1:
                    seen = learn_site.picture(pole, [sized(thing) for thing in things] if case.is_rough else things)
                    camera.write(detector.detect(frame, seen), out)
                    for item in seen:
                        boxes.write(f"{frame},{item.thing.id},{item.left:.0f},{item.top:.0f},{item.right:.0f},{item.bottom:.0f},{item.visible:.2f}\n")
        run.close()
    truth = {"camera": dataclasses.asdict(pole), "lanes": [dataclasses.asdict(lane) for lane in lanes], "vehicles": watch.vehicles}
    unfinished = folder / "truth.json.new"
    unfinished.write_text(json.dumps(truth))
    unfinished.rename(folder / "truth.json")


def main() -> None:
    case = json.loads(sys.stdin.read())
    simulate(Case(**case | {"noise": camera.Noise(**case["noise"])}), Path(sys.argv[1]))


if __name__ == "__main__":
    main()
