#!/usr/bin/env python3
"""The Python peer: what one would put together in an afternoon from the usual parts, measured stage by stage.

OpenCV's VideoCapture, onnxruntime with the same model file, supervision's ByteTrack; one thread each. It is a fair opponent: the same
resize, the same thresholds, no work that its output does not need.

    peer.py --film F --model models/efficientdet-lite0.onnx [--frames N] --json      one run, one JSON object
    peer.py --film F --model M --interactive                                         a line `N` on stdin: the next N frames, one JSON line
    peer.py --detections MOT.txt --fps 10 --json                                     the tracker alone; interactive: all of them, for each line

`--interactive` is for interleaving with another program on a noisy machine: A B A B in rounds, without paying the start each time. The film starts
again when it ends. Times are CPU milliseconds of the whole process (all its threads) for one frame.
"""

from __future__ import annotations

import os

# Before numpy is loaded: one thread.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import argparse  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from collections import defaultdict  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from pathlib import Path  # noqa: E402

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import supervision  # noqa: E402

warnings.filterwarnings("ignore", category=DeprecationWarning)

# COCO numbers from 0: person, bicycle, car, motorcycle, bus, train, truck.
WANTED = np.array([0, 1, 2, 3, 5, 6, 7])
THRESHOLD = 0.25
NMS_IOU = 0.5


class Stages:
    """CPU time by stage."""

    def __init__(self) -> None:
        self.nanoseconds: dict[str, int] = defaultdict(int)

    @contextmanager
    def stage(self, name: str):
        started = time.process_time_ns()
        yield
        self.nanoseconds[name] += time.process_time_ns() - started

    def per_frame(self, frames: int) -> dict[str, float]:
        return {name: round(spent / 1e6 / max(frames, 1), 4) for name, spent in self.nanoseconds.items()}


class EfficientDet:
    """320 x 320, letterboxed to the top left, padding 0."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.canvas = np.zeros((1, side, side, 3), np.uint8)

    def prepare(self, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        height, width = frame.shape[:2]
        scale = self.side / max(height, width)
        to_height, to_width = round(height * scale), round(width * scale)
        small = cv2.resize(frame, (to_width, to_height), interpolation=cv2.INTER_LINEAR)
        self.canvas[0, :to_height, :to_width] = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
        return self.canvas, np.array([1 / scale] * 4, np.float32)

    def read(self, outputs: list[np.ndarray], to_frame: np.ndarray) -> supervision.Detections:
        boxes, scores, classes = (output[0] for output in outputs)
        return detections(boxes, scores, classes, to_frame)


class Ssd:
    """300 x 300, stretched; boxes in 0..1."""

    def __init__(self, side: int) -> None:
        self.side = side

    def prepare(self, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        height, width = frame.shape[:2]
        small = cv2.cvtColor(cv2.resize(frame, (self.side, self.side), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
        return small[None], np.array([height, width, height, width], np.float32)

    def read(self, outputs: list[np.ndarray], to_frame: np.ndarray) -> supervision.Detections:
        boxes, scores = (output[0] for output in outputs)
        classes = scores.argmax(axis=1)
        return detections(boxes, scores[np.arange(len(scores)), classes], classes, to_frame)


def detections(boxes: np.ndarray, scores: np.ndarray, classes: np.ndarray, to_frame: np.ndarray) -> supervision.Detections:
    """Boxes y1,x1,y2,x2 of the model to supervision's x1,y1,x2,y2 in frame pixels, after threshold, class filter and suppression."""
    keep = np.flatnonzero(scores >= THRESHOLD)
    keep = keep[np.isin(classes[keep], WANTED)]
    corners = (boxes[keep] * to_frame)[:, [1, 0, 3, 2]]
    found = supervision.Detections(xyxy=corners.astype(np.float32), confidence=scores[keep], class_id=classes[keep].astype(int))
    return found.with_nms(threshold=NMS_IOU, class_agnostic=False)


class Peer:
    """The loop, with its state: film, session, tracker."""

    def __init__(self, film: Path, model: Path) -> None:
        cv2.setNumThreads(1)
        self.film = film
        self.capture = self._open()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        image = self.session.get_inputs()[0]
        names = [output.name for output in self.session.get_outputs()]
        self.input = image.name
        self.model = EfficientDet(image.shape[1]) if names == ["boxes", "score", "class"] else Ssd(image.shape[1])
        self.tracker = supervision.ByteTrack(frame_rate=round(self.capture.get(cv2.CAP_PROP_FPS)) or 25)

    def _open(self) -> cv2.VideoCapture:
        # A decoder with threads of its own would do its work while another stage is on the clock.
        capture = cv2.VideoCapture(str(self.film), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        if not capture.isOpened():
            sys.exit(f"peer: cannot open {self.film}")
        return capture

    def run(self, frames: int | None) -> dict:
        """The next frames (None: to the end of the film) and what they cost."""
        stages, done, people, tracks = Stages(), 0, 0, 0
        while frames is None or done < frames:
            # `read` is these two: decoding, and libswscale's conversion to BGR.
            with stages.stage("decode"):
                grabbed = self.capture.grab()
            if not grabbed:
                if frames is None:
                    break
                self.capture = self._open()
                continue
            with stages.stage("convert"):
                _, frame = self.capture.retrieve()
            done += 1
            with stages.stage("preprocess"):
                image, to_frame = self.model.prepare(frame)
            with stages.stage("inference"):
                outputs = self.session.run(None, {self.input: image})
            with stages.stage("postprocess"):
                found = self.model.read(outputs, to_frame)
            with stages.stage("track"):
                followed = self.tracker.update_with_detections(found)
            people += int((found.class_id == 0).sum())
            tracks += len(followed)
        return report(stages, done, people_per_frame=round(people / max(done, 1), 3), tracks_per_frame=round(tracks / max(done, 1), 3))


def track_only(path: Path, fps: float) -> dict:
    """ByteTrack on the detections of a MOTChallenge file; reading and grouping are not counted."""
    by_frame: dict[int, list[list[float]]] = defaultdict(list)
    for line in path.read_text().splitlines():
        frame, _, left, top, width, height, score = (float(cell) for cell in line.split(",")[:7])
        by_frame[int(frame)].append([left, top, left + width, top + height, score])
    tracker, stages, tracks = supervision.ByteTrack(frame_rate=round(fps)), Stages(), 0
    for frame in range(1, max(by_frame, default=0) + 1):
        rows = np.array(by_frame[frame], np.float32).reshape(-1, 5)
        found = supervision.Detections(xyxy=rows[:, :4], confidence=rows[:, 4], class_id=np.zeros(len(rows), int))
        with stages.stage("track"):
            tracks += len(tracker.update_with_detections(found))
    return report(stages, max(by_frame, default=0), tracks_per_frame=round(tracks / max(len(by_frame), 1), 3))


def report(stages: Stages, frames: int, **more) -> dict:
    spent = stages.per_frame(frames)
    return {
        "frames": frames,
        "cpu_ms_per_frame": {**spent, "total": round(sum(spent.values()), 4)},
        "rss_mb": resident_mb("VmRSS"),
        "rss_peak_mb": resident_mb("VmHWM"),
        **more,
        "versions": {"opencv": cv2.__version__, "onnxruntime": onnxruntime.__version__, "supervision": supervision.__version__},
    }


def resident_mb(field: str) -> float:
    """Resident memory as the kernel counts it, in MB of 10^6 bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return round(int(line.split()[1]) * 1024 / 1e6, 1)
    return 0.0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--film", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--frames", type=int, help="default: the whole film")
    parser.add_argument("--interactive", action="store_true")
    parser.add_argument("--detections", type=Path)
    parser.add_argument("--fps", type=float, default=10.0)
    parser.add_argument("--json", action="store_true", help="print JSON (default: a line for people)")
    args = parser.parse_args()
    if args.detections is None and (args.film is None or args.model is None):
        parser.error("give --film and --model, or --detections")
    return args


def main() -> None:
    args = arguments()
    if args.detections is not None:
        if args.interactive:
            for _ in sys.stdin:
                print(json.dumps(track_only(args.detections, args.fps)), flush=True)
        else:
            show(track_only(args.detections, args.fps), args.json)
        return
    peer = Peer(args.film, args.model)
    if args.interactive:
        for line in sys.stdin:
            print(json.dumps(peer.run(int(line))), flush=True)
    else:
        show(peer.run(args.frames), args.json)


def show(result: dict, as_json: bool) -> None:
    if as_json:
        print(json.dumps(result))
        return
    stages = ", ".join(f"{name} {spent:.2f}" for name, spent in result["cpu_ms_per_frame"].items())
    print(f"{result['frames']} frames; CPU ms a frame: {stages}; resident {result['rss_mb']} MB (peak {result['rss_peak_mb']})")


if __name__ == "__main__":
    main()
