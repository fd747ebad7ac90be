"""MOTChallenge text files: `frame,id,left,top,width,height,conf,class,...`, frames from 1, pixels.

Only what scoring needs: read, keep every N-th frame, keep one class, write. Rows stay text, so that a box is scored with the digits it was written with.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One box of one frame."""

    frame: int
    cells: tuple[str, ...]

    def number(self, column: int) -> float:
        return float(self.cells[column])

    def is_class(self, wanted: int) -> bool:
        """The class column is optional and -1 means "not said": such a box counts as the wanted class."""
        return len(self.cells) < 8 or self.number(7) in (-1.0, float(wanted))

    def at_frame(self, frame: int) -> Row:
        return Row(frame, (str(frame), *self.cells[1:]))


def read(path: Path) -> list[Row]:
    """All rows of a file. An empty file is a tracker that found nothing, which is a score and not an error."""
    if not path.exists():
        sys.exit(f"the program ended without error and wrote no tracks to {path.name}: is this build complete?")
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip():
            continue
        cells = tuple(cell.strip() for cell in line.split(","))
        if len(cells) < 7:
            raise ValueError(f"{path}:{number}: {len(cells)} columns, a MOT row has at least 7 (frame,id,left,top,width,height,conf)")
        rows.append(Row(int(float(cells[0])), cells))
    return rows


def write(path: Path, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(",".join(row.cells) + "\n" for row in rows))


def thinned(rows: list[Row], every: int) -> list[Row]:
    """Frames 1, 1+every, 1+2*every, ... renumbered 1, 2, 3, ...: what a camera of that lower rate would have seen."""
    return [row.at_frame((row.frame - 1) // every + 1) for row in rows if (row.frame - 1) % every == 0]


def only_class(rows: list[Row], wanted: int) -> list[Row]:
    return [row for row in rows if row.is_class(wanted)]


def counted(rows: list[Row]) -> list[Row]:
    """Ground truth that is to be scored: column 7 is 1; 0 marks boxes that the makers of the data want ignored."""
    return [row for row in rows if row.number(6) != 0]


def boxes_per_frame(rows: list[Row], frames: int) -> list[int]:
    """How many boxes each frame 1..=frames has."""
    found = Counter(row.frame for row in rows)
    return [found[frame] for frame in range(1, frames + 1)]
