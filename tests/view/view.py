#!/usr/bin/env python3
"""Moved, covered, blurred, dark and frozen views, made from real films with ffmpeg, and how soon `simpang view` says so.

Every case is one film: home, then something happens, then home again. What must hold (the bars): noticed within 10 s in every case, home again within 15 s,
and no word at all in an hour and more of real and re-lit film (`lights.py`) in which nothing else happens. A film that is too short is repeated, and its jumps
from end to start are in the count. Films that the thresholds were tuned on and the others are told apart. Exit 1 when a bar is missed.
"""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lights import CHANGING, LIGHTS

FPS = 8
WIDTH = 640
BEFORE, DURING, AFTER = 20, 25, 25
TOTAL = BEFORE + DURING + AFTER
NOTICED, RESUMED, QUIET_MINUTES = 10.0, 15.0, 60.0
NOTHING = "nothing"
# Films whose looks were seen while the thresholds and the rules behind them were made.
TUNED_ON = {"vtest", "suburb-junction", "street-overhead", "parking-lane"}

# A camera that is knocked or turned does not show black borders: the whole picture is first enlarged where it would.
SHIFTS = [("shift", (x, y)) for x, y in [(0.05, 0), (-0.05, 0), (0, 0.05), (0, -0.05), (0.1, 0), (0, 0.1), (0.15, -0.1), (-0.2, 0), (0.3, 0), (-0.2, 0.2)]]
ZOOMS = [("zoom", zoom) for zoom in (1.1, 1.15, 1.25, 1.5, 2.0)]
TURNS = [("rotation", degrees) for degrees in (3, -3, 5, -7, 10, 15)]
TROUBLES = {
    "blurred": ["gblur=sigma={w}*0.006", "gblur=sigma={w}*0.012", "gblur=sigma={w}*0.03"],
    "dark": ["eq=brightness=-1", "eq=contrast=0.05:brightness=-0.45"],
    "obstructed": ["drawbox=t=fill:color=gray", "drawbox=t=fill:color=gray:h=ih*0.8", "drawbox=t=fill:color=0x303020:w=iw*0.75"],
    # The newest picture again and again, or one of 19 s ago: what a box repeats need not be the last thing that it showed.
    "frozen": ["FREEZE", "OLDER"],
    "covered": ["COVER"],
}


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def size(film: Path) -> tuple[int, int, float]:
    told = json.loads(run("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height:format=duration", "-of", "json", str(film)))
    stream = told["streams"][0]
    # As a sub-stream has it: the agent is meant for those.
    width = min(WIDTH, stream["width"] // 2 * 2)
    return width, round(stream["height"] * width / stream["width"] / 2) * 2, float(told["format"]["duration"])


def reduced(film: Path, work: Path) -> Path:
    """The film at our rate and size, nothing lost: decoded once instead of for each case."""
    to = work / f"{film.stem}.reduced.mp4"
    if not to.exists():
        width, height, _ = size(film)
        part = to.with_suffix(".part.mp4")
        graph = f"fps={FPS},scale={width}:{height}"
        run("ffmpeg", "-v", "error", "-i", str(film), "-vf", graph, "-c:v", "libx264", "-preset", "superfast", "-crf", "0", "-an", "-y", str(part))
        part.rename(to)
    return to


def change(kind: str, value, width: int, height: int) -> str:
    """The ffmpeg filter that turns the home view into the other one."""
    even = lambda number: 2 * round(number / 2)
    if kind == "shift":
        # What the camera would newly see at the border is not in the film: the picture's own mirror image stands for it.
        x, y = even(value[0] * width), even(value[1] * height)
        left, right, top, bottom = max(x, 0), max(-x, 0), max(y, 0), max(-y, 0)
        mirrored = f"split=3[a][b][c];[b]hflip[b];[c]vflip[c];[a][b]hstack[h];[c]split[c][d];[d]hflip[d];[c][d]hstack[v];[h][v]vstack"
        # The picture of twice the size repeats seamlessly: a window of it, moved by the shift, is the shifted view.
        wide = f"{mirrored},scroll=hpos={(-x % (2 * width)) / (2 * width)}:vpos={(-y % (2 * height)) / (2 * height)}"
        return f"{wide},crop={width}:{height}:0:0"
    if kind == "zoom":
        return f"crop={even(width / value)}:{even(height / value)},scale={width}:{height}"
    if kind == "rotation":
        # Enlarged by as much as the corners need would be a zoom too: mirrored borders instead.
        mirrored = f"split=3[a][b][c];[b]hflip[b];[c]vflip[c];[a][b]hstack[h];[c]split[c][d];[d]hflip[d];[c][d]hstack[v];[h][v]vstack"
        return f"{mirrored},scroll=hpos=0.75:vpos=0.75,rotate={value}*PI/180,crop={width}:{height}:{width // 2}:{height // 2}"
    raise ValueError(kind)


def make(film: Path, to: Path, light: str, trouble: str | None, other: Path) -> None:
    """Home, trouble, home; or home under the light of this name all along."""
    if to.exists():
        return
    width, height, _ = size(film)
    source = ["-stream_loop", "-1", "-i", str(film)]
    # One group of pictures a second or two, as cameras send them.
    encode = ["-c:v", "libx264", "-preset", "superfast", "-crf", "26", "-g", str(4 * FPS), "-pix_fmt", "yuv420p", "-an", "-threads", "1", "-y"]
    base = f"fps={FPS},setpts=N/{FPS}/TB,scale={width}:{height}"
    light = {**LIGHTS, **CHANGING}[light].format(w=width, h=height)
    if trouble is None:
        graph, inputs = f"[0:v]{base},{light}[out]", source
    else:
        inputs = list(source)
        still = f"loop=loop={DURING * FPS}:size=1:start=0,setpts=N/{FPS}/TB,trim=end={DURING}"
        cut = lambda start, end: f"trim=start={start}:end={end},setpts=PTS-STARTPTS"
        if trouble in ("COVER", "OLDER"):
            inputs += ["-stream_loop", "-1", "-i", str(other if trouble == "COVER" else film)]
            during = f"[1:v]fps={FPS},setpts=N/{FPS}/TB,{cut(1, 1 + 1 / FPS)},scale={width}:{height},setsar=1,{still}[m]"
            graph = f"[0:v]{base},setsar=1,{light},split=2[p][r];"
        else:
            graph = f"[0:v]{base},setsar=1,{light},split=3[p][q][r];"
            window = cut(BEFORE, BEFORE + 1 / FPS) + f",{still}" if trouble == "FREEZE" else cut(BEFORE, BEFORE + DURING) + f",{trouble.format(w=width)}"
            during = f"[q]{window},scale={width}:{height},setsar=1[m]"
        graph += f"[p]{cut(0, BEFORE)}[h];[r]{cut(BEFORE + DURING, TOTAL)}[e];{during};[h][m][e]concat=n=3,setpts=N/{FPS}/TB[out]"
    part = to.with_suffix(".part.mp4")
    run("ffmpeg", "-v", "error", *inputs, "-filter_complex", graph, "-map", "[out]", "-t", str(TOTAL), *encode, str(part))
    part.rename(to)


def watch(simpang: Path, film: Path) -> dict:
    return json.loads(run(str(simpang), "view", "--input", str(film)).splitlines()[-1])["summary"]


@dataclass(frozen=True)
class Case:
    """One made film. `trouble` is a filter, a change of the view, or nothing."""

    film: Path
    other: Path
    name: str
    light: str
    trouble: str | tuple | None

    @property
    def role(self) -> str:
        return "tuned on" if self.stem in TUNED_ON else "unseen"

    @property
    def stem(self) -> str:
        return self.film.name.split(".")[0]

    def watched(self, simpang: Path, work: Path) -> dict:
        width, height, _ = size(self.film)
        text = change(*self.trouble, width, height) if isinstance(self.trouble, tuple) else self.trouble
        # What covers a film is in its name: given alone, a film covers itself, which is another case.
        cover = f"-{self.other.name.split('.')[0]}" if self.trouble == "COVER" else ""
        slug = "".join(c if c.isalnum() or c in "-." else "_" for c in f"{self.stem}-{self.name}-{self.light}{cover}")
        made = work / f"{slug}.mp4"
        make(self.film, made, self.light, text, self.other)
        return watch(simpang, made)


@dataclass(frozen=True)
class Told:
    """Seconds until noticed, seconds until home again, and the words said."""

    noticed: float | None
    again: float | None
    words: str

    @property
    def is_good(self) -> bool:
        in_time = self.noticed is not None and self.noticed <= NOTICED and self.again is not None and self.again <= RESUMED
        return in_time and "FLAPS" not in self.words


def judge(summary: dict) -> Told:
    changes = summary["view"]
    early = [at for at, word in changes if word != "ok" and at < BEFORE]
    noticed = next((at - BEFORE for at, word in changes if word != "ok" and BEFORE <= at < BEFORE + DURING), None)
    back = [at for at, word in changes if word == "ok" and at >= BEFORE + DURING]
    again = back[0] - BEFORE - DURING if len(back) == 1 and changes[-1][1] == "ok" else None
    words = "+".join(dict.fromkeys(word for at, word in changes if word != "ok"))
    if early:
        return Told(None, again, f"EARLY {words}")
    if any(word == "ok" and BEFORE <= at < BEFORE + DURING for at, word in changes):
        words = f"FLAPS {words}"
    return Told(noticed, again, words)


def troubles(quick: bool):
    moves = [(kind, value) for kind, value in SHIFTS + ZOOMS + TURNS]
    if quick:
        moves = [("shift", (0.05, 0)), ("zoom", 1.1), ("rotation", 3)]
    for kind, value in moves:
        for light in ["as filmed"] if quick else ["as filmed", "night"]:
            yield f"{kind} {value}", light, (kind, value)
    for kind, filters in TROUBLES.items():
        for number, text in enumerate(filters[:1] if quick else filters):
            for light in ["as filmed"] if quick or kind in ("dark", "frozen", "covered") else ["as filmed", "night"]:
                yield f"{kind} {number + 1}", light, text


def cases(films: list[Path], quick: bool):
    for index, film in enumerate(films):
        other = films[(index + 1) % len(films)]
        for name, light, trouble in troubles(quick):
            yield Case(film, other, name, light, trouble)
        for light in ["as filmed"] if quick else [*LIGHTS, *CHANGING]:
            yield Case(film, other, NOTHING, light, None)


def report_troubles(found: list[tuple[Case, dict]]) -> int:
    """Prints a line for each miss and the table; returns how many missed."""
    missed, groups = 0, {}
    for case, summary in found:
        told = judge(summary)
        if not told.is_good:
            missed += 1
            print(f"MISSED  {case.stem}, {case.name}, {case.light}: noticed {told.noticed}, home again {told.again}, said {told.words or 'nothing'}: {summary['view']}")
        groups.setdefault((case.role, case.name.split()[0]), []).append(told)
    print(f"{'films':10} {'case':11} {'n':>4} {'noticed':>8} {'slowest':>8} {'home':>6} {'slowest':>8}  said")
    for (role, kind), group in sorted(groups.items()):
        soon = [told.noticed for told in group if told.noticed is not None]
        back = [told.again for told in group if told.again is not None]
        words = ", ".join(sorted({told.words for told in group}))
        in_time = f"{sum(n <= NOTICED for n in soon):8} {max(soon, default=0):7.1f}s {sum(b <= RESUMED for b in back):6} {max(back, default=0):7.1f}s"
        print(f"{role:10} {kind:11} {len(group):4} {in_time}  {words}")
    return missed


def report_quiet(found: list[tuple[Case, dict]]) -> tuple[int, float]:
    """Prints the false alarms and the table by light; returns how many there were, in how many minutes."""
    alarms = lambda summary: sum(word != "ok" for _, word in summary["view"])
    for case, summary in found:
        if alarms(summary):
            print(f"FALSE ALARM  {case.stem}, {case.light}: {summary['view']}")
    roles = sorted({case.role for case, _ in found})
    print(f"{'nothing happens':22}" + "".join(f" {role:>9}: films, minutes, alarms, doubtful" for role in roles))
    for light in [*dict.fromkeys(case.light for case, _ in found), "all"]:
        line = f"{light:22}"
        for role in roles:
            mine = [summary for case, summary in found if case.role == role and light in (case.light, "all")]
            minutes = sum(summary["seconds"] for summary in mine) / 60
            doubtful = sum(summary["doubtful_frames"] for summary in mine) / max(1, sum(summary["frames"] for summary in mine))
            line += f" {len(mine):16} {minutes:8.1f} {sum(map(alarms, mine)):7} {100 * doubtful:7.2f} %"
        print(line)
    return sum(alarms(summary) for _, summary in found), sum(summary["seconds"] for _, summary in found) / 60


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simpang", type=Path, required=True)
    parser.add_argument("--films", type=Path, nargs="+", required=True)
    parser.add_argument("--work", type=Path, required=True, help="made films are kept here")
    parser.add_argument("--quick", action="store_true", help="few cases: judges what it makes, and says that it is a part")
    parser.add_argument("--only", default="", help="cases whose film, name and light contain this, as in `zoom`, `vtest` or `nothing night`; a part too")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    films = [reduced(film, arguments.work) for film in arguments.films]
    chosen = [case for case in cases(films, arguments.quick) if arguments.only in f"{case.stem} {case.name} {case.light}"]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        found = list(zip(chosen, pool.map(lambda case: case.watched(arguments.simpang, arguments.work), chosen)))
    missed = report_troubles([(case, summary) for case, summary in found if case.trouble is not None])
    alarms, minutes = report_quiet([(case, summary) for case, summary in found if case.trouble is None])
    is_part = arguments.quick or bool(arguments.only)
    is_short = not is_part and minutes < QUIET_MINUTES
    print(f"{missed} of {sum(case.trouble is not None for case in chosen)} cases missed a bar; {alarms} false alarms in {minutes:.1f} minutes of real and re-lit film")
    if is_short:
        print(f"the bar asks for {QUIET_MINUTES:.0f} minutes: films are missing")
    print(("every bar held" if not (missed or alarms or is_short) else "a bar was missed") + (", of the part that was run" if is_part else ""))
    return 1 if missed or alarms or is_short else 0


if __name__ == "__main__":
    sys.exit(main())
