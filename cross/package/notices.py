#!/usr/bin/env python3
"""What is inside the package, for lawyers and for vulnerability scanners.

    cargo metadata … | notices.py --pins cross/pins --architecture arm64 --version 0.1.0 --runtime-version 1.31.1 --bom FILE --licences FILE [--text NAME=FILE]...

`--bom` becomes a software bill of materials in CycloneDX 1.5 (ECMA-424): every crate that is linked, and the C and C++ libraries. `--licences` becomes their licence
texts, each text once with the names of all it applies to; `--text` adds one that is no crate's.
"""
import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

LICENCE_FILES = ("LICEN", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")
# What is linked or laid beside the program and is no crate. FFmpeg and OpenCV stand in cross/pins with their versions.
BESIDE = {
    "ffmpeg": ("FFmpeg", "LGPL-2.1-or-later", "cpe:2.3:a:ffmpeg:ffmpeg:{}:*:*:*:*:*:*:*"),
    "opencv": ("OpenCV", "Apache-2.0", "cpe:2.3:a:opencv:opencv:{}:*:*:*:*:*:*:*"),
    "zlib": ("zlib", "Zlib", "cpe:2.3:a:zlib:zlib:{}:*:*:*:*:*:*:*"),
}


def linked(metadata):
    """Packages that are part of the program: normal dependencies only, without the project itself."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    found, waiting = set(), [metadata["resolve"]["root"]]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.add(one)
        waiting += [d["pkg"] for d in nodes[one]["deps"] if any(kind["kind"] is None for kind in d["dep_kinds"])]
    found.remove(metadata["resolve"]["root"])
    return sorted((packages[one] for one in found), key=lambda package: (package["name"], package["version"]))


def pinned_libraries(pins, architecture):
    for line in Path(pins).read_text().splitlines():
        name, *rest = line.split()
        name = name.removesuffix(f"-{architecture}")
        if name in BESIDE:
            # ffmpeg_5.1.9.orig.tar.xz, opencv_4.6.0+dfsg.orig.tar.xz, zlib1g-dev_1.2.13.dfsg-1_arm64.deb
            version = rest[-1].split("/")[-1].split("_")[1].split(".orig")[0].split("+")[0].split(".dfsg")[0]
            yield (*BESIDE[name], version, rest[0])


def bom(crates, options):
    components = [
        {
            "type": "library",
            "name": crate["name"],
            "version": crate["version"],
            "purl": f"pkg:cargo/{crate['name']}@{crate['version']}",
            "licenses": [{"expression": crate["license"].replace("/", " OR ")}] if crate.get("license") else [],
        }
        for crate in crates
    ]
    for name, licence, cpe, found, sha in pinned_libraries(options.pins, options.architecture):
        hashes = [{"alg": "SHA-256", "content": sha}]
        components.append({"type": "library", "name": name, "version": found, "cpe": cpe.format(found), "hashes": hashes, "licenses": [{"expression": licence}]})
    purl = f"pkg:pypi/onnxruntime@{options.runtime_version}"
    components.append({"type": "library", "name": "onnxruntime", "version": options.runtime_version, "purl": purl, "licenses": [{"expression": "MIT"}]})
    this = {"type": "application", "name": "simpang", "version": options.version, "licenses": [{"expression": "Apache-2.0"}]}
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {"component": this}, "components": components}


def licences(crates, texts):
    by_text, without = defaultdict(list), []
    for crate in crates:
        files = sorted(file for file in Path(crate["manifest_path"]).parent.iterdir() if file.is_file() and file.name.upper().startswith(LICENCE_FILES))
        for file in files:
            by_text[file.read_text(errors="replace").strip()].append(f"{crate['name']} {crate['version']}")
        if not files:
            without.append(f"{crate['name']} {crate['version']}: {crate.get('license')}")
    for name, file in texts:
        by_text[Path(file).read_text(errors="replace").strip()].append(name)
    parts = [f"These brought no text of their licence along; it is the general one of that name:\n{chr(10).join(without)}\n"] if without else []
    parts += [f"{', '.join(dict.fromkeys(names))}\n{'-' * 80}\n{text}\n" for text, names in sorted(by_text.items(), key=lambda item: item[1])]
    return ("\n" + "=" * 80 + "\n").join(parts)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pins", required=True)
    parser.add_argument("--architecture", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--runtime-version", required=True)
    parser.add_argument("--bom", required=True)
    parser.add_argument("--licences", required=True)
    parser.add_argument("--text", action="append", default=[], type=lambda text: text.split("=", 1))
    options = parser.parse_args()
    crates = linked(json.load(sys.stdin))
    Path(options.bom).write_text(json.dumps(bom(crates, options), indent=1) + "\n")
    Path(options.licences).write_text(licences(crates, options.text))


if __name__ == "__main__":
    main()
