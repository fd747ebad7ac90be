"""A pinhole camera on a pole, and what a detector would say about the road users in its picture.

Boxes are the pictures of upright cuboids on the ground. A detector's faults are drawn from a seed: edges that tremble, misses (more for small and for
half-hidden things, in bursts), packs of motorcycles that become one box, boxes where nothing is, wrong classes.
"""

from __future__ import annotations

import functools
import math
import random
from dataclasses import dataclass

from traffic import Thing

WIDTH, HEIGHT = 1280, 720
# Nothing nearer is in the picture.
NEAREST_M = 1.0

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Camera:
    """Where it hangs (metres) and where it looks; horizontal opening in degrees."""

    x: float
    y: float
    z: float
    look_x: float
    look_y: float
    opening_deg: float = 78.0

    @functools.cached_property
    def axes(self) -> tuple[Vector, Vector, Vector]:
        """Right, down and forward in the picture, of length one."""
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

    @functools.cached_property
    def focal(self) -> float:
        """Focal length in pixels."""
        return WIDTH / 2 / math.tan(math.radians(self.opening_deg) / 2)

    def along_axes(self, x: float, y: float, z: float) -> Vector:
        """A vector of the ground's axes in the camera's."""
        right, down, forward = self.axes
        return (
            right[0] * x + right[1] * y + right[2] * z,
            down[0] * x + down[1] * y + down[2] * z,
            forward[0] * x + forward[1] * y + forward[2] * z,
        )

    def project(self, x: float, y: float, z: float) -> Vector | None:
        """Pixel and distance along the axis; None behind the camera."""
        across, below, depth = self.along_axes(x - self.x, y - self.y, z - self.z)
        if depth < NEAREST_M:
            return None
        return WIDTH / 2 + self.focal * across / depth, HEIGHT / 2 + self.focal * below / depth, depth


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
    boxes = [(box, thing) for thing in things if (box := extent(camera, thing)) is not None]
    boxes.sort(key=lambda one: one[0][0])
    seen: list[Seen] = []
    for (depth, left, top, right, bottom), thing in boxes:
        inside = max(0.0, min(right, WIDTH) - max(left, 0.0)) * max(0.0, min(bottom, HEIGHT) - max(top, 0.0))
        area = (right - left) * (bottom - top)
        if inside <= 0.3 * area:
            continue
        covers = (overlap((left, top, right, bottom), (o.left, o.top, o.right, o.bottom)) for o in seen if o.left < right and left < o.right)
        hidden = max(covers, default=0.0)
        seen.append(Seen(thing, left, top, right, bottom, depth, inside / area * (1 - hidden / area)))
    return seen


def extent(camera: Camera, thing: Thing) -> tuple[float, float, float, float, float] | None:
    """Nearest distance, left, top, right and bottom of an upright cuboid in the picture; None where it reaches behind the camera."""
    middle = camera.along_axes(thing.x - camera.x, thing.y - camera.y, -camera.z)
    cos, sin = math.cos(thing.heading) / 2, math.sin(thing.heading) / 2
    along = camera.along_axes(cos * thing.length, sin * thing.length, 0.0)
    across = camera.along_axes(-sin * thing.width, cos * thing.width, 0.0)
    up = camera.along_axes(0.0, 0.0, thing.height)
    nearest, xs, ys = math.inf, [], []
    for a, b in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        x, y, depth = (middle[i] + a * along[i] + b * across[i] for i in range(3))
        for x, y, depth in ((x, y, depth), (x + up[0], y + up[1], depth + up[2])):
            if depth < NEAREST_M:
                return None
            nearest = min(nearest, depth)
            xs.append(x / depth)
            ys.append(y / depth)
    focal, x, y = camera.focal, WIDTH / 2, HEIGHT / 2
    return nearest, x + focal * min(xs), y + focal * min(ys), x + focal * max(xs), y + focal * max(ys)


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
