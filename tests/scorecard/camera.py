"""A pinhole camera on a pole, and what a detector would say about the road users in its picture.

Boxes are the pictures of upright cuboids on the ground. A detector's faults are drawn from a seed: edges that tremble, misses (more for small and for
half-hidden things, in bursts), packs of motorcycles that become one box, boxes where nothing is, wrong classes.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from traffic import Thing

WIDTH, HEIGHT = 1280, 720


@dataclass(frozen=True)
class Camera:
    """Where it hangs (metres) and where it looks; horizontal opening in degrees."""

    x: float
    y: float
    z: float
    look_x: float
    look_y: float
    opening_deg: float = 78.0

    def axes(self) -> tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]:
        forward = (self.look_x - self.x, self.look_y - self.y, -self.z)
        length = math.sqrt(sum(part * part for part in forward))
        forward = tuple(part / length for part in forward)
        flat = math.hypot(forward[0], forward[1])
        right = (forward[1] / flat, -forward[0] / flat, 0.0)
        down = (
            forward[1] * right[2] - forward[2] * right[1],
            forward[2] * right[0] - forward[0] * right[2],
            forward[0] * right[1] - forward[1] * right[0],
        )
        return right, down, forward

    def project(self, x: float, y: float, z: float) -> tuple[float, float, float] | None:
        """Pixel and distance along the axis; None behind the camera."""
        right, down, forward = self.axes()
        offset = (x - self.x, y - self.y, z - self.z)
        dot = lambda axis: sum(a * b for a, b in zip(axis, offset))  # noqa: E731
        depth = dot(forward)
        if depth < 1.0:
            return None
        focal = WIDTH / 2 / math.tan(math.radians(self.opening_deg) / 2)
        return WIDTH / 2 + focal * dot(right) / depth, HEIGHT / 2 + focal * dot(down) / depth, depth


@dataclass(frozen=True)
class Seen:
    """A road user in the picture: pixels, whole extent; distance; share of it that the picture shows and nothing nearer hides."""

    thing: Thing
    left: float
    top: float
    right: float
    bottom: float
    depth: float
    visible: float


def picture(camera: Camera, things: list[Thing]) -> list[Seen]:
    """What is in the picture, nearest first."""
    boxes = []
    for thing in things:
        corners = [camera.project(*corner) for corner in cuboid(thing)]
        if any(corner is None for corner in corners):
            continue
        xs, ys = [corner[0] for corner in corners], [corner[1] for corner in corners]
        boxes.append((min(corner[2] for corner in corners), thing, min(xs), min(ys), max(xs), max(ys)))
    boxes.sort(key=lambda box: box[0])
    seen: list[Seen] = []
    for depth, thing, left, top, right, bottom in boxes:
        area = (right - left) * (bottom - top)
        inside = overlap((left, top, right, bottom), (0, 0, WIDTH, HEIGHT)) / area
        hidden = max((overlap((left, top, right, bottom), (o.left, o.top, o.right, o.bottom)) / area for o in seen), default=0.0)
        if inside > 0.3:
            seen.append(Seen(thing, left, top, right, bottom, depth, inside * (1 - hidden)))
    return seen


def cuboid(thing: Thing) -> list[tuple[float, float, float]]:
    cos, sin = math.cos(thing.heading), math.sin(thing.heading)
    corners = []
    for along in (-thing.length / 2, thing.length / 2):
        for across in (-thing.width / 2, thing.width / 2):
            ground = (thing.x + along * cos - across * sin, thing.y + along * sin + across * cos)
            corners += [(*ground, 0.0), (*ground, thing.height)]
    return corners


def overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


@dataclass(frozen=True)
class Noise:
    """How bad the detector is."""

    jitter: float = 0.025  # of the box's side, standard deviation
    miss: float = 0.06  # of fully visible things
    burst: float = 0.6  # chance that a miss goes on in the next frame
    merge: float = 0.5  # of motorcycles whose boxes overlap by half
    false_per_frame: float = 0.02
    wrong_class: float = 0.02


Row = tuple[int, float, float, float, float, float, int]


class Detector:
    """Detections of one run as MOTChallenge rows: frame, left, top, width, height, score, COCO class."""

    def __init__(self, noise: Noise, seed: int) -> None:
        self.noise = noise
        self.chance = random.Random(seed)
        self.missed: set[str] = set()

    def detect(self, frame: int, seen: list[Seen]) -> list[Row]:
        found = [item for item in seen if self.is_found(item)]
        rows = [self.row(frame, item) for item in self.merged(found)]
        if self.chance.random() < self.noise.false_per_frame:
            left, top = self.chance.uniform(0, WIDTH - 60), self.chance.uniform(HEIGHT / 4, HEIGHT - 60)
            rows.append((frame, left, top, self.chance.uniform(20, 60), self.chance.uniform(20, 60), self.chance.uniform(0.25, 0.5), self.chance.choice([3, 4])))
        return rows

    def is_found(self, item: Seen) -> bool:
        size = math.sqrt((item.right - item.left) * (item.bottom - item.top))
        if size < 10 or item.visible < 0.35:
            return False
        goes_on = item.thing.id in self.missed and self.chance.random() < self.noise.burst
        # Twice as often at half the visibility, and below 24 pixels.
        miss = self.noise.miss * (1 + 2 * (1 - item.visible)) * (1 + max(0.0, (24 - size) / 12))
        is_missed = goes_on or self.chance.random() < miss
        (self.missed.add if is_missed else self.missed.discard)(item.thing.id)
        return not is_missed

    def merged(self, found: list[Seen]) -> list[Seen]:
        """Motorcycles that lie half over each other are sometimes one box."""
        kept: list[Seen] = []
        for item in found:
            box = (item.left, item.top, item.right, item.bottom)
            twin = next((o for o in kept if item.thing.coco == o.thing.coco == 4 and overlap(box, (o.left, o.top, o.right, o.bottom)) > 0.5 * (box[2] - box[0]) * (box[3] - box[1])), None)
            if twin is None or self.chance.random() > self.noise.merge:
                kept.append(item)
        return kept

    def row(self, frame: int, item: Seen) -> Row:
        width, height = item.right - item.left, item.bottom - item.top
        trembled = lambda value, side: value + self.chance.gauss(0, max(0.7, self.noise.jitter * side))  # noqa: E731
        left, right = trembled(item.left, width), trembled(item.right, width)
        top, bottom = trembled(item.top, height), trembled(item.bottom, height)
        score = min(0.98, max(0.25, self.chance.gauss(0.82, 0.08) * (0.6 + 0.4 * item.visible)))
        coco = item.thing.coco
        if self.chance.random() < self.noise.wrong_class:
            coco = {3: 8, 8: 3, 6: 8, 4: 2}.get(coco, coco)
        return frame, left, top, max(2.0, right - left), max(2.0, bottom - top), score, coco


def write(rows: list[Row], out) -> None:
    for frame, left, top, width, height, score, coco in rows:
        out.write(f"{frame},-1,{left:.1f},{top:.1f},{width:.1f},{height:.1f},{score:.3f},{coco},-1,-1\n")
