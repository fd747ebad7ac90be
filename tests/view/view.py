#!/usr/bin/env python3
"""Moved, covered, blurred, dark and frozen views, made from real films with ffmpeg, and how soon `simpang view` says so.

Every case is one film: home, then something happens, then home again. What must hold (the bars): noticed within 10 s in every case, home again within 15 s,
and no word at all while nothing happens, also under other light. A film that is too short is repeated, and its jumps from end to start are in the count.
"""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FPS = 8
WIDTH = 640
BEFORE, DURING, AFTER = 20, 25, 25
NOTICED, RESUMED = 10.0, 15.0
TUNED_ON = {"vtest", "suburb-junction", "street-overhead"}

# A camera that is knocked or turned does not show black borders: the whole picture is first enlarged where it would.
SHIFTS = [("shift", (x, y)) for x, y in [(0.05, 0), (-0.05, 0), (0, 0.05), (0, -0.05), (0.1, 0), (0, 0.1), (0.15, -0.1), (-0.2, 0), (0.3, 0), (-0.2, 0.2)]]
ZOOMS = [("zoom", zoom) for zoom in (1.1, 1.15, 1.25, 1.5, 2.0)]
TURNS = [("rotation", degrees) for degrees in (3, -3, 5, -7, 10, 15)]
LIGHTS = {
    "as filmed": "null",
    "bright": "eq=gamma=1.8",
    "dim": "eq=gamma=0.5",
    "night": "eq=gamma=0.45:contrast=0.6:brightness=-0.2,noise=alls=6:allf=t",
}
RAMPS = {
    "dusk and dawn": "eq=eval=frame:brightness='-0.25*abs(sin(t/20))':contrast='1-0.5*abs(sin(t/20))',noise=alls=4:allf=t",
    "clouds": "eq=eval=frame:brightness='0.15*sin(t/3)':gamma='1+0.4*sin(t/7)'",
    "lamps at once": "eq=eval=frame:gamma='if(gt(mod(t,30),15),0.5,1.2)'",
}
TROUBLES = {
    "blurred": ["gblur=sigma={w}*0.006", "gblur=sigma={w}*0.012", "gblur=sigma={w}*0.03"],
    "dark": ["eq=brightness=-1", "eq=contrast=0.05:brightness=-0.45"],
    "obstructed": ["drawbox=t=fill:color=gray", "drawbox=t=fill:color=gray:h=ih*0.8", "drawbox=t=fill:color=0x303020:w=iw*0.75"],
    "frozen": ["FREEZE"],
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
    """Home, trouble, home; or home under this light all along."""
    if to.exists():
        return
    width, height, _ = size(film)
    source = ["-stream_loop", "-1", "-i", str(film)]
    # One group of pictures a second or two, as cameras send them.
    encode = ["-c:v", "libx264", "-preset", "superfast", "-crf", "26", "-g", str(4 * FPS), "-pix_fmt", "yuv420p", "-an", "-threads", "1", "-y"]
    base = f"fps={FPS},setpts=N/{FPS}/TB,scale={width}:{height}"
    total = BEFORE + DURING + AFTER
    if trouble is None:
        graph, inputs = f"[0:v]{base},{light}[out]", source
    else:
        inputs = list(source)
        still = f"loop=loop={DURING * FPS}:size=1:start=0,setpts=N/{FPS}/TB,trim=end={DURING}"
        cut = lambda start, end: f"trim=start={start}:end={end},setpts=PTS-STARTPTS"
        if trouble == "COVER":
            inputs += ["-stream_loop", "-1", "-i", str(other)]
            during = f"[1:v]fps={FPS},setpts=N/{FPS}/TB,{cut(1, 1 + 1 / FPS)},scale={width}:{height},setsar=1,{still}[m]"
            graph = f"[0:v]{base},setsar=1,{light},split=2[p][r];"
        else:
            graph = f"[0:v]{base},setsar=1,{light},split=3[p][q][r];"
            window = cut(BEFORE, BEFORE + 1 / FPS) + f",{still}" if trouble == "FREEZE" else cut(BEFORE, BEFORE + DURING) + f",{trouble.format(w=width)}"
            during = f"[q]{window},scale={width}:{height},setsar=1[m]"
        graph += f"[p]{cut(0, BEFORE)}[h];[r]{cut(BEFORE + DURING, total)}[e];{during};[h][m][e]concat=n=3,setpts=N/{FPS}/TB[out]"
    part = to.with_suffix(".part.mp4")
    run("ffmpeg", "-v", "error", *inputs, "-filter_complex", graph, "-map", "[out]", "-t", str(total), *encode, str(part))
    part.rename(to)


def watch(simpang: Path, film: Path) -> dict:
    return json.loads(run(str(simpang), "view", "--input", str(film)).splitlines()[-1])["summary"]


def judge(summary: dict) -> tuple[float | None, float | None, str]:
    """Seconds until noticed, seconds until home again, and the words said."""
    changes = summary["view"]
    early = [at for at, word in changes if word != "ok" and at < BEFORE]
    noticed = next((at - BEFORE for at, word in changes if word != "ok" and BEFORE <= at < BEFORE + DURING), None)
    back = [at for at, word in changes if word == "ok" and at >= BEFORE + DURING]
    again = back[0] - BEFORE - DURING if len(back) == 1 and changes[-1][1] == "ok" else None
    words = "+".join(dict.fromkeys(word for at, word in changes if word != "ok"))
    if early:
        words = f"EARLY {words}"
        noticed = None
    if any(word == "ok" and BEFORE <= at < BEFORE + DURING for at, word in changes):
        words = f"FLAPS {words}"
    return noticed, again, words


def cases(quick: bool):
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simpang", type=Path, required=True)
    parser.add_argument("--films", type=Path, nargs="+", required=True)
    parser.add_argument("--work", type=Path, required=True, help="made films are kept here")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    failed, rows = 0, []

    def one(job):
        film, other, name, light, trouble = job
        width, height, _ = size(film)
        text = trouble if isinstance(trouble, str) or trouble is None else change(*trouble, width, height)
        slug = "".join(c if c.isalnum() or c in "-." else "_" for c in f"{film.stem}-{name}-{light}")
        made = arguments.work / f"{slug}.mp4"
        make(film, made, {**LIGHTS, **RAMPS}[light], text, other)
        return job, watch(arguments.simpang, made)

    jobs = []
    films = arguments.films
    for index, film in enumerate(films):
        other = films[(index + 1) % len(films)]
        jobs += [(film, other, name, light, trouble) for name, light, trouble in cases(arguments.quick)]
        jobs += [(film, other, "nothing", light, None) for light in (list(LIGHTS)[:1] if arguments.quick else {**LIGHTS, **RAMPS})]
    jobs = [job for job in jobs if arguments.only in job[2]]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = list(pool.map(one, jobs))
    groups: dict[tuple[str, str], list] = {}
    quiet: dict[str, list] = {}
    for (film, _, name, light, trouble), summary in results:
        role = "tuned on" if film.stem in TUNED_ON else "unseen"
        if trouble is None:
            quiet.setdefault(role, []).append((summary["seconds"] / 60, len(summary["view"]), summary["doubtful_frames"] / max(1, summary["frames"])))
            if summary["view"]:
                failed += 1
                print(f"FALSE ALARM  {film.stem}, {light}: {summary['view']}")
            continue
        noticed, again, words = judge(summary)
        good = noticed is not None and noticed <= NOTICED and again is not None and again <= RESUMED
        if not good or "FLAPS" in words:
            failed += 1
            print(f"MISSED  {film.stem}, {name}, {light}: noticed {noticed}, home again {again}, said {words or 'nothing'}: {summary['view']}")
        groups.setdefault((role, name.split()[0]), []).append((noticed, again, words))
    print(f"{'films':10} {'case':11} {'n':>4} {'noticed':>8} {'slowest':>8} {'home':>6} {'slowest':>8}  said")
    for (role, kind), found in sorted(groups.items()):
        soon = [n for n, _, _ in found if n is not None]
        back = [b for _, b, _ in found if b is not None]
        words = sorted({word for _, _, word in found})
        print(f"{role:10} {kind:11} {len(found):4} {sum(n <= NOTICED for n in soon):8} {max(soon, default=0):7.1f}s {sum(b <= RESUMED for b in back):6} {max(back, default=0):7.1f}s  {', '.join(words)}")
    for role, found in sorted(quiet.items()):
        minutes, alarms, doubt = (sum(column) for column in zip(*found))
        print(f"{role:10} nothing happens: {alarms} words in {minutes:.1f} minutes ({len(found)} films and lights, repeated where short); doubtful {100 * doubt / len(found):.2f} % of the time")
    print("every bar held" if not failed else f"{failed} cases missed a bar")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
