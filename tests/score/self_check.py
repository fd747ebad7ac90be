#!/usr/bin/env python3
"""Shows that the scorers can be trusted, on the two sequences bundled with py-motmetrics.

1. py-motmetrics must give the figures its own README publishes (45 numbers).
2. TrackEval must agree with it on everything that both define alike: FP, FN, switches, MOTA, IDF1 within rounding.
3. A tracker that repeats the truth scores 100; one that gives every box a new id keeps MOTA's misses at 0 but loses IDF1 and HOTA.
"""

from __future__ import annotations

import sys
from pathlib import Path

import mot_file
import scorer
from mot_file import Row

FRAMES = {"TUD-Campus": 71, "TUD-Stadtmitte": 179}
COLUMNS = "idf1 idp idr recall precision num_unique_objects mostly_tracked partially_tracked mostly_lost num_false_positives num_misses num_switches num_fragmentations mota motp".split()
# From the README of py-motmetrics 1.4.0; per cent with one decimal, MOTP with three.
PUBLISHED = {
    "TUD-Campus": [55.8, 73.0, 45.1, 58.2, 94.1, 8, 1, 6, 1, 13, 150, 7, 7, 52.6, 0.277],
    "TUD-Stadtmitte": [64.5, 82.0, 53.1, 60.9, 94.0, 10, 5, 4, 1, 45, 452, 7, 6, 56.4, 0.346],
    "OVERALL": [62.4, 79.9, 51.2, 60.3, 94.0, 18, 6, 10, 2, 58, 602, 14, 13, 55.5, 0.330],
}
PERCENT = {"idf1", "idp", "idr", "recall", "precision", "mota"}


def bundled() -> list[scorer.Scored]:
    import motmetrics

    data = Path(motmetrics.__file__).parent / "data"
    return [
        scorer.Scored(name, frames, mot_file.read(data / name / "gt.txt"), mot_file.read(data / name / "test.txt")) for name, frames in FRAMES.items()
    ]


def published_figures_differ(summary) -> list[str]:
    problems = []
    for name, expected in PUBLISHED.items():
        for column, value in zip(COLUMNS, expected):
            got = float(summary.loc[name, column])
            got = round(100 * got, 1) if column in PERCENT else round(got, 3)
            if abs(got - value) > 1e-9:
                problems.append(f"{name} {column}: {got}, published {value}")
    return problems


def scorers_differ(summary, scores: dict[str, scorer.Score]) -> list[str]:
    problems = []
    for name, score in scores.items():
        row = summary.loc[name]
        pairs = {
            "MOTA": (score.mota, 100 * row["mota"], 0.3),
            "IDF1": (score.idf1, 100 * row["idf1"], 0.05),
            # TrackEval matches the whole sequence's tracks first by recency, motmetrics frame by frame: a few boxes may be paired differently.
            "FP": (score.false_positives, row["num_false_positives"], 2),
            "FN": (score.misses, row["num_misses"], 2),
            "switches": (score.switches, row["num_switches"], 2),
        }
        problems += [f"{name} {what}: TrackEval {ours:.2f}, motmetrics {theirs:.2f}" for what, (ours, theirs, slack) in pairs.items() if abs(ours - theirs) > slack]
    return problems


def limits_missed(sequences: list[scorer.Scored]) -> list[str]:
    perfect = [scorer.Scored(s.name, s.frames, s.truth, mot_file.counted(s.truth)) for s in sequences]
    forgetful = [scorer.Scored(s.name, s.frames, s.truth, with_new_ids(mot_file.counted(s.truth))) for s in sequences]
    best = scorer.trackeval_scores(perfect, "MOT15")["OVERALL"]
    worst = scorer.trackeval_scores(forgetful, "MOT15")["OVERALL"]
    problems = []
    if min(best.hota, best.mota, best.idf1) < 99.999 or best.switches:
        problems.append(f"the truth itself scores {best}")
    if worst.misses or worst.false_positives or worst.hota > 30 or worst.idf1 > 10 or worst.switches < 1000:
        problems.append(f"a tracker without memory scores {worst}")
    return problems


def with_new_ids(rows: list[Row]) -> list[Row]:
    return [Row(row.frame, (row.cells[0], str(number), *row.cells[2:])) for number, row in enumerate(rows, start=1)]


def main() -> None:
    sequences = bundled()
    summary = scorer.motmetrics_summary(sequences)
    scores = scorer.trackeval_scores(sequences, "MOT15")
    problems = published_figures_differ(summary) + scorers_differ(summary, scores) + limits_missed(sequences)
    for problem in problems:
        print(f"SCORER NOT TRUSTED: {problem}")
    if problems:
        sys.exit(1)
    overall = scores["OVERALL"]
    print(f"scorers agree: 45 published figures of py-motmetrics reproduced; TrackEval on the same files: HOTA {overall.hota:.1f} MOTA {overall.mota:.1f} IDF1 {overall.idf1:.1f}")


if __name__ == "__main__":
    main()
