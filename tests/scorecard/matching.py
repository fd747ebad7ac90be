"""Which alerts belong to which truth, and what remains.

An alert matches a truth of its kind when it says that it began between 2 s before and 30 s after, in the same zone; one to one, by time. An alert that
matches nothing but lies within an incident and the minute after it is a consequence of that incident (a queue behind a wreck); every other one is false.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field, replace

from traffic import Incident

EARLY_S, LATE_S, AFTERMATH_S = 2.0, 30.0, 60.0
# Which alerts an incident should give.
WANTED = {
    "breakdown": {"stoppedVehicle"},
    "crash": {"collision", "riderDown", "singleVehicle"},
    "fall": {"collision", "riderDown", "singleVehicle"},
    "wrong_way": {"wrongWay"},
}


@dataclass
class Alert:
    """An event's life. Seconds of the run; None when it never was."""

    kind: str
    zone: str
    started: float
    detected: float
    confirmed: float | None = None
    ended: float | None = None
    reason: str | None = None
    # When each further road user joined: riders against the flow are one event a quarter of an hour.
    joined: list[float] = field(default_factory=list)
    users: int = 1


def read(output: str, start: datetime.datetime) -> tuple[list[Alert], dict]:
    """Alerts and summary of `simpang replay`."""
    alerts: dict[str, Alert] = {}
    summary: dict = {}
    seconds = lambda text: (datetime.datetime.fromisoformat(text) - start).total_seconds()  # noqa: E731
    for line in output.splitlines():
        message = json.loads(line)
        if "summary" in message:
            summary = message["summary"]
            continue
        data = message["data"]
        alert = alerts.setdefault(data["eventId"], Alert(data["kind"], data["where"]["zoneId"], seconds(data["startTime"]), seconds(data["detectTime"])))
        if alert.confirmed is None and data["category"] == "accident" and data["severity"] == "critical":
            alert.confirmed = seconds(data["updateTime"])
        users = data["measurement"].get("usersTotal") or 1
        if users > alert.users:
            alert.joined += [seconds(data["updateTime"])] * (users - alert.users)
            alert.users = users
        if data["phase"] == "end":
            alert.ended, alert.reason = seconds(data["endTime"]), data["endReason"]
    return sorted(alerts.values(), key=lambda alert: alert.detected), summary


@dataclass
class Matched:
    """What became of the truths and of the alerts of one run."""

    pairs: list[tuple[Incident, Alert | None]]
    consequences: list[Alert]
    false: list[Alert]


def match(incidents: list[tuple[Incident, str | None]], alerts: list[Alert]) -> Matched:
    """`incidents` with the zones they lie in."""
    # Who joins later is matched like an alert of its own.
    left = sorted((each for alert in alerts for each in [alert, *(replace(alert, started=at, detected=at) for at in alert.joined)]), key=lambda a: a.detected)
    pairs = []
    for incident, zone in incidents:
        fits = lambda alert: (  # noqa: E731
            alert.kind in WANTED[incident.kind] and alert.zone in (zone, "gambar") and incident.start - EARLY_S <= alert.started <= incident.start + LATE_S
        )
        found = next((alert for alert in left if fits(alert)), None)
        if found is not None:
            left.remove(found)
        pairs.append((incident, found))
    caused = [alert for alert in left if any(incident.start - EARLY_S <= alert.detected <= incident.end + AFTERMATH_S for incident, _ in incidents)]
    return Matched(pairs, caused, [alert for alert in left if alert not in caused])
