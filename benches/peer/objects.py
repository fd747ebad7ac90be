#!/usr/bin/env python3
"""Detections of N things driving round a picture of 1280 x 720, as MOTChallenge text on stdout: `objects.py 30 --frames 600 [--seed 1]`.

For comparing trackers alone at a known number of objects: positions jitter by a pixel or two and a tenth of the detections is missing or weak, so a
tracker has to work as it does on film. The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
import random

WIDTH, HEIGHT = 1280, 720


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("objects", type=int)
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    chance = random.Random(args.seed)
    lanes = [(chance.uniform(0, WIDTH), chance.uniform(40, HEIGHT - 100), chance.choice([-1, 1]) * chance.uniform(2, 7), chance.uniform(40, 90)) for _ in range(args.objects)]
    for frame in range(1, args.frames + 1):
        for start, top, speed, size in lanes:
            if chance.random() < 0.05:
                continue
            left = (start + speed * frame) % (WIDTH + size) - size + chance.gauss(0, 1)
            score = chance.uniform(0.15, 0.3) if chance.random() < 0.05 else chance.uniform(0.5, 0.95)
            print(f"{frame},-1,{left:.2f},{top + chance.gauss(0, 1):.2f},{size + chance.gauss(0, 1.5):.2f},{0.8 * size + chance.gauss(0, 1.5):.2f},{score:.3f},3,-1,-1")


if __name__ == "__main__":
    main()
