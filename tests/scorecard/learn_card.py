#!/usr/bin/env python3
"""`make score-learn`: what `simpang learn` proposes for generated junctions, against the truth of their generator. Exit 1 when a bar is missed.

    learn_card.py --simpang target/release/simpang [--seeds 101,102] [--keep FOLDER]

Seeds 1 to 99 are for tuning; the card is measured on seeds from 101. The detections go through the agent's own tracker. Movements are judged twice: vehicle by
vehicle, as `learn` understood them, and as the agent counts them with the proposal as its configuration. Every figure is "on generated trajectories".
"""

from __future__ import annotations

import argparse
import concurrent.futures
import csv
import math
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import camera
import learn_cases
import learn_site
from bars import Bars, percent
from learn_cases import Case, Truth

REPOSITORY = Path(__file__).resolve().parents[2]
SEEDS = (101, 102, 103, 104, 105, 106, 111, 112, 113, 114, 115, 116)
CONFIG = '[site]\ncity = "palembang"\nid = "kartu"\ndevice = "kartu"\n[page]\nenabled = false\n[cameras.simpang]\nurl = "rtsp://127.0.0.1:8554/simpang"\nanalyse_fps = 60\n'
# A cell of the picture belongs to a lane when its middle lies within this of the lane's centre line, and so many vehicles were seen in that lane there.
COLUMNS, ROWS = 64, 36
BESIDE_M = 1.2
FEWEST_SEEN = 10
# Right is within this of the true direction, in the picture.
DIRECTION_DEG = 30.0
STOP_M = 3.0
OVERLAP = 0.3


@dataclass
class Scored:
    """Figures of one run."""

    case: Case
    # Lane cells: all, with the right direction, with a wrong one; the rest has none.
    cells: int
    right_cells: int
    wrong_cells: int
    # Metres between each true stop line and the proposed one, its worst lane; None where none is proposed. Proposed ones that are none.
    stops: list[float | None]
    extra_stops: int
    # Vehicles: all that went through, right, wrong, unknown; ways that belong to nobody and have a movement all the same.
    vehicles: int
    right: int
    wrong: int
    unknown: int
    extra: int
    # The agent with the proposal as its configuration: vehicles by which the counts of all movements are off, and those it could not put anywhere.
    miscounted: int
    uncounted: int
    lanes: tuple[int, int, int]


def propose(case: Case, simpang: Path, detections: Path, folder: Path) -> tuple[dict, list[dict], Counter]:
    """The proposal's configuration of the camera, the vehicles' ways, and what the agent counts with the proposal, by entry and exit."""
    config, proposal, ways, counts = folder / "card.toml", folder / "proposal.toml", folder / "ways.csv", folder / "movements.csv"
    config.write_text(CONFIG)
    recording = ["--detections", detections, "--fps", case.fps, "--size", f"{camera.WIDTH}x{camera.HEIGHT}"]
    run([simpang, "learn", "--config", config, *recording, "--out", proposal, "--picture", folder / "proposal.png", "--passages-out", ways])
    run([simpang, "check", proposal])
    run([simpang, "replay", "--config", proposal, *recording, "--movements-csv", counts])
    with ways.open() as rows, counts.open() as table:
        counted: Counter = Counter()
        for row in csv.DictReader(table):
            if row["class"] == "all":
                counted[(row["entry"], row["exit"])] += int(row["number"])
        return tomllib.loads(proposal.read_text())["cameras"]["simpang"], list(csv.DictReader(rows)), counted


def run(command: list) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=REPOSITORY)
    if done.returncode != 0:
        sys.exit(f"`{' '.join(str(part) for part in command)}` failed (exit {done.returncode}): {(done.stderr or done.stdout).strip()[-2000:]}")


def on_ground(truth: Truth, share: list[float]) -> tuple[float, float] | None:
    """The place on the ground that the true camera sees at these shares of the picture."""
    return truth.camera.ground((share[0] * camera.WIDTH, share[1] * camera.HEIGHT))


def on_lane(lane: learn_site.Lane, ground: tuple[float, float]) -> tuple[float, float] | None:
    """Metres from the junction's end of the lane along it, and beside its centre line; None beyond its ends."""
    (x0, y0), (x1, y1) = lane.shape[0], lane.shape[-1]
    length = math.hypot(x1 - x0, y1 - y0)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    along = (ground[0] - x0) * ux + (ground[1] - y0) * uy
    beside = (ground[0] - x0) * uy - (ground[1] - y0) * ux
    if not 0 <= along <= length:
        return None
    return (along if lane.way == "out" else length - along), beside


def seen_until(truth: Truth) -> dict[tuple[str, str, int], float]:
    """By lane: how far from the junction the picture shows at least so many vehicles in it. Further out there is no lane to be found."""
    seen: dict = defaultdict(set)
    for boxes in list(truth.boxes.values())[::4]:
        for vehicle, left, top, right, bottom, visible in boxes:
            if visible < 0.35 or math.sqrt((right - left) * (bottom - top)) < 10 or bottom > camera.HEIGHT:
                continue
            # The middle of the lower edge lies before the middle of the vehicle: near enough for 2 m pieces of a lane.
            place = truth.camera.ground(((left + right) / 2, bottom))
            for lane in truth.lanes:
                located = place and on_lane(lane, place)
                if located and abs(located[1]) < learn_site.LANE_M / 2:
                    seen[(lane.arm, lane.way, lane.index, int(located[0] // 2))].add(vehicle)
    until: dict = {}
    for lane in truth.lanes:
        key = (lane.arm, lane.way, lane.index)
        pieces = [piece for piece in range(90) if len(seen[(*key, piece)]) >= FEWEST_SEEN]
        until[key] = 2.0 * (max(pieces) + 1) if pieces else 0.0
    return until


def score_cells(zones: dict, truth: Truth) -> tuple[int, int, int]:
    """Lane cells: all, right, wrong. A cell that the proposal leaves out is not right."""
    until = seen_until(truth)
    proposed = [(zone["polygon"], zone["direction"]) for name, zone in zones.items() if name.startswith("lajur-") and "direction" in zone]
    cells = right = wrong = 0
    for column in range(COLUMNS):
        for row in range(ROWS):
            middle = [(column + 0.5) / COLUMNS, (row + 0.5) / ROWS]
            place = on_ground(truth, middle)
            lane = place and next((lane for lane in truth.lanes if is_in(lane, place, until)), None)
            if not lane:
                continue
            cells += 1
            found = next((direction for polygon, direction in proposed if contains(polygon, middle)), None)
            if found is not None:
                off = turned(found, true_way(truth.camera, lane, place))
                right, wrong = right + (off <= DIRECTION_DEG), wrong + (off > DIRECTION_DEG)
    return cells, right, wrong


def is_in(lane: learn_site.Lane, place: tuple[float, float], until: dict) -> bool:
    located = on_lane(lane, place)
    return located is not None and abs(located[1]) <= BESIDE_M and located[0] <= until[(lane.arm, lane.way, lane.index)]


def true_way(pole: learn_site.SiteCamera, lane: learn_site.Lane, place: tuple[float, float]) -> list[list[float]]:
    (x0, y0), (x1, y1) = lane.shape[0], lane.shape[-1]
    length = math.hypot(x1 - x0, y1 - y0)
    here, ahead = pole.project(*place, 0.0), pole.project(place[0] + (x1 - x0) / length, place[1] + (y1 - y0) / length, 0.0)
    return [[here[0] / camera.WIDTH, here[1] / camera.HEIGHT], [ahead[0] / camera.WIDTH, ahead[1] / camera.HEIGHT]]


def turned(a: list, b: list) -> float:
    """Degrees between two directions in the picture."""
    angle = lambda line: math.atan2((line[1][1] - line[0][1]) * camera.HEIGHT, (line[1][0] - line[0][0]) * camera.WIDTH)  # noqa: E731
    off = math.degrees(angle(a) - angle(b)) % 360
    return min(off, 360 - off)


def contains(polygon: list, point: list[float]) -> bool:
    inside = False
    for (x0, y0), (x1, y1) in zip(polygon, polygon[1:] + polygon[:1]):
        if (y0 > point[1]) != (y1 > point[1]) and point[0] < (x1 - x0) * (point[1] - y0) / (y1 - y0) + x0:
            inside = not inside
    return inside


def score_stops(lines: dict, truth: Truth, arms: dict[str, str]) -> tuple[list[float | None], int]:
    """Metres along the lane between its end and the proposed line, worst lane of each arm."""
    by_arm = {arms.get(name.removeprefix("henti-")): line for name, line in lines.items() if name.startswith("henti-")}
    offs = []
    for arm in sorted({lane.arm for lane in truth.lanes}):
        ends = [on_ground(truth, by_arm[arm][end]) for end in ("from", "to")] if arm in by_arm else [None]
        if None in ends:
            offs.append(None)
            continue
        offs.append(max(abs(crossing(lane, ends)) for lane in truth.lanes if lane.arm == arm and lane.way == "in"))
    return offs, len([name for name in lines if name.startswith("henti-")]) - sum(off is not None for off in offs)


def crossing(lane: learn_site.Lane, ends: list[tuple[float, float]]) -> float:
    """Where the line, made longer if need be, meets the lane's centre line: metres before the lane's end, negative behind it."""
    (x0, y0), (x1, y1) = lane.shape[0], lane.shape[-1]
    length = math.hypot(x1 - x0, y1 - y0)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    a, b = [(-(x - x1) * ux - (y - y1) * uy, (x - x1) * uy - (y - y1) * ux) for x, y in ends]
    return a[0] if abs(b[1] - a[1]) < 1e-6 else a[0] - a[1] * (b[0] - a[0]) / (b[1] - a[1])


def name_arms(lines: dict, truth: Truth) -> dict[str, str]:
    """The proposal's arms by the truth's: by the road on which the gates lie."""
    found: dict[str, str] = {}
    for name, line in lines.items():
        way, _, arm = name.partition("-")
        if way not in ("masuk", "keluar"):
            continue
        middle = on_ground(truth, [(line["from"][axis] + line["to"][axis]) / 2 for axis in (0, 1)])
        if middle is None:
            continue
        lanes = [lane for lane in truth.lanes if lane.way == {"masuk": "in", "keluar": "out"}[way]]
        nearest = min(lanes, key=lambda lane: math.dist(middle, learn_site.at(lane, 0.0)))
        if found.setdefault(arm, nearest.arm) != nearest.arm:
            found[arm] = "?"
    return found


def score_movements(ways: list[dict], truth: Truth, arms: dict[str, str], case: Case) -> tuple[int, int, int, int, int]:
    """Vehicles that went through: all, right, wrong, unknown; and ways with a movement that belong to no vehicle, or to one that has another one too.

    A vehicle has at most one way and a way at most one vehicle: pairs with the most sightings in common first. So two motorcycles that ride side by
    side are told apart once, and whoever is told twice is wrong once.
    """
    journeys: dict[int, list[dict]] = defaultdict(list)
    for row in ways:
        journeys[int(row["journey"])].append(row)
    movement = {number: (arms.get(rows[0]["from"]), arms.get(rows[0]["to"])) for number, rows in journeys.items()}
    told = [number for number in journeys if None not in movement[number]]
    pairs = [(-votes, number, vehicle) for number in told for vehicle, votes in in_common(journeys[number], truth, case).items()]
    way_of: dict[str, int] = {}
    matched = set()
    for _, number, vehicle in sorted(pairs):
        if number not in matched and vehicle not in way_of:
            way_of[vehicle] = number
            matched.add(number)
    through = went_through(truth, case)
    count = Counter()
    for name, true in through.items():
        number = way_of.get(name)
        count["unknown" if number is None else "right" if movement[number] == true else "wrong"] += 1
    return len(through), count["right"], count["wrong"], count["unknown"], len(told) - len(matched)


def went_through(truth: Truth, case: Case) -> dict[str, tuple[str, str]]:
    """Where each vehicle came from and went that passed its stop line and its exit while the camera looked."""
    whole = lambda first, last: first is not None and last is not None and first > 1 and last < case.seconds - 3  # noqa: E731
    return {name: (origin, goal) for name, (origin, goal, first, last) in truth.vehicles.items() if whole(first, last)}


def score_counts(counted: Counter, truth: Truth, arms: dict[str, str], case: Case) -> tuple[int, int]:
    """By how many vehicles the counts of all movements together are off, and how many vehicles have no movement.

    Who was between the gates when the film began or ended may be counted or not. Two mistakes of one movement can cancel out, which those of single
    vehicles cannot.
    """
    least = Counter(went_through(truth, case).values())
    most = Counter((origin, goal) for origin, goal, first, last in truth.vehicles.values() if first is not None and (last is None or last > 0))
    told: Counter = Counter()
    for (entry, leaves), number in counted.items():
        told[(arms.get(entry), arms.get(leaves))] += number if entry != "?" else 0
    off = sum(max(0, least[movement] - told[movement], told[movement] - most[movement]) for movement in {*least, *told})
    return off, counted[("?", "?")]


def in_common(rows: list[dict], truth: Truth, case: Case) -> Counter:
    """By vehicle: how much of a way lies over its true boxes."""
    votes: Counter = Counter()
    for row in rows:
        left, top = float(row["left"]), float(row["top"])
        box = (left, top, left + float(row["width"]), top + float(row["height"]))
        for vehicle, *sides, _ in truth.boxes.get(round(float(row["seconds"]) * case.fps) + 1, []):
            common = camera.overlap(box, tuple(sides))
            union = (box[2] - box[0]) * (box[3] - box[1]) + (sides[2] - sides[0]) * (sides[3] - sides[1]) - common
            if common / union > OVERLAP:
                votes[vehicle] += common / union
    return votes


def score(case: Case, simpang: Path, cache: Path, keep: Path | None) -> Scored:
    """Makes the run, lets the program propose, compares."""
    detections, truth = learn_cases.make(case, cache)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) if keep is None else keep / f"{case.arms}-{case.seed}{'-rough' if case.is_rough else ''}"
        folder.mkdir(parents=True, exist_ok=True)
        proposed, ways, counted = propose(case, simpang, detections, folder)
    lines, zones = proposed.get("lines", {}), proposed.get("zones", {})
    arms = name_arms(lines, truth)
    lanes = {name.removeprefix("lajur-").rpartition("-")[0] for name in zones if name.startswith("lajur-")}
    counts = Counter(name.removeprefix("lajur-").rpartition("-")[0] for name in zones if name.startswith("lajur-"))
    true_counts = Counter((lane.arm, lane.way) for lane in truth.lanes)
    right_lanes = sum(counts[key] == true_counts[(arms.get(key.partition("-")[2]), {"masuk": "in", "keluar": "out"}[key.partition("-")[0]])] for key in lanes)
    return Scored(
        case,
        *score_cells(zones, truth),
        *score_stops(lines, truth, arms),
        *score_movements(ways, truth, arms, case),
        *score_counts(counted, truth, arms, case),
        lanes=(right_lanes, len(lanes), len(true_counts)),
    )


def judge(scored: list[Scored]) -> Bars:
    bars = Bars()
    for run in scored:
        name = run.case.name
        bars.at_least(f"{name}: lane directions right", percent(run.right_cells, run.cells), 98)
        worst = None if None in run.stops else max(run.stops)
        bars.at_most(f"{name}: stop lines, worst lane", worst if run.extra_stops == 0 else None, STOP_M, "m")
        bars.at_least(f"{name}: movements right", percent(run.right, run.vehicles + run.extra), 95)
        bars.at_least(f"{name}: movements counted right with the proposal", percent(max(0, run.vehicles - run.miscounted), run.vehicles), 95)
    return bars


def told(run: Scored) -> str:
    """A run in a line."""
    stops = " ".join("none" if off is None else f"{off:.1f}" for off in run.stops)
    left_out = run.cells - run.right_cells - run.wrong_cells
    return (
        f"{run.case.name}: {run.cells} lane cells, {run.right_cells} right, {run.wrong_cells} wrong, {left_out} left out; "
        f"stop lines off by {stops} m, {run.extra_stops} too many; {run.vehicles} vehicles, {run.right} right, {run.wrong} wrong, {run.unknown} unknown, "
        f"{run.extra} of nobody; counted with the proposal: off by {run.miscounted}, {run.uncounted} without movement; number of lanes right on {run.lanes[0]} of {run.lanes[2]} roads"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simpang", type=Path, required=True)
    parser.add_argument("--seeds", type=lambda text: [int(seed) for seed in text.split(",")], default=SEEDS)
    parser.add_argument("--arms", type=lambda text: [int(count) for count in text.split(",")], default=(4, 3))
    parser.add_argument("--rough", action="store_true", help="cameras that hang askew and bend lines, vehicles of unusual sizes; no bars")
    parser.add_argument("--keep", type=Path, help="folder for proposals and their pictures")
    parser.add_argument("--cache", type=Path, default=REPOSITORY / ".cache" / "learn")
    args = parser.parse_args()
    runs = [Case(arms, seed, is_rough=args.rough) for arms in args.arms for seed in args.seeds]
    simpang, keep = args.simpang.resolve(), args.keep and args.keep.resolve()
    scored = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for run in pool.map(lambda run: score(run, simpang, args.cache, keep), runs):
            scored.append(run)
            print(told(run), flush=True)
    bars = judge(scored)
    for verdict, name, measured, asked in bars.rows:
        print(f"{verdict:10} {name}: {measured} ({asked})")
    if bars.missed:
        sys.exit(f"score-learn: {bars.missed} bars missed")


if __name__ == "__main__":
    main()
