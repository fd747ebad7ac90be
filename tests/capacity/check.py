#!/usr/bin/env python3
"""Whether `simpang capacity` predicts what a real run sustains: real RTSP cameras, the real agent, on one processor.

    check.py --simpang PROGRAM --film FILM.mp4 [--fps 2] [--seconds 25] [--work FOLDER]

The agent has processor 0 for itself; the cameras (GStreamer's RTSP server, playing FILM to each viewer) have the others. A number of cameras is sustained when they get 95 %
of the analysed frames that they ask for, all together, and no compressed picture is skipped. Fails when the prediction is more than 15 % off the largest such number.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BAR = 0.15
ENOUGH = 0.95
# Connecting, first inferences, and what had piled up meanwhile.
SETTLE = 12

HEAD = """[site]
city = "palembang"
id = "uji"
device = "uji-01"

[detector]
sessions = 1
threads_per_inference = 1

[outbox]
directory = "{work}/outbox"

[page]
listen = "127.0.0.1:0"
"""
CAMERA = """
[cameras.k{number}]
url = "{url}"
analyse_fps = {fps}
detect.crops = 0

[cameras.k{number}.lines.garis-{number}]
from = [0.0, 0.66]
to = [1.0, 0.66]

[[cameras.k{number}.rules.line_count]]
line = "garis-{number}"
to_right = "mendekat"
to_left = "menjauh"
"""


def config(work, url, fps, cameras):
    file = work / f"{cameras}.toml"
    file.write_text(HEAD.format(work=work) + "".join(CAMERA.format(number=n, url=url, fps=fps) for n in range(cameras)))
    return file


def pinned(processors, *command, **more):
    return subprocess.Popen([str(part) for part in command], preexec_fn=lambda: os.sched_setaffinity(0, processors), text=True, **more)


def predict(options, work, url):
    command = [options.simpang, "capacity", "--config", config(work, url, options.fps, 1), "--input", options.film, "--json", "--seconds", options.measure]
    process = pinned({0}, *command, stdout=subprocess.PIPE)
    out, _ = process.communicate()
    if process.returncode != 0:
        sys.exit("simpang capacity failed")
    return json.loads(out)["best"]


def metrics(page):
    text = urllib.request.urlopen(f"http://{page}/metrics", timeout=20).read().decode()
    total = lambda name: sum(float(value) for value in re.findall(rf"^{name}_total{{[^}}]*}} (\S+)$", text, re.M))
    return time.monotonic(), total("simpang_frames_analysed"), total("simpang_packets_dropped")


def share(options, work, url, cameras):
    """Of the frames that so many cameras ask for, how many were analysed; 0 when pictures were skipped."""
    log = work / "log"
    with log.open("w") as stderr:
        agent = pinned({0}, options.simpang, "run", "--config", config(work, url, options.fps, cameras), "--seconds", SETTLE + options.seconds + 10, stdout=subprocess.DEVNULL, stderr=stderr)
    try:
        deadline, page = time.monotonic() + 60, None
        while page is None and time.monotonic() < deadline:
            time.sleep(0.2)
            page = re.search(r"local page: http://(\S+)", log.read_text())
        time.sleep(SETTLE)
        if "is left out" in log.read_text():
            sys.exit(f"the agent refuses cameras:\n{log.read_text()}")
        before = metrics(page[1])
        time.sleep(options.seconds)
        after = metrics(page[1])
    finally:
        agent.terminate()
        agent.wait(60)
    got = (after[1] - before[1]) / (after[0] - before[0]) / (options.fps * cameras)
    skipped = after[2] - before[2]
    print(f"{cameras:3} cameras: {got:6.1%} of the frames they ask for, {skipped:.0f} pictures skipped", flush=True)
    return 0.0 if skipped else got


def sustained(options, work, url, guess):
    """The largest number that is sustained, looked for around the guess."""
    holds = {}
    ask = lambda n: holds.setdefault(n, share(options, work, url, n) >= ENOUGH)
    low, high = 0, None
    now = max(guess, 1)
    while high is None or high - low > 1:
        if ask(now):
            low = now
        else:
            high = now
        step = max(1, round(guess * 0.08))
        now = low + step if high is None else max(high - step, (low + high) // 2, low + 1)
    return low


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--simpang", required=True, type=Path)
    parser.add_argument("--film", required=True, type=Path)
    parser.add_argument("--fps", type=float, default=2.0)
    parser.add_argument("--seconds", type=int, default=25)
    parser.add_argument("--measure", type=int, default=10)
    options = parser.parse_args()
    others = os.sched_getaffinity(0) - {0}
    if not others:
        sys.exit("one processor is not enough: the cameras need one of their own")
    with tempfile.TemporaryDirectory() as folder:
        server = pinned(others, "/usr/bin/python3", ROOT / "tests/rtsp/server.py", "--film", options.film, stdout=subprocess.PIPE)
        try:
            url = f"rtsp://127.0.0.1:{int(server.stdout.readline().split()[1])}/film"
            best = predict(options, Path(folder), url)
            predicted = int(best["cameras"])
            print(f"predicted: {best['cameras']:.1f} cameras at {options.fps} frames a second on one processor ({best['inference_ms']:.1f} ms an inference)", flush=True)
            found = sustained(options, Path(folder), url, predicted)
        finally:
            server.kill()
            server.wait()
    off = abs(predicted - found) / max(found, 1)
    print(f"sustained: {found} cameras; the prediction is {off:.1%} off (bar {BAR:.0%})")
    sys.exit(0 if off <= BAR else 1)


if __name__ == "__main__":
    main()
