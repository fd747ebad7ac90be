#!/usr/bin/env python3
"""`make scorecard`: how well events are told on generated traffic, against the truth of its generator. Exit 1 when a bar is missed.

    card.py --simpang target/release/simpang [--hours-clean 4] [--incidents 12] [--write docs/scorecard.md]

Seeds below 3000 are for tuning; the card is measured on seeds from 3101 (normal traffic) and 4601 (incidents). Every figure is "on generated trajectories": what a detector does at night or in
rain on Jalan Sudirman is not in it.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import datetime
import math
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import camera
import cases
import compare
import congestion
import ground
import matching
from bars import Bars, percent
from cases import Case
from traffic import Demand

REPOSITORY = Path(__file__).resolve().parents[2]
FIRST_SEED, FIRST_INCIDENT_SEED = 3101, 4601
# Vehicles an hour and arm: about 0.5 and 0.7 of what the junction discharges (see `capacity`).
CALM, BUSY = Demand(450), Demand(650)
KINDS = ("breakdown", "crash", "fall", "wrong_way")
ACCIDENTS = ("crash", "fall")
# Hours that are seen worse, of each sort of worse.
MOST_WORSE = 12
# What must be reported after the onset: dwell of the rule plus 10 s, or as the kind asks.
LIMIT_S = {"breakdown": {"keluar-selatan": 30.0, "pendekat-selatan": 100.0}, "wrong_way": 30.0, "crash": 30.0, "fall": 30.0}
# What begins this long before the end of a run is not counted.
LAST_S = 60.0


@dataclass
class Scored:
    """A run with what was told about it."""

    case: Case
    matched: matching.Matched
    alerts: list[matching.Alert]
    truth: cases.Truth
    summary: dict


def score(case: Case, simpang: Path, cache: Path, accident: str = "") -> Scored:
    """Makes the run, replays its detections, matches. `accident`: more settings of the accident rule."""
    detections, truth = cases.make(case, cache)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "card.toml"
        configure(config, accident)
        command = [simpang, "replay", "--config", config, "--detections", detections, "--fps", case.fps, "--size", f"{camera.WIDTH}x{camera.HEIGHT}"]
        done = subprocess.run([str(part) for part in command] + ["--start", cases.START.replace("+00:00", "Z")], capture_output=True, text=True, cwd=REPOSITORY)
        if done.returncode != 0:
            sys.exit(f"`{' '.join(str(part) for part in command)}` failed (exit {done.returncode}): {done.stderr.strip()[-2000:]}")
    alerts, summary = matching.read(done.stdout, datetime.datetime.fromisoformat(cases.START))
    placed = [(incident, ground.zone_at(incident.x, incident.y)) for incident in truth.incidents]
    # What begins so late that its time to be told ends after the run, or in the last minute, is not counted; what is told after it is not false.
    late = [incident for incident, zone in placed if incident.start + max(LAST_S, limit_s(incident.kind, zone)) >= case.seconds]
    matched = matching.match([(incident, zone) for incident, zone in placed if incident not in late], alerts)
    matched.false = [alert for alert in matched.false if not any(alert.started >= incident.start - matching.EARLY_S for incident in late)]
    return Scored(case, matched, alerts, truth, summary)


def configure(path: Path, accident: str) -> None:
    """The card's configuration, with more settings of the accident rule."""
    ground.write(path)
    head = "[[cameras.selatan.rules.accident]]\n"
    path.write_text(path.read_text().replace(head, head + accident))


def clean_cases(hours: int) -> list[Case]:
    """Hours of normal traffic, half calm, half busy."""
    return [Case(f"normal-{number}", 3600, BUSY if number % 2 else CALM, FIRST_SEED + number) for number in range(hours)]


def incident_cases(count: int) -> list[Case]:
    """Enough runs for `count` incidents of each kind; 12 minutes hold about one of each."""
    return [Case(f"incidents-{number}", 3600, CALM, FIRST_INCIDENT_SEED + number, KINDS) for number in range(max(1, round(count / 4)))]


def worse(runs: list[Case]) -> dict[str, list[Case]]:
    """The same traffic seen worse."""
    usual = camera.Noise()
    doubled = replace(usual, jitter=2 * usual.jitter, miss=2 * usual.miss, false_per_frame=2 * usual.false_per_frame, wrong_class=2 * usual.wrong_class)
    return {
        "8 frames a second": runs,
        "5 frames a second": [replace(run, fps=5.0) for run in runs[:MOST_WORSE]],
        "twice the noise": [replace(run, noise=doubled) for run in runs[:MOST_WORSE]],
        "20 % missed": [replace(run, noise=replace(usual, miss=0.2)) for run in runs[:MOST_WORSE]],
    }


def limit_s(kind: str, zone: str | None) -> float:
    limit = LIMIT_S[kind]
    return limit.get(zone or "", 30.0) if isinstance(limit, dict) else limit


@dataclass
class Told:
    """What was told of the incidents of a kind."""

    there: int
    told: int
    in_time: int
    confirmed: int
    delays: list[float]


def told(kind: str, scored: list[Scored]) -> Told:
    """Of all these runs."""
    pairs = [pair for run in scored for pair in run.matched.pairs if pair[0].kind == kind]
    found = [(incident, alert) for incident, alert in pairs if alert is not None]
    delays = [alert.detected - incident.start for incident, alert in found]
    in_time = sum(delay <= limit_s(kind, ground.zone_at(incident.x, incident.y)) for (incident, _), delay in zip(found, delays))
    return Told(len(pairs), len(found), in_time, sum(alert.confirmed is not None for _, alert in found), sorted(delays))


def incident_rows(scored: list[Scored]) -> list[list[str]]:
    """By kind: how many there were, told, told in time; delays; confirmed."""
    rows = []
    for kind in KINDS:
        of = told(kind, scored)
        spread = f"{statistics.median(of.delays):.1f} / {of.delays[math.ceil(0.9 * len(of.delays)) - 1]:.1f}" if of.delays else "–"
        confirmed = share(of.confirmed, of.there) if kind in ACCIDENTS else ""
        rows.append([kind, str(of.there), share(of.told, of.there), share(of.in_time, of.there), spread, confirmed])
    return rows


def judge(bars: Bars, usual: list[Scored], normal: list[Scored]) -> None:
    """The bars on incidents, at the usual rate and noise."""
    for kind in ("breakdown", "wrong_way"):
        of = told(kind, usual)
        bars.at_least(f"{kind} told in time", percent(of.in_time, of.there), 95)
    accidents = [told(kind, usual) for kind in ACCIDENTS]
    there = sum(of.there for of in accidents)
    bars.at_least("accidents suspected", percent(sum(of.in_time for of in accidents), there), 85)
    bars.at_least("accidents confirmed", percent(sum(of.confirmed for of in accidents), there), 75)
    days = sum(run.case.hours for run in normal) / 24
    alerts = [alert for run in normal for alert in run.alerts if alert.kind in matching.WANTED["crash"]]
    confirmed = sum(alert.confirmed is not None for alert in alerts)
    for name, count, limit in (("confirmed", confirmed, 0.2), ("suspected", len(alerts), 1.0)):
        # Rule of three: fewer hours cannot show so few.
        is_enough = days >= 3 / limit
        bars.at_most(f"false accidents, {name}: {count} in {24 * days:.0f} h, {72 / limit:.0f} h are needed", count / days if is_enough else None, limit, "a camera-day")


def share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.0f} %)" if whole else "–"


def false_rows(scored: list[Scored]) -> list[list[str]]:
    """By kind of alert in normal traffic: how many, a camera-day, and what that proves."""
    hours = sum(run.case.hours for run in scored)
    kinds = sorted({alert.kind for run in scored for alert in run.alerts} | {"stoppedVehicle", "collision", "wrongWay", "queuing"})
    rows = []
    for kind in kinds:
        count = sum(alert.kind == kind for run in scored for alert in run.alerts)
        proves = f"{count * 24 / hours:.1f}" if count else f"0 (proves < {3 * 24 / hours:.1f}, rule of three)"
        rows.append([kind, str(count), proves])
    return rows


def write_card(results: dict[str, list[Scored]], normal: list[Scored], bars: Bars) -> str:
    hours = sum(run.case.hours for run in normal)
    text = [
        "# Score card\n\nOn generated trajectories (SUMO, sublane model, three motorcycles in four vehicles, left-hand traffic, one signalised approach and its exit seen by one camera), ",
        f"seeds from {FIRST_SEED} (normal traffic) and {FIRST_INCIDENT_SEED} (incidents). Made by `make scorecard`. What is not in it: night, rain, a real detector's faults.\n\n",
        congestion.table(["", "bar", "measured", "asked"], bars.rows),
        f"\n## Normal traffic, {hours:.0f} h: every alert is false\n\n",
        congestion.table(["alert", "number", "per camera-day"], false_rows(normal)),
    ]
    for name, scored in results.items():
        caused = sum(len(run.matched.consequences) for run in scored)
        wrong = sum(len(run.matched.false) for run in scored)
        run_hours = sum(run.case.hours for run in scored)
        text.append(f"\n## Incidents, {name}, {run_hours:.0f} h\n\n")
        text.append(congestion.table(["incident", "number", "told", "in time", "delay s, median / 90 %", "confirmed"], incident_rows(scored)))
        text.append(f"\n{caused} more alerts lay within an incident or the minute after it (queues behind it), {wrong} were false.\n")
    return "".join(text)


def comparison(incidents: list[Case], normal: list[Case], args: argparse.Namespace, simpang: Path) -> str:
    """The section on cues, thresholds and simple rules; draws its picture beside the card."""
    incidents, normal = incidents[: compare.MOST], normal[: compare.MOST]
    again = lambda runs, settings: score_all(runs, simpang, args.cache, settings)  # noqa: E731
    left_out, curve = compare.ablation(again, incidents, normal), compare.thresholds(again, incidents, normal)

    def tracks(case: Case) -> Path:
        folder = args.cache / case.key()
        configure(folder / "tracks.toml", "")
        size = f"{camera.WIDTH}x{camera.HEIGHT}"
        return compare.tracks_of(simpang, folder / "detections.txt", folder / "tracks.toml", case, size, folder / "tracks.txt")

    simple = compare.simple_rules(tracks, again(incidents, ""), again(normal, ""))
    head = ["accident rule", "suspected", "confirmed", "false suspicions a camera-day", "false confirmations a camera-day"]
    text = f"\n## What the accident rule is made of\n\nOn {len(incidents)} h with incidents and {len(normal)} h of normal traffic of the above: too few to show a rate of false alarms below {24 / len(normal):.0f} a camera-day.\n\n"
    text += congestion.table(head, [one.row() for one in left_out])
    text += "\nOther scores at which an accident is suspected:\n\n" + congestion.table(head, [one.row() for one in curve])
    text += "\nTwo simple rules on the same tracks; a truth counts as found when they say anything within its time:\n\n" + congestion.table(head, [one.row() for one in simple])
    if args.write is not None:
        drawing = args.write.with_name("scorecard-accidents.svg")
        drawing.write_text(compare.picture(curve, left_out[0], simple))
        text += f"\n![Accidents found over false suspicions a camera-day]({drawing.name})\n"
    return text


def score_all(runs: list[Case], simpang: Path, cache: Path, accident: str = "") -> list[Scored]:
    """Two at a time; a line for each, so that people see that it goes on."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(score, run, simpang, cache, accident) for run in runs]
        done = []
        for number, future in enumerate(futures, start=1):
            done.append(future.result())
            print(f"\rscorecard: {number} of {len(runs)} runs", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return done


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simpang", type=Path, required=True)
    parser.add_argument("--hours-clean", type=int, default=4)
    parser.add_argument("--incidents", type=int, default=12, help="of each kind")
    parser.add_argument("--only-usual", action="store_true", help="leave the worse cameras out")
    parser.add_argument("--no-congestion", action="store_true", help="leave the runs at several degrees of saturation out")
    parser.add_argument("--no-comparison", action="store_true", help="leave the cues, thresholds and simple rules out")
    parser.add_argument("--cache", type=Path, default=REPOSITORY / ".cache" / "scorecard")
    parser.add_argument("--write", type=Path, help="where the card goes; default: standard output")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    simpang = args.simpang.resolve()
    normal = score_all(clean_cases(args.hours_clean), simpang, args.cache)
    sets = worse(incident_cases(args.incidents))
    if args.only_usual:
        sets = dict(list(sets.items())[:1])
    results = {name: score_all(runs, simpang, args.cache) for name, runs in sets.items()}
    bars = Bars()
    judge(bars, next(iter(results.values())), normal)
    jams = "\nCongestion was not measured in this card.\n"
    if not args.no_congestion:
        jams = congestion.measure(lambda runs: score_all(runs, simpang, args.cache), args.hours_clean, bars)
    card = write_card(results, normal, bars)
    if not args.no_comparison:
        card += comparison(incident_cases(args.incidents), clean_cases(args.hours_clean), args, simpang)
    card += jams
    if args.write is None:
        print(card)
    else:
        args.write.write_text(card)
    for verdict, name, measured, asked in bars.rows:
        print(f"{verdict:10} {name}: {measured} ({asked})")
    if bars.missed:
        sys.exit(f"scorecard: {bars.missed} bars missed")


if __name__ == "__main__":
    main()
