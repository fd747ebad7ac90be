#!/usr/bin/env python3
"""Runs one tracker of the Python packages `trackers` and `supervision` on a MOTChallenge detection file.

    rival_run.py --rival "ByteTrack" --detections det.txt --fps 30 --every 4 --frames 300 --out tracks.txt

In an environment of its own (`rivals_requirements.txt`); `--names` prints the names instead. Prints the CPU microseconds a frame that the tracker took. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path
from typing import Callable

warnings.filterwarnings("ignore")

import numpy
import supervision
import trackers

import mot_file


# name: (makes the tracker for a frame rate, least score of a detection that it is given). Defaults are the package's own and get every
# detection; "paper" is what the paper or its published program sets, where that differs. Every one is told the frame rate.
RIVALS: dict[str, tuple[Callable[[float], object], float]] = {
    "SORT": (lambda fps: trackers.SORTTracker(frame_rate=fps), 0.0),
    # Bewley et al. 2016: gone after one frame unseen (1 of 30 at a nominal 30), confirmed by three, only detections over 0.5.
    "SORT, paper": (lambda fps: trackers.SORTTracker(lost_track_buffer=1, frame_rate=30.0, track_activation_threshold=0.5), 0.5),
    # The defaults are those of Zhang et al. 2022: high 0.6, low 0.1, new 0.7, IoU 0.1 in stage 1, a second of memory.
    "ByteTrack": (lambda fps: trackers.ByteTrackTracker(frame_rate=fps), 0.0),
    # The defaults are those of Cao et al. 2023: score 0.6, IoU 0.3, direction 0.2 over 3 frames, three hits, a second of memory.
    "OC-SORT": (lambda fps: trackers.OCSORTTracker(frame_rate=fps), 0.0),
    # The defaults are those of Yang et al. 2023: buffers 0.3 and 0.5.
    "C-BIoU": (lambda fps: trackers.CBIoUTracker(frame_rate=fps), 0.0),
    "ByteTrack (supervision)": (lambda fps: supervision.ByteTrack(frame_rate=fps), 0.0),
    # This package adds 0.1 to the activation threshold for new tracks: 0.6 and 0.7, and cost below 0.9 in stage 1.
    "ByteTrack (supervision), paper": (
        lambda fps: supervision.ByteTrack(frame_rate=fps, track_activation_threshold=0.6, minimum_matching_threshold=0.9),
        0.0,
    ),
}


def frames_of(rows: list[mot_file.Row], frames: int, least: float) -> list[supervision.Detections]:
    """One `Detections` a frame 1..=frames, empty where nothing was found."""
    by_frame: list[list[list[float]]] = [[] for _ in range(frames)]
    for row in rows:
        if row.number(6) >= least and row.frame <= frames:
            left, top, width, height = (row.number(column) for column in range(2, 6))
            by_frame[row.frame - 1].append([left, top, left + width, top + height, min(row.number(6), 1.0)])
    return [detections_of(numpy.array(found, dtype=float).reshape(-1, 5)) for found in by_frame]


def detections_of(found: numpy.ndarray) -> supervision.Detections:
    return supervision.Detections(xyxy=found[:, :4], confidence=found[:, 4], class_id=numpy.zeros(len(found), dtype=int))


def lines_of(frame: int, tracked: supervision.Detections) -> list[str]:
    """`frame` is the source's number."""
    ids = tracked.tracker_id if tracked.tracker_id is not None else []
    lines = []
    for (left, top, right, bottom), score, identity in zip(tracked.xyxy, tracked.confidence, ids):
        # -1 is "not confirmed yet"; ids of the packages begin at 0 or 1.
        if identity >= 0:
            lines.append(f"{frame},{int(identity) + 1},{left:.2f},{top:.2f},{right - left:.2f},{bottom - top:.2f},{score:.4f},1,-1,-1\n")
    return lines


def main() -> None:
    if sys.argv[1:] == ["--names"]:
        print("\n".join(RIVALS))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rival", choices=RIVALS, required=True)
    parser.add_argument("--detections", type=Path, required=True)
    parser.add_argument("--fps", type=float, required=True, help="of the source")
    parser.add_argument("--every", type=int, required=True)
    parser.add_argument("--frames", type=int, required=True, help="of the source")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    make, least = RIVALS[args.rival]
    frames = (args.frames - 1) // args.every + 1
    seen = frames_of(mot_file.thinned(mot_file.read(args.detections), args.every), frames, least)
    tracker = make(args.fps / args.every)
    update = tracker.update_with_detections if hasattr(tracker, "update_with_detections") else tracker.update
    lines, cpu = [], 0.0
    for frame, found in enumerate(seen, start=1):
        begun = time.process_time()
        tracked = update(found)
        cpu += time.process_time() - begun
        lines += lines_of((frame - 1) * args.every + 1, tracked)
    args.out.write_text("".join(lines))
    print(f"{1e6 * cpu / max(frames, 1):.1f}")


if __name__ == "__main__":
    main()
