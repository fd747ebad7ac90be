"""What an impact does to vehicles: common speed, sliding, turning, machines that fall, people who get out.

Two vehicles that meet share their momentum (plastic impact) and slide to rest; whoever is not a car or larger falls over. Sliding: 4 to 7 m/s² on rubber,
3.5 to 6 m/s² for a machine on its side (accident reconstruction: drag factors 0.35 to 0.7). After a rear-end impact cars stand askew by some degrees and
beside their line by some decimetres, fallen machines lie in any direction. Drivers get out within half a minute, most riders get up, some passers-by help.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

from traffic import Thing

MASS_KG = {4: 190.0, 3: 1200.0, 8: 4500.0, 6: 8000.0}
MOTORCYCLE = 4
RUBBER, ON_ITS_SIDE = (4.0, 7.0), (3.5, 6.0)
TURNS_FOR_S = 0.8
LENGTH_DOWN = 1.8


@dataclass(frozen=True)
class Wreck:
    """How a vehicle lies after an impact at `since`."""

    since: float
    turned: float
    sideways: float
    is_down: bool

    def dress(self, at: float, thing: Thing) -> Thing:
        """`thing` as it lies at this moment."""
        share = min(1.0, max(0.0, at - self.since) / TURNS_FOR_S)
        placed = replace(thing, x=thing.x + share * self.sideways, heading=thing.heading + share * self.turned)
        # Machine and rider beside it are as wide as the machine is long.
        return replace(placed, width=LENGTH_DOWN, height=0.6) if self.is_down and share > 0.5 else placed


@dataclass(frozen=True)
class Bystander:
    """Somebody on foot who stands there for a time."""

    name: str
    since: float
    until: float
    x: float
    y: float

    def thing(self) -> Thing:
        return Thing(self.name, 1, self.x, self.y, 0.0, 0.5, 0.5, 1.7, 0.0)


def common_speed(front: Thing, front_speed: float, rear: Thing, rear_speed: float) -> float:
    """Of both after the impact."""
    front_kg, rear_kg = MASS_KG[front.coco], MASS_KG[rear.coco]
    return (front_kg * front_speed + rear_kg * rear_speed) / (front_kg + rear_kg)


def slides(chance: random.Random, thing: Thing) -> float:
    """Deceleration in m/s²."""
    return chance.uniform(*(ON_ITS_SIDE if thing.coco == MOTORCYCLE else RUBBER))


def wreck(chance: random.Random, thing: Thing, at: float) -> Wreck:
    """How `thing` comes to lie after an impact at `at`."""
    is_down = thing.coco == MOTORCYCLE
    turned = math.radians(chance.uniform(20, 100) if is_down else chance.uniform(3, 30) if thing.coco == 3 else chance.uniform(0, 5))
    return Wreck(at, chance.choice((-1, 1)) * turned, chance.uniform(-0.6, 0.6), is_down)


def people(chance: random.Random, name: str, parties: list[Thing], place: tuple[float, float], at: float, until: float) -> list[Bystander]:
    """Who stands around `place` after an impact at `at`."""
    there = []
    for number, party in enumerate(parties):
        is_rider = party.coco == MOTORCYCLE
        if is_rider and chance.random() < 0.25:
            continue  # hurt: does not get up
        since = at + (chance.uniform(3, 10) if is_rider else chance.uniform(8, 30))
        beside = chance.choice((-1, 1)) * (party.width / 2 + chance.uniform(0.5, 1.2))
        there.append(Bystander(f"{name}-party{number}", since, until, place[0] + beside, place[1] + chance.uniform(-1, 1)))
    for number in range(chance.choice((0, 0, 1, 2, 3, 4))):
        angle, away = chance.uniform(0, 2 * math.pi), chance.uniform(1.2, 3.0)
        since = at + chance.uniform(10, 45)
        there.append(Bystander(f"{name}-helper{number}", since, until, place[0] + away * math.cos(angle), place[1] + away * math.sin(angle)))
    return [one for one in there if one.since < until]
