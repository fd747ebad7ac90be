"""Incidents that are put into the traffic of a run, and the truth about them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Iterator

import junction
import wreck
from traffic import Incident, Run, Thing

# Where incidents happen: well inside the picture of the card's camera, metres south of the middle.
NEAR_M, FAR_M = 14.0, 42.0
BRAKING = 9.0  # m/s²: tyres on a dry road
GENTLE = 2.5
# Two vehicles meet only when they lie this far over each other's width.
COVERED = 0.8
WRONG_WAY_LANE_M = junction.LANES * junction.LANE_M - 1.2


@dataclass
class Held:
    """A vehicle whose speed is set from outside."""

    vehicle: str
    speed: float
    braking: float
    brakes_from: float
    released_at: float


@dataclass
class Pursuit:
    """A follower who does not see that the leader brakes, until they meet."""

    incident: Incident
    leader: str
    follower: str
    ahead: float
    lasts: float


class Injector:
    """Puts one incident after the other into a run, `gap_s` apart, of the kinds in turn."""

    def __init__(self, run: Run, kinds: list[str], gap_s: float, seed: int) -> None:
        self.run = run
        self.kinds = kinds
        self.gap_s = gap_s
        self.chance = random.Random(seed)
        self.incidents: list[Incident] = []
        self.held: list[Held] = []
        self.wrecks: dict[str, wreck.Wreck] = {}
        self.bystanders: list[wreck.Bystander] = []
        self.pursuits: list[Pursuit] = []
        self.next_at = 120.0

    def __iter__(self) -> Iterator[tuple[float, list[Thing]]]:
        for at, things in self.run:
            if self.kinds and at >= self.next_at and self.begin(at, things):
                self.next_at = self.incidents[-1].end + self.gap_s
            self.meet(at, things)
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
            if kind == "fall" and thing.coco == wreck.MOTORCYCLE and thing.speed > 5 and self.hold(at, thing, kind, wreck.slides(self.chance, thing), 0.0):
                self.lies(at, [thing])
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

    def lies(self, at: float, parties: list[Thing]) -> None:
        """The newest incident is an impact at `at`."""
        incident = self.incidents[-1]
        for thing in parties:
            self.wrecks[thing.id] = wreck.wreck(self.chance, thing, at)
        name = f"person{len(self.incidents)}"
        self.bystanders += wreck.people(self.chance, name, parties, (incident.x, incident.y), at, incident.end)

    def begin_crash(self, at: float, leader: Thing, there: list[Thing]) -> bool:
        """The one behind does not brake and runs into the leader, who brakes hard."""
        ahead = math.copysign(1.0, math.sin(leader.heading))
        for follower in there:
            gap = gap_m(leader, follower, ahead)
            covers = abs(leader.x - follower.x) < COVERED * (leader.width + follower.width) / 2
            if follower.id == leader.id or not 3 < gap < 14 or not covers or follower.speed < 6 or math.copysign(1.0, math.sin(follower.heading)) != ahead:
                continue
            stops = leader.y + ahead * leader.speed**2 / (2 * BRAKING)
            travel = gap + leader.speed**2 / (2 * BRAKING)
            # What slides on after the impact must still be in the picture.
            slides = wreck.common_speed(leader, 0.0, follower, follower.speed) ** 2 / (2 * wreck.ON_ITS_SIDE[0])
            if not -FAR_M < stops + ahead * slides < -NEAR_M:
                return False
            contact, lasts = at + travel / follower.speed, self.chance.uniform(60, 150)
            self.take(leader, BRAKING, at, contact + lasts)
            self.take(follower, 0.0, at, contact + lasts)
            self.incidents.append(Incident("crash", contact, contact + lasts, leader.x, stops, [leader.id, follower.id]))
            self.pursuits.append(Pursuit(self.incidents[-1], leader.id, follower.id, ahead, lasts))
            return True
        return False

    def meet(self, at: float, things: list[Thing]) -> None:
        """Those who reach whom they follow within the next step share their momentum and slide to rest."""
        known, held = {thing.id: thing for thing in things}, {held.vehicle: held for held in self.held}
        for pursuit in list(self.pursuits):
            names = (pursuit.leader, pursuit.follower)
            if not all(name in known and name in held for name in names):
                self.pursuits.remove(pursuit)
                continue
            leader, follower = (known[name] for name in names)
            front, rear = (held[name] for name in names)
            gap = gap_m(leader, follower, pursuit.ahead)
            if gap - (rear.speed - front.speed) * self.run.step_s > 0.0:
                continue
            self.pursuits.remove(pursuit)
            speed = wreck.common_speed(leader, front.speed, follower, rear.speed)
            for one, thing in ((front, leader), (rear, follower)):
                one.speed, one.braking, one.brakes_from, one.released_at = speed, wreck.slides(self.chance, thing), at, at + pursuit.lasts
            # They stay together: what is pushed does not leave what pushes it.
            rear.braking = max(rear.braking, front.braking)
            incident = pursuit.incident
            incident.start, incident.end = at, at + pursuit.lasts
            incident.x, incident.y = leader.x, leader.y + pursuit.ahead * speed**2 / (2 * front.braking)
            self.lies(at, [leader, follower])

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
        yield from (one.thing() for one in self.bystanders if one.since <= at <= one.until)

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
        """As an impact left it, until it is cleared away."""
        wrecked = self.wrecks.get(thing.id)
        return thing if wrecked is None or thing.id not in self.controlled() else wrecked.dress(at, thing)


def gap_m(leader: Thing, follower: Thing, ahead: float) -> float:
    """Bumper to bumper along the road; `ahead` is 1 to the north, -1 to the south."""
    return (leader.y - follower.y) * ahead - (leader.length + follower.length) / 2
