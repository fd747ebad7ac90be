"""The two public scorers behind one call: TrackEval (HOTA, CLEAR, Identity) and py-motmetrics (CLEAR, Identity).

TrackEval is the one that decides; motmetrics is the second opinion of `self_check.py`. Both match boxes at IoU 0.5 for CLEAR and Identity;
HOTA is the mean over the localisation thresholds 0.05, 0.10, ... 0.95 (Luiten et al. 2021, "HOTA", equation 11).
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mot_file
from mot_file import Row

PEDESTRIAN = 1


@dataclass(frozen=True)
class Scored:
    """One sequence to score: what is true and what the tracker said, frames 1..=frames."""

    name: str
    frames: int
    truth: list[Row]
    tracks: list[Row]


@dataclass(frozen=True)
class Score:
    """Per cent, except the counts."""

    hota: float
    deta: float
    assa: float
    mota: float
    idf1: float
    switches: int
    false_positives: int
    misses: int
    fragments: int


def trackeval_scores(sequences: list[Scored], benchmark: str) -> dict[str, Score]:
    """Score of each sequence by name, and of all together as `OVERALL`.

    `benchmark` is `MOT15` (every counted truth box is a pedestrian) or `MOT17` (boxes on distractors are taken out first, as the challenge does).
    """
    trackeval = _trackeval()
    with tempfile.TemporaryDirectory() as folder:
        dataset = trackeval.datasets.MotChallenge2DBox(_dataset_config(Path(folder), sequences, benchmark))
        metrics = {
            "HOTA": trackeval.metrics.HOTA(),
            "CLEAR": trackeval.metrics.CLEAR({"THRESHOLD": 0.5, "PRINT_CONFIG": False}),
            "Identity": trackeval.metrics.Identity({"THRESHOLD": 0.5, "PRINT_CONFIG": False}),
        }
        results: dict[str, dict[str, dict]] = {name: {} for name in metrics}
        for sequence in sequences:
            raw = dataset.get_raw_seq_data("tracker", sequence.name)
            data = dataset.get_preprocessed_seq_data(raw, "pedestrian")
            for name, metric in metrics.items():
                results[name][sequence.name] = metric.eval_sequence(data)
    for name, metric in metrics.items():
        results[name]["OVERALL"] = metric.combine_sequences(dict(results[name]))
    return {key: _from_trackeval(results, key) for key in [*(s.name for s in sequences), "OVERALL"]}


def _trackeval():
    """TrackEval, without the line it prints at import about data sets that need pycocotools (we score none of them)."""
    with contextlib.redirect_stdout(io.StringIO()):
        import trackeval

    return trackeval


def _dataset_config(folder: Path, sequences: list[Scored], benchmark: str) -> dict:
    """Write the files where TrackEval's own reader for the challenge looks for them: its reader and preprocessing are part of the definition."""
    for sequence in sequences:
        mot_file.write(folder / "gt" / sequence.name / "gt" / "gt.txt", sequence.truth)
        tracks = [Row(row.frame, (*row.cells[:7], str(PEDESTRIAN), "-1", "-1")) for row in sequence.tracks]
        mot_file.write(folder / "trackers" / "tracker" / "data" / f"{sequence.name}.txt", tracks)
    return {
        "GT_FOLDER": str(folder / "gt"),
        "TRACKERS_FOLDER": str(folder / "trackers"),
        "TRACKERS_TO_EVAL": ["tracker"],
        "BENCHMARK": benchmark,
        "SEQ_INFO": {sequence.name: sequence.frames for sequence in sequences},
        "SKIP_SPLIT_FOL": True,
        "PRINT_CONFIG": False,
    }


def _from_trackeval(results: dict, key: str) -> Score:
    hota, clear, identity = (results[name][key] for name in ("HOTA", "CLEAR", "Identity"))
    return Score(
        hota=100 * float(hota["HOTA"].mean()),
        deta=100 * float(hota["DetA"].mean()),
        assa=100 * float(hota["AssA"].mean()),
        mota=100 * float(clear["MOTA"]),
        idf1=100 * float(identity["IDF1"]),
        switches=int(clear["IDSW"]),
        false_positives=int(clear["CLR_FP"]),
        misses=int(clear["CLR_FN"]),
        fragments=int(clear["Frag"]),
    )


def _motmetrics():
    """py-motmetrics 1.4.0 calls one function that NumPy 2 took away and TrackEval 1.3.0 wants NumPy 2: give it back, with its old meaning."""
    import numpy

    if not hasattr(numpy, "asfarray"):
        numpy.asfarray = lambda values: numpy.asarray(values, dtype=float)
    import motmetrics

    return motmetrics


def motmetrics_summary(sequences: list[Scored]):
    """py-motmetrics' own table (a pandas frame in its column names), ground truth with confidence >= 1, IoU 0.5, `OVERALL` last."""
    motmetrics = _motmetrics()
    accumulators = []
    with tempfile.TemporaryDirectory() as folder:
        for sequence in sequences:
            truth_file, tracks_file = Path(folder) / "gt.txt", Path(folder) / "tracks.txt"
            mot_file.write(truth_file, sequence.truth)
            mot_file.write(tracks_file, sequence.tracks)
            truth = motmetrics.io.loadtxt(str(truth_file), fmt="mot15-2D", min_confidence=1)
            tracks = motmetrics.io.loadtxt(str(tracks_file), fmt="mot15-2D")
            accumulators.append(motmetrics.utils.compare_to_groundtruth(truth, tracks, "iou", distth=0.5))
    return motmetrics.metrics.create().compute_many(
        accumulators,
        names=[sequence.name for sequence in sequences],
        metrics=motmetrics.metrics.motchallenge_metrics,
        generate_overall=True,
    )
