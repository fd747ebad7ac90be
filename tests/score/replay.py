"""Runs `simpang replay` on one film and reads what it says."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mot_file
from mot_file import Row

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Camera:
    """A film with the configuration that it is analysed with."""

    config: Path
    camera: str
    film: Path


@dataclass(frozen=True)
class Replayed:
    """The summary that ends standard output, and the tracks in source frames."""

    summary: dict
    tracks: list[Row]


def replay(simpang: Path, camera: Camera, every: int) -> Replayed:
    """Frames 1, 1+every, ... of the film. Ends the whole run with the program's own words when it fails."""
    with tempfile.TemporaryDirectory() as folder:
        tracks = Path(folder) / "tracks.txt"
        command = [simpang, "replay", "--config", camera.config, "--camera", camera.camera, "--input", camera.film, "--tracks-out", tracks, "--every", every]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=REPOSITORY)
        if done.returncode != 0:
            sys.exit(f"`{' '.join(str(part) for part in command)}` failed (exit {done.returncode}): {done.stderr.strip()[-2000:]}")
        return Replayed(_summary(done.stdout), mot_file.read(tracks))


def _summary(output: str) -> dict:
    lines = output.splitlines()
    last = json.loads(lines[-1]) if lines else {}
    if "summary" not in last:
        sys.exit(f"the last line of `simpang replay` is not a summary: {lines[-1][:200] if lines else '(no output)'}")
    return last["summary"]
