"""The configuration that the card is measured with: zones drawn on the ground, projected into the picture."""

from __future__ import annotations

from pathlib import Path

import junction
from camera import HEIGHT, WIDTH, Camera

# On a pole at the corner, 9 m high, looking south along the approach.
CAMERA = Camera(-13.0, 6.0, 9.0, -1.0, -24.0)
ROAD_M = junction.LANES * junction.LANE_M
# West of the middle line one drives towards the junction: left-hand traffic.
ZONES = {
    "pendekat-selatan": ("approach", [(-ROAD_M, -junction.BOX_M), (0.0, -junction.BOX_M), (0.0, -65.0), (-ROAD_M, -65.0)]),
    "keluar-selatan": ("exit", [(0.0, -junction.BOX_M), (ROAD_M, -junction.BOX_M), (ROAD_M, -65.0), (0.0, -65.0)]),
}

# Two metres behind the stop line.
LINE = ("garis-henti", (-ROAD_M, 2.0 - junction.BOX_M), (0.0, 2.0 - junction.BOX_M))
RULES = """
[[cameras.selatan.rules.stopped_vehicle]]
zone = "keluar-selatan"
dwell = "20s"
passed = 0
[[cameras.selatan.rules.stopped_vehicle]]
zone = "pendekat-selatan"
[[cameras.selatan.rules.congestion]]
zone = "pendekat-selatan"
[[cameras.selatan.rules.accident]]
[[cameras.selatan.rules.wrong_way]]
zone = "keluar-selatan"
[[cameras.selatan.rules.wrong_way]]
zone = "pendekat-selatan"
[[cameras.selatan.rules.pedestrian_on_road]]
zone = "keluar-selatan"
[[cameras.selatan.rules.pedestrian_on_road]]
zone = "pendekat-selatan"
[[cameras.selatan.rules.line_count]]
line = "garis-henti"
"""


def polygon(ground: list[tuple[float, float]]) -> list[list[float]]:
    """Corners in shares of the picture, cut to it."""
    points = []
    for x, y in ground:
        pixel = CAMERA.project(x, y, 0.0)
        assert pixel is not None, f"({x}, {y}) is behind the camera"
        points.append([round(min(1.0, max(0.0, pixel[0] / WIDTH)), 4), round(min(1.0, max(0.0, pixel[1] / HEIGHT)), 4)])
    return points


def zone_at(x: float, y: float) -> str | None:
    """Which zone a place on the ground lies in."""
    for name, (_, corners) in ZONES.items():
        xs, ys = [corner[0] for corner in corners], [corner[1] for corner in corners]
        if min(xs) <= x <= max(xs) and min(ys) <= y <= max(ys):
            return name
    return None


def write(path: Path) -> None:
    """The configuration file."""
    lines = ['[site]\ncity = "palembang"\nid = "kartu"\ndevice = "kartu"\n[page]\nenabled = false\n[cameras.selatan]\nurl = "rtsp://127.0.0.1:8554/selatan"\nanalyse_fps = 60\n']
    for name, (kind, ground) in ZONES.items():
        lines.append(f'[cameras.selatan.zones.{name}]\nname = "{name}"\nkind = "{kind}"\npolygon = {polygon(ground)}\n')
    name, *ends = LINE
    lines.append(f"[cameras.selatan.lines.{name}]\nfrom = {polygon(ends)[0]}\nto = {polygon(ends)[1]}\n")
    path.write_text("".join(lines) + RULES)
