"""Congestion on generated traffic: how full the approach is (degree of saturation, DS), and what was told about it.

The capacity of the south approach is what it discharges while a queue always waits, measured in a run of its own; DS is demand over that.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Callable

from bars import Bars, percent
from cases import Case
from traffic import Demand

if TYPE_CHECKING:
    from card import Scored

KINDS = {"heavy", "slow", "queuing", "stationary", "spillback"}
CAPACITY_SEED, FIRST_SEED = 1, 301
JUMP_S, AFTER_S = 1800, 900
QUARTER_S = 900
# Over the stop line into the junction; what comes back over it has crossed the junction.
TOWARDS = "to-left"
CAPACITY_S, SETTLED_S = 1200, 400
Score = Callable[[list[Case]], "list[Scored]"]


def measure(score: Score, hours: int, bars: Bars) -> str:
    """The section of the card; `hours` at each steady DS, as many jumps."""
    capacity = capacity_per_hour(score)
    at = lambda ds: Demand(ds * capacity)  # noqa: E731
    text = [f"\n## Congestion\n\nCapacity of the approach: {capacity:.0f} vehicles/h (seed {CAPACITY_SEED}, demand always waiting).\n\n"]
    rows = []
    for ds in (0.5, 0.7, 0.85):
        steady = score([Case(f"ds-{ds}-{number}", 3600, at(ds), FIRST_SEED + number) for number in range(hours)])
        told = sum(alert.kind in KINDS for run in steady for alert in run.alerts)
        within, quarters = geh(steady)
        bars.at_most(f"congestion events at DS {ds:.2f}", told / hours, 0.1 if ds > 0.7 else 0, "an hour")
        bars.at_least(f"15-min counts with GEH < 5 at DS {ds:.2f}", percent(within, quarters), 95)
        rows.append([f"{ds:.2f}", str(hours), str(told), f"{told / hours:.2f}", f"{within} of {quarters}"])
    text.append(table(["DS", "hours", "events", "events/h", "15-min counts with GEH < 5"], rows))
    jumps = score([Case(f"jump-{number}", JUMP_S + AFTER_S, Demand(0.6 * capacity, 1.2 * capacity, JUMP_S), FIRST_SEED + 50 + number) for number in range(hours)])
    text.append(jump_text(jumps, bars))
    return "".join(text)


def capacity_per_hour(score: Score) -> float:
    run = score([Case("capacity", CAPACITY_S, Demand(1500), CAPACITY_SEED)])[0]
    settled = [second for second in run.truth.discharged if second >= SETTLED_S]
    return len(settled) * 3600 / (CAPACITY_S - SETTLED_S)


def jump_text(jumps: list[Scored], bars: Bars) -> str:
    limit = 2 * jumps[0].case.signal.cycle_s + 60
    firsts = [next((alert.detected - JUMP_S for alert in run.alerts if alert.kind in KINDS and alert.detected >= JUMP_S), None) for run in jumps]
    early = sum(any(alert.kind in KINDS and alert.detected < JUMP_S for alert in run.alerts) for run in jumps)
    found = sorted(delay for delay in firsts if delay is not None)
    in_time = sum(delay <= limit for delay in found)
    bars.at_least("jumps to DS 1.2 told within 2 cycles + 60 s", percent(in_time, len(jumps)), 99)
    median = f"{statistics.median(found):.0f} s" if found else "–"
    return (
        f"\nDemand jumps from DS 0.6 to 1.2 after 30 minutes, {len(jumps)} runs: told in {len(found)}, within 2 cycles + 60 s ({limit} s) in {in_time}, "
        f"median {median}; told before the jump in {early}.\n"
    )


def geh(runs: list[Scored]) -> tuple[int, int]:
    """Quarters of an hour whose count has GEH < 5 against the truth (as hourly flows), and how many quarters there were."""
    within = quarters = 0
    for run in runs:
        counted = [crossing[0] for crossing in run.summary["crossings"] if crossing[2] == TOWARDS]
        for start in range(0, run.case.seconds, QUARTER_S):
            hourly = lambda seconds: 3600 / QUARTER_S * sum(start <= second < start + QUARTER_S for second in seconds)  # noqa: E731
            model, truth = hourly(counted), hourly(run.truth.discharged)
            quarters += 1
            within += math.sqrt(2 * (model - truth) ** 2 / max(model + truth, 1)) < 5
    return within, quarters


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
