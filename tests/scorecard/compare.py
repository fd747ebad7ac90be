"""What each cue of the accident rule is worth, what another threshold would do, and what two simple rules do on the same tracks: tables and a picture."""

from __future__ import annotations

import dataclasses
import math
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import baselines
import matching
from cases import Case

if TYPE_CHECKING:
    from card import Scored

CUES = ("suddenStop", "contact", "headingJump", "riderDown", "personBeside", "postImpactStop", "gathering", "flowBlocked")
THRESHOLDS = (0.35, 0.45, 0.55, 0.65, 0.75, 0.85)
CONFIRMED_AT = 0.72
ACCIDENTS = ("crash", "fall")
STOPPED_S = (10.0, 30.0, 90.0)
# Runs a comparison is made on, of each sort: it is repeated a dozen times.
MOST = 6
# Scores runs with more settings of the accident rule.
Score = Callable[[list[Case], str], "list[Scored]"]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How well accidents were told in the same runs."""

    name: str
    there: int
    found: int
    confirmed: int
    false: int
    false_confirmed: int
    days: float

    @property
    def found_percent(self) -> float:
        return 100 * self.found / max(self.there, 1)

    @property
    def false_a_day(self) -> float:
        return self.false / self.days

    def row(self) -> list[str]:
        percent = lambda part: f"{100 * part / max(self.there, 1):.0f} %"  # noqa: E731
        return [self.name, percent(self.found), percent(self.confirmed), f"{self.false_a_day:.1f}", f"{self.false_confirmed / self.days:.1f}"]


def outcome(name: str, incidents: list[Scored], normal: list[Scored]) -> Outcome:
    pairs = [pair for run in incidents for pair in run.matched.pairs if pair[0].kind in ACCIDENTS]
    alerts = [alert for run in normal for alert in run.alerts if alert.kind in matching.WANTED["crash"]]
    return Outcome(
        name,
        len(pairs),
        sum(alert is not None for _, alert in pairs),
        sum(alert is not None and alert.confirmed is not None for _, alert in pairs),
        len(alerts),
        sum(alert.confirmed is not None for alert in alerts),
        sum(run.case.hours for run in normal) / 24,
    )


def ablation(score: Score, incidents: list[Case], normal: list[Case]) -> list[Outcome]:
    """All cues, then each one left out."""
    outcomes = [outcome("all cues", score(incidents, ""), score(normal, ""))]
    for left_out in CUES:
        cues = ", ".join(f'"{cue}"' for cue in CUES if cue != left_out)
        settings = f"cues = [{cues}]\n"
        outcomes.append(outcome(f"without {left_out}", score(incidents, settings), score(normal, settings)))
    return outcomes


def thresholds(score: Score, incidents: list[Case], normal: list[Case]) -> list[Outcome]:
    """Other scores at which an accident is suspected."""
    outcomes = []
    for at in THRESHOLDS:
        settings = f"suspect_at = {at}\nconfirm_at = {max(CONFIRMED_AT, at + 0.05):.2f}\n"
        outcomes.append(outcome(f"suspected at {at:.2f}", score(incidents, settings), score(normal, settings)))
    return outcomes


def simple_rules(tracks: Callable[[Case], Path], incidents: list[Scored], normal: list[Scored]) -> list[Outcome]:
    """The baselines on the tracks of the same runs; what they say is taken as suspected and never as confirmed."""
    rules = [("overlap and speed drop", baselines.overlap_and_speed_drop)]
    rules += [(f"stopped for {seconds:.0f} s", lambda path, fps, seconds=seconds: baselines.stopped(path, fps, seconds)) for seconds in STOPPED_S]
    alerts: dict[str, list[list[matching.Alert]]] = {name: [] for name, _ in rules}
    for run in incidents + normal:
        path = tracks(run.case)
        for name, rule in rules:
            alerts[name].append(rule(path, run.case.fps))
        path.unlink()
    outcomes = []
    for name, told in alerts.items():
        matched = [matching.match([pair for pair in truth(run)], list(said)) for run, said in zip(incidents, told)]
        pairs = [pair for run in matched for pair in run.pairs if pair[0].kind in ACCIDENTS]
        false = sum(len(said) for said in told[len(incidents) :])
        days = sum(run.case.hours for run in normal) / 24
        outcomes.append(Outcome(name, len(pairs), sum(alert is not None for _, alert in pairs), 0, false, 0, days))
    return outcomes


def truth(run: Scored) -> list[tuple]:
    return [(incident, "gambar") for incident, _ in run.matched.pairs if incident.kind in ACCIDENTS]


def tracks_of(simpang: Path, detections: Path, config: Path, case: Case, size: str, out: Path) -> Path:
    """The tracks of a run, as the agent follows it."""
    command = [simpang, "replay", "--config", config, "--detections", detections, "--fps", case.fps, "--size", size, "--tracks-out", out]
    subprocess.run([str(part) for part in command], check=True, capture_output=True, cwd=Path(__file__).resolve().parents[2])
    return out


def picture(ours: list[Outcome], used: Outcome, others: list[Outcome]) -> str:
    """SVG: found over false suspicions a camera-day, which goes from 0.1 to 10 000 in powers of ten; 0 is drawn at the left edge."""
    width, height, left, top = 720, 420, 70, 30
    across = lambda rate: left + (width - left - 30) * (min(4.0, max(-1.0, math.log10(max(rate, 0.1)))) + 1) / 5  # noqa: E731
    down = lambda share: top + (height - top - 60) * (1 - share / 100)  # noqa: E731
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">']
    parts.append(f'<rect width="{width}" height="{height}" fill="white"/>')
    for power in range(-1, 5):
        x = across(10.0**power)
        label = "≤ 0.1" if power < 0 else f"{10**power}"
        parts.append(f'<path d="M{x:.0f} {top}V{height - 60}" stroke="#ddd"/><text x="{x:.0f}" y="{height - 42}" text-anchor="middle">{label}</text>')
    for share in range(0, 101, 20):
        parts.append(f'<path d="M{left} {down(share):.0f}H{width - 30}" stroke="#ddd"/><text x="{left - 8}" y="{down(share) + 4:.0f}" text-anchor="end">{share} %</text>')
    line = " ".join(f"{across(one.false_a_day):.0f},{down(one.found_percent):.0f}" for one in ours)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#1f6f8b" stroke-width="2"/>')
    marks = [(one, "#1f6f8b", 4, "") for one in ours] + [(used, "#c0392b", 6, "simpang")] + [(one, "#777", 5, one.name) for one in others]
    for one, colour, radius, label in marks:
        x, y = across(one.false_a_day), down(one.found_percent)
        is_far = x > width / 2
        anchor, shift = ("end", -radius - 4) if is_far else ("start", radius + 4)
        parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius}" fill="{colour}"/><text x="{x + shift:.0f}" y="{y + 4:.0f}" text-anchor="{anchor}">{label}</text>')
    parts.append(f'<text x="{width / 2}" y="{height - 16}" text-anchor="middle">false suspicions a camera-day</text>')
    parts.append(f'<text x="18" y="{height / 2}" transform="rotate(-90 18 {height / 2})" text-anchor="middle">accidents found</text></svg>')
    return "\n".join(parts) + "\n"
