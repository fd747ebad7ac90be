"""Incidents that are put into the traffic of a run, and the truth about them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import Iterator

import junction
from traffic import Incident, Run, Thing

# Where incidents happen: well inside the picture of the card's camera, metres south of the middle.
NEAR_M, FAR_M = 14.0, 42.0
BRAKING = 9.0  # m/s²: tyres on a dry road
GENTLE = 2.5
WRONG_WAY_LANE_M = junction.LANES * junction.LANE_M - 1.2


@dataclass
class Held:
    """A vehicle whose speed is set from outside."""

    vehicle: str
    speed: float
    braking: float
    brakes_from: float
    released_at: float


class Injector:
    """Puts one incident after the other into a run, `gap_s` apart, of the kinds in turn."""

    def __init__(self, run: Run, kinds: list[str], gap_s: float, seed: int) -> None:
        self.run = run
        self.kinds = kinds
        self.gap_s = gap_s
        self.chance = random.Random(seed)
        self.incidents: list[Incident] = []
        self.held: list[Held] = []
        self.fallen: dict[str, float] = {}
        self.next_at = 120.0

    def __iter__(self) -> Iterator[tuple[float, list[Thing]]]:
        for at, things in self.run:
            if self.kinds and at >= self.next_at and self.begin(at, things):
                self.next_at = self.incidents[-1].end + self.gap_s
            self.steer(at)
            yield at, [self.dressed(at, thing) for thing in things] + list(self.overlaid(at))

    def begin(self, at: float, things: list[Thing]) -> bool:
        """Tries to begin the incident that is due; the next step tries again when no vehicle fits."""
        kind = self.kinds[len(self.incidents) % len(self.kinds)]
        if kind == "wrong_way":
            return self.begin_wrong_way(at)
        there = [thing for thing in things if self.is_there(thing)]
        self.chance.shuffle(there)
        for thing in there:
            if kind == "breakdown" and thing.coco != 1 and self.hold(at, thing, kind, GENTLE, thing.speed / GENTLE):
                return True
            if kind == "fall" and thing.coco == 4 and thing.speed > 5 and self.hold(at, thing, kind, BRAKING * 0.8, 0.0):
                self.fallen[thing.id] = at
                return True
            if kind == "crash" and thing.speed > 6 and self.begin_crash(at, thing, there):
                return True
        return False

    def is_there(self, thing: Thing) -> bool:
        return abs(thing.x) < 7 and -FAR_M < thing.y < -NEAR_M and abs(math.sin(thing.heading)) > 0.95 and thing.speed > 2 and thing.id not in self.controlled()

    def controlled(self) -> set[str]:
        return {held.vehicle for held in self.held}

    def hold(self, at: float, thing: Thing, kind: str, braking: float, stops_after: float) -> bool:
        # Where it comes to rest must still be in the picture.
        reach = thing.y + math.copysign(thing.speed**2 / (2 * braking), math.sin(thing.heading))
        if not -FAR_M < reach < -NEAR_M:
            return False
        lasts = self.chance.uniform(150, 240) if kind == "breakdown" else self.chance.uniform(60, 150)
        self.take(thing, braking, at, at + lasts)
        self.incidents.append(Incident(kind, at + stops_after, at + lasts, thing.x, reach, [thing.id]))
        return True

    def begin_crash(self, at: float, leader: Thing, there: list[Thing]) -> bool:
        """The one behind does not brake and runs into the leader, who brakes hard."""
        ahead = math.copysign(1.0, math.sin(leader.heading))
        for follower in there:
            gap = (leader.y - follower.y) * ahead - (leader.length + follower.length) / 2
            sideways = abs(leader.x - follower.x)
            if follower.id == leader.id or not 3 < gap < 14 or sideways > 0.9 or follower.speed < 6 or math.copysign(1.0, math.sin(follower.heading)) != ahead:
                continue
            stops = leader.y + ahead * leader.speed**2 / (2 * BRAKING)
            travel = gap + leader.speed**2 / (2 * BRAKING)
            if not -FAR_M < stops < -NEAR_M:
                return False
            contact, lasts = at + travel / follower.speed, self.chance.uniform(60, 150)
            self.take(leader, BRAKING, at, contact + lasts)
            self.take(follower, 30.0, contact, contact + lasts)
            self.incidents.append(Incident("crash", contact, contact + lasts, leader.x, stops, [leader.id, follower.id]))
            return True
        return False

    def begin_wrong_way(self, at: float) -> bool:
        coco = 4 if self.chance.random() < 0.7 else 3
        speed = self.chance.uniform(4, 8)
        lasts = (FAR_M + 20 - NEAR_M) / speed
        name = f"against{len(self.incidents)}"
        self.incidents.append(Incident("wrong_way", at, at + lasts, WRONG_WAY_LANE_M, -FAR_M - 20, [name], speed, coco))
        return True

    def overlaid(self, at: float) -> Iterator[Thing]:
        for number, incident in enumerate(self.incidents):
            if incident.kind == "wrong_way" and incident.start <= at <= incident.end:
                length, width, height = (1.9, 0.8, 1.6) if incident.coco == 4 else (4.4, 1.8, 1.5)
                y = incident.y + incident.speed * (at - incident.start)
                yield Thing(f"against{number}", incident.coco, incident.x, y, math.pi / 2, length, width, height, incident.speed)
            if incident.kind == "fall" and incident.start + 4 <= at <= incident.end:
                # The rider, or somebody who helps, stands beside the machine.
                yield Thing(f"person{number}", 1, incident.x + 1.3, incident.y, 0.0, 0.5, 0.5, 1.7, 0.0)

    def take(self, thing: Thing, braking: float, brakes_from: float, released_at: float) -> None:
        vehicle = self.run.sumo.vehicle
        vehicle.setSpeedMode(thing.id, 0)
        vehicle.setLaneChangeMode(thing.id, 0)
        self.held.append(Held(thing.id, thing.speed, braking, brakes_from, released_at))

    def steer(self, at: float) -> None:
        vehicle = self.run.sumo.vehicle
        there = set(vehicle.getIDList())
        for held in list(self.held):
            if held.vehicle not in there:
                self.held.remove(held)
            elif at >= held.released_at:
                vehicle.setSpeedMode(held.vehicle, 31)
                vehicle.setLaneChangeMode(held.vehicle, 1621)
                vehicle.setSpeed(held.vehicle, -1)
                self.held.remove(held)
            else:
                if at >= held.brakes_from:
                    held.speed = max(0.0, held.speed - held.braking * self.run.step_s)
                vehicle.setSpeed(held.vehicle, held.speed)

    def dressed(self, at: float, thing: Thing) -> Thing:
        """A motorcycle that has fallen lies on its side."""
        since = self.fallen.get(thing.id)
        is_down = since is not None and at > since + 0.5 and thing.id in self.controlled()
        return replace(thing, width=1.8, height=0.6) if is_down else thing
