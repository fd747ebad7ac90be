"""What the card must reach; a figure that is missed fails `make scorecard`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Bars:
    """Bars with what was measured."""

    rows: list[list[str]] = field(default_factory=list)
    missed: int = 0

    def at_least(self, name: str, value: float | None, limit: float, unit: str = "%") -> None:
        self._add(name, value, f"≥ {limit:g} {unit}", value is not None and value >= limit, unit)

    def at_most(self, name: str, value: float | None, limit: float, unit: str) -> None:
        self._add(name, value, f"≤ {limit:g} {unit}", value is not None and value <= limit, unit)

    def _add(self, name: str, value: float | None, asked: str, is_met: bool, unit: str) -> None:
        self.missed += not is_met
        measured = "not measured" if value is None else f"{value:.4g} {unit}"
        self.rows.append(["pass" if is_met else "**MISSED**", name, measured, asked])


def percent(part: int, whole: int) -> float | None:
    """None of nothing."""
    return 100 * part / whole if whole else None
