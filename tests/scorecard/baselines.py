"""The two rules that most published work and most products come down to, on the same tracks: what ours must beat.

"Overlap and speed drop": two boxes overlap and one of the two loses most of its speed within a second (Ijjina et al. 2019, without their angle term).
"Stopped": a vehicle stays where it is for longer than a number of seconds. Both see boxes of vehicles only and know nothing of lanes, queues or signals.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator

from matching import Alert

# COCO: bicycle, car, motorcycle, bus, truck.
VEHICLES = {2, 3, 4, 6, 8}
# Own lengths (root of the box's area) a second before, and the share of that speed which is left after.
FAST, LEFT = 1.0, 0.2
WINDOW_S = 1.0
# Own lengths that a standing box may tremble.
DRIFT = 0.3
# One alert for what stands or touches within this distance (own lengths) and time.
SAME, SAME_S = 3.0, 60.0


@dataclass
class Box:
    left: float
    top: float
    right: float
    bottom: float

    @property
    def foot(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, self.bottom

    @property
    def size(self) -> float:
        return math.sqrt(max(1.0, (self.right - self.left) * (self.bottom - self.top)))

    def overlaps(self, other: Box) -> bool:
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom


@dataclass
class Alarms:
    """Told once a place and time."""

    name: str
    known: set[tuple[int, float]] = field(default_factory=set)
    told: list[tuple[float, float, float]] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)

    def tell(self, track: int, started: float, at: float, box: Box) -> None:
        """What `track` did from `started` on is told once, and so is all that happens around it then."""
        if (track, started) in self.known:
            return
        self.known.add((track, started))
        x, y = box.foot
        self.told = [one for one in self.told if at - one[0] < SAME_S]
        if not any(math.hypot(x - a, y - b) < SAME * box.size for _, a, b in self.told):
            self.alerts.append(Alert(self.name, "gambar", started, at))
            self.told.append((at, x, y))


def frames(tracks: Path, fps: float) -> Iterator[tuple[float, dict[int, Box]]]:
    """Vehicles of each frame by track, from MOTChallenge rows."""
    rows: dict[int, dict[int, Box]] = defaultdict(dict)
    for line in tracks.read_text().splitlines():
        frame, track, left, top, width, height, _, kind = line.split(",")[:8]
        if int(float(kind)) in VEHICLES:
            rows[int(frame)][int(track)] = Box(float(left), float(top), float(left) + float(width), float(top) + float(height))
    for frame in sorted(rows):
        yield frame / fps, rows[frame]


def overlap_and_speed_drop(tracks: Path, fps: float) -> list[Alert]:
    alarms, trails = Alarms("collision"), defaultdict(list)
    for at, boxes in frames(tracks, fps):
        for track, box in boxes.items():
            trail = trails[track]
            trail.append((at, box))
            while at - trail[0][0] > 2 * WINDOW_S:
                trail.pop(0)
            if drops(trail, at) and any(box.overlaps(other) for name, other in boxes.items() if name != track):
                alarms.tell(track, at, at, box)
    return alarms.alerts


def drops(trail: list[tuple[float, Box]], at: float) -> bool:
    """Whether the last second was much slower than the one before."""
    middle = next((one for one in trail if at - one[0] <= WINDOW_S), None)
    if middle is None or at - trail[0][0] < 1.8 * WINDOW_S:
        return False
    speed = lambda a, b: math.dist(a[1].foot, b[1].foot) / max(b[0] - a[0], 1e-6) / b[1].size  # noqa: E731
    before, after = speed(trail[0], middle), speed(middle, trail[-1])
    return before > FAST and after < LEFT * before


def stopped(tracks: Path, fps: float, seconds: float) -> list[Alert]:
    alarms, rests = Alarms("collision"), {}
    for at, boxes in frames(tracks, fps):
        for track, box in boxes.items():
            since, place = rests.get(track, (at, box))
            if math.dist(place.foot, box.foot) > DRIFT * box.size:
                since, place = at, box
            rests[track] = (since, place)
            if at - since >= seconds:
                alarms.tell(track, since, at, box)
        rests = {track: rest for track, rest in rests.items() if track in boxes or at - rest[0] < 2 * seconds}
    return alarms.alerts
