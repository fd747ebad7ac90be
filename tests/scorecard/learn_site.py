"""A whole junction and a camera that sees all its arms, drawn from a seed: what `simpang learn` has to find out by watching.

Origin in the middle of the junction, x to the east, y to the north, metres. Left-hand traffic, two or three lanes towards the junction and two away on
each arm, arms up to 12 degrees askew, signals with one phase an arm or with opposite arms together.
"""

from __future__ import annotations

import math
import random
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import camera

ARM_M = 180.0
LANE_M = 3.4
SPEED_MS = 12.5
YELLOW_S = 3
# Bearings of the arms in degrees from east, counter-clockwise.
ARMS = {4: {"east": 0.0, "north": 90.0, "west": 180.0, "south": 270.0}, 3: {"east": 0.0, "north": 90.0, "west": 180.0}}
# So much of every lane towards the junction and away from it must be in the picture, and so far from its border.
SEEN_M = 14.0
MARGIN_PX = 12.0


@dataclass(frozen=True)
class Arm:
    """A road that ends at the junction."""

    name: str
    bearing_deg: float
    lanes_in: int
    lanes_out: int
    # Vehicles an hour that come in here.
    per_hour: float

    def end(self) -> tuple[float, float]:
        return ARM_M * math.cos(math.radians(self.bearing_deg)), ARM_M * math.sin(math.radians(self.bearing_deg))


@dataclass(frozen=True)
class Site:
    """A junction with its traffic."""

    arms: tuple[Arm, ...]
    layout: str
    cycle_s: int


@dataclass(frozen=True)
class SiteCamera(camera.Camera):
    """The same camera, perhaps with a lens that bends straight lines and not quite level."""

    roll_deg: float = 0.0
    # Radial distortion: a place at the distance r from the middle, in widths of the picture, is seen at r * (1 + bend * r^2).
    bend: float = 0.0

    @cached_property
    def axes(self) -> tuple[camera.Vector, camera.Vector, camera.Vector]:
        level = camera.Camera(self.x, self.y, self.z, self.look_x, self.look_y)
        right, down, forward = level.axes
        cos, sin = math.cos(math.radians(self.roll_deg)), math.sin(math.radians(self.roll_deg))
        turned = tuple(cos * r + sin * d for r, d in zip(right, down)), tuple(cos * d - sin * r for r, d in zip(right, down))
        return *turned, forward

    def project(self, x: float, y: float, z: float) -> tuple[float, float, float] | None:
        straight = super().project(x, y, z)
        if straight is None or self.bend == 0:
            return straight
        u, v = straight[0] / camera.WIDTH - 0.5, (straight[1] - camera.HEIGHT / 2) / camera.WIDTH
        # Far outside the picture the formula folds back.
        factor = 1 + self.bend * min(u * u + v * v, 0.6)
        return (0.5 + u * factor) * camera.WIDTH, camera.HEIGHT / 2 + v * factor * camera.WIDTH, straight[2]

    def ground(self, pixel: tuple[float, float]) -> tuple[float, float] | None:
        """The place on the ground that is seen there; None in the sky."""
        u, v = bent_u, bent_v = pixel[0] / camera.WIDTH - 0.5, (pixel[1] - camera.HEIGHT / 2) / camera.WIDTH
        for _ in range(8 if self.bend else 0):
            factor = 1 + self.bend * min(u * u + v * v, 0.6)
            u, v = bent_u / factor, bent_v / factor
        focal = 0.5 / math.tan(math.radians(self.opening_deg) / 2)
        right, down, forward = self.axes
        ray = [u / focal * right[axis] + v / focal * down[axis] + forward[axis] for axis in range(3)]
        if ray[2] >= -1e-6:
            return None
        far = -self.z / ray[2]
        return self.x + far * ray[0], self.y + far * ray[1]


def picture(pole: SiteCamera, things: list[camera.Thing]) -> list[camera.Seen]:
    """What is in the picture, nearest first; through a lens that bends, too."""
    return camera.picture(pole, things) if pole.bend == 0 else bent_picture(pole, things)


def bent_picture(pole: SiteCamera, things: list[camera.Thing]) -> list[camera.Seen]:
    """As `camera.picture`, whose boxes are those of a straight lens."""
    boxes = sorted(((box, thing) for thing in things if (box := bent_extent(pole, thing)) is not None), key=lambda one: one[0][0])
    seen: list[camera.Seen] = []
    for (depth, *sides), thing in boxes:
        area = (sides[2] - sides[0]) * (sides[3] - sides[1])
        inside = camera.overlap(tuple(sides), (0.0, 0.0, camera.WIDTH, camera.HEIGHT))
        if inside > 0.3 * area:
            hidden = max((camera.overlap(tuple(sides), (other.left, other.top, other.right, other.bottom)) for other in seen), default=0.0)
            seen.append(camera.Seen(thing, *sides, depth, inside / area * (1 - hidden / area)))
    return seen


def bent_extent(pole: SiteCamera, thing: camera.Thing) -> tuple[float, float, float, float, float] | None:
    """Nearest distance, left, top, right and bottom of an upright cuboid; None where it reaches behind the camera."""
    cos, sin = math.cos(thing.heading) / 2, math.sin(thing.heading) / 2
    corners = [
        pole.project(thing.x + a * cos * thing.length - b * sin * thing.width, thing.y + a * sin * thing.length + b * cos * thing.width, up)
        for a in (-1, 1)
        for b in (-1, 1)
        for up in (0.0, thing.height)
    ]
    if None in corners:
        return None
    xs, ys, depths = zip(*corners)
    return min(depths), min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True)
class Lane:
    """Centre line on the ground in the way of its traffic; `way` is `in` or `out`."""

    arm: str
    way: str
    index: int
    shape: tuple[tuple[float, float], ...]


def site(arm_count: int, seed: int) -> Site:
    """The junction of a seed."""
    chance = random.Random(f"site {arm_count} {seed}")
    layout = chance.choice(["incoming", "opposites"])
    busy = 560 if layout == "opposites" else 420
    arms = tuple(
        Arm(name, bearing + chance.uniform(-12, 12), chance.choice([2, 2, 3]), 2, busy * chance.uniform(0.8, 1.15)) for name, bearing in ARMS[arm_count].items()
    )
    return Site(arms, layout, chance.randrange(70, 106))


def build(site: Site, folder: Path) -> Path:
    """Writes the network into `folder`."""
    nodes = ['<node id="box" x="0" y="0" type="traffic_light"/>']
    edges = []
    for arm in site.arms:
        x, y = arm.end()
        nodes.append(f'<node id="{arm.name}" x="{x:.2f}" y="{y:.2f}"/>')
        common = f'speed="{SPEED_MS}" width="{LANE_M}" priority="1"'
        edges.append(f'<edge id="{arm.name}-in" from="{arm.name}" to="box" numLanes="{arm.lanes_in}" {common}/>')
        edges.append(f'<edge id="{arm.name}-out" from="box" to="{arm.name}" numLanes="{arm.lanes_out}" {common}/>')
    (folder / "site.nod.xml").write_text(f"<nodes>{''.join(nodes)}</nodes>")
    (folder / "site.edg.xml").write_text(f"<edges>{''.join(edges)}</edges>")
    network = folder / "site.net.xml"
    command = [Path(sys.prefix) / "bin" / "netconvert", "--node-files", folder / "site.nod.xml", "--edge-files", folder / "site.edg.xml", "--lefthand", "true"]
    command += ["--junctions.corner-detail", "5", "--no-turnarounds", "true", "--offset.disable-normalization", "true", "--tls.layout", site.layout]
    command += ["--tls.cycle.time", site.cycle_s, "--tls.yellow.time", YELLOW_S, "--output-file", network]
    subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    return network


def lanes(network: Path) -> list[Lane]:
    """The truth about the lanes; a lane towards the junction ends at its stop line."""
    import sumolib

    found = []
    for edge in sumolib.net.readNet(str(network)).getEdges():
        arm, way = edge.getID().rsplit("-", 1)
        found += [Lane(arm, way, lane.getIndex(), tuple((x, y) for x, y, *_ in lane.getShape())) for lane in edge.getLanes()]
    return found


def at(lane: Lane, metres: float) -> tuple[float, float]:
    """The place on the lane so far from the junction."""
    points = lane.shape if lane.way == "out" else lane.shape[::-1]
    (x0, y0), (x1, y1) = points[0], points[1]
    share = metres / math.hypot(x1 - x0, y1 - y0)
    return x0 + share * (x1 - x0), y0 + share * (y1 - y0)


def place_camera(found: list[Lane], arm_count: int, seed: int, is_rough: bool) -> SiteCamera:
    """A pole or a roof from which the beginning of every arm can be seen: drawn again until it does. A rough one hangs askew and bends lines."""
    chance = random.Random(f"camera {arm_count} {seed}")
    roll, bend = (chance.uniform(-2.5, 2.5), chance.uniform(-0.25, -0.05)) if is_rough else (0.0, 0.0)
    while True:
        bearing, away = chance.uniform(0, 2 * math.pi), chance.uniform(22, 46)
        drawn = SiteCamera(
            x=away * math.cos(bearing),
            y=away * math.sin(bearing),
            z=chance.uniform(10.0, 17.0),
            look_x=chance.uniform(-7, 7),
            look_y=chance.uniform(-7, 7),
            opening_deg=chance.uniform(66, 98),
            roll_deg=roll,
            bend=bend,
        )
        if all(is_seen(drawn, at(lane, metres)) for lane in found for metres in (0.0, SEEN_M)):
            return drawn


def is_seen(drawn: camera.Camera, ground: tuple[float, float]) -> bool:
    pixel = drawn.project(*ground, 0.0)
    return pixel is not None and MARGIN_PX < pixel[0] < camera.WIDTH - MARGIN_PX and MARGIN_PX < pixel[1] < camera.HEIGHT - MARGIN_PX
