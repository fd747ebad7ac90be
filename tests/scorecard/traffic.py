"""Traffic of one run in SUMO, with incidents put in: what stands where on the road, frame by frame.

Sublane model: motorcycles filter between cars and wait side by side. Vehicles follow SUMO's own models except those of an incident, whose speed is set
from outside while it lasts.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator

import junction

# Share of the demand, SUMO shape, length and width in metres, COCO id. Three in four are motorcycles.
KINDS = {
    "motorcycle": (0.75, "motorcycle", 1.9, 0.8, 4),
    "car": (0.20, "passenger", 4.4, 1.8, 3),
    "bus": (0.02, "bus", 9.0, 2.5, 6),
    "truck": (0.03, "truck", 7.5, 2.4, 8),
}
HEIGHTS_M = {"motorcycle": 1.6, "car": 1.5, "bus": 3.2, "truck": 3.0}
# Who stands in the middle for so long is driven around: people find a way, SUMO's vehicles would block each other for ever.
BLOCKS_FOR_S = 15
# Farther from the middle of the junction nothing is in the picture.
REACH_M = 80.0
# At most, and in an emergency: SUMO's own for cars. Its motorcycles would brake at red like in a crash (10 m/s²).
BRAKING_MS2 = (4.5, 9.0)
TURNS = {"straight": 0.6, "left": 0.2, "right": 0.2}
# Clockwise, so that the next one is to the left of who comes in: one drives on the left and turns left into the next arm.
ROUND = ["north", "east", "south", "west"]


@dataclass(frozen=True)
class Thing:
    """A road user on the ground: middle in metres, direction in radians from east, counter-clockwise; size in metres."""

    id: str
    coco: int
    x: float
    y: float
    heading: float
    length: float
    width: float
    height: float
    speed: float


@dataclass
class Incident:
    """What is true about one incident. Seconds of the run, metres on the ground."""

    kind: str
    start: float
    end: float
    x: float
    y: float
    vehicles: list[str] = field(default_factory=list)
    # Of who drives against the traffic.
    speed: float = 0.0
    coco: int = 0


@dataclass(frozen=True)
class Demand:
    """Vehicles an hour towards the junction on each arm; another number from a moment of the run on."""

    per_hour: float
    then: float | None = None
    from_s: float = 0.0

    def at(self, second: float) -> float:
        return self.then if self.then is not None and second >= self.from_s else self.per_hour


def routes(folder: Path, seconds: int, demand: Demand, seed: int) -> Path:
    """Departures drawn minute by minute (Poisson), into a SUMO route file."""
    chance = random.Random(seed)
    lines = []
    for name, (_, shape, length, width, _) in KINDS.items():
        agile = 'latAlignment="arbitrary" minGapLat="0.3" maxSpeedLat="1.5" lcPushy="0.6"' if name == "motorcycle" else 'latAlignment="center" minGapLat="0.5"'
        lines.append(
            f'<vType id="{name}" vClass="{shape}" length="{length}" width="{width}" minGap="{1.0 if name == "motorcycle" else 2.0}" tau="1.1" '
            f'decel="{BRAKING_MS2[0]}" emergencyDecel="{BRAKING_MS2[1]}" sigma="0.4" speedFactor="normc(0.9,0.15,0.5,1.2)" lcSublane="1" {agile}/>'
        )
    departures = []
    for arm in junction.ARMS:
        at = 0.0
        while True:
            at += chance.expovariate(max(demand.at(at), 1.0) / 3600)
            if at >= seconds:
                break
            departures.append((at, arm, chance.choices(list(KINDS), [kind[0] for kind in KINDS.values()])[0], chance.choices(list(TURNS), TURNS.values())[0]))
    departures.sort()
    for number, (at, arm, kind, turn) in enumerate(departures):
        leaves = ROUND[(ROUND.index(arm) + {"straight": 2, "left": 1, "right": 3}[turn]) % 4]
        lines.append(
            f'<vehicle id="{kind}{number}" type="{kind}" depart="{at:.2f}" departLane="best" departSpeed="max" departPosLat="random">'
            f'<route edges="{arm}-in {leaves}-out"/></vehicle>'
        )
    path = folder / "demand.rou.xml"
    path.write_text(f"<routes>{''.join(lines)}</routes>")
    return path


class Run:
    """A run of SUMO that yields what is on the road at each step."""

    def __init__(self, folder: Path, network: Path, signal: junction.Signal, route_file: Path, step_s: float, seed: int) -> None:
        import libsumo

        self.sumo = libsumo
        self.step_s = step_s
        programme = folder / "signal.add.xml"
        programme.write_text(junction.programme(network, signal))
        libsumo.start(
            ["sumo", "-n", str(network), "-r", str(route_file), "-a", str(programme), "--step-length", str(step_s), "--lateral-resolution", "0.8"]
            + ["--collision.action", "none", "--time-to-teleport", "-1", "--ignore-junction-blocker", str(BLOCKS_FOR_S), "--no-step-log", "true", "--no-warnings", "true", "--seed", str(seed)]
        )

    def __iter__(self) -> Iterator[tuple[float, list[Thing]]]:
        while self.sumo.simulation.getMinExpectedNumber() > 0:
            self.sumo.simulationStep()
            known = (self.thing(vehicle) for vehicle in self.sumo.vehicle.getIDList())
            yield self.sumo.simulation.getTime(), [thing for thing in known if thing is not None]

    def close(self) -> None:
        self.sumo.close()

    def thing(self, vehicle: str) -> Thing | None:
        """None where no camera looks."""
        front_x, front_y = self.sumo.vehicle.getPosition(vehicle)
        if math.hypot(front_x, front_y) > REACH_M:
            return None
        kind = vehicle.rstrip("0123456789")
        _, _, length, width, coco = KINDS[kind]
        # SUMO's angle is clockwise from north and its position is the front bumper's.
        heading = math.radians(90.0 - self.sumo.vehicle.getAngle(vehicle))
        x, y = front_x - length / 2 * math.cos(heading), front_y - length / 2 * math.sin(heading)
        return Thing(vehicle, coco, x, y, heading, length, width, HEIGHTS_M[kind], self.sumo.vehicle.getSpeed(vehicle))
