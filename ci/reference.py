#!/usr/bin/env python3
"""Small files of results: kept as a reference, and compared with it.

usage: reference.py store OUT REFERENCE     keep tables, figures, claims and manifests of every spec in OUT
       reference.py compare OUT REFERENCE   exit 1 when OUT is worse than, or other than, REFERENCE

Compared are, figure by figure:
* claims: none may fail that holds in the reference (one that holds now and failed there is reported). A claim that a rate was fitted to
  since has no verdict, and is none of these;
* table.csv: with the sources and seeds of the reference, every value must be equal, because simulated runs have the same bits
  everywhere. With other sources words must be equal and numbers within TOLERANCE; with other seeds only claims are compared.
Left out are runs in real time, which are never quite equal, and panels and figures of image classification: libtorch's bits depend
on the processor, and a build without libtorch has none. Needs Python 3 and nothing else.
"""

import csv
import json
import re
import shutil
import sys
from pathlib import Path

TOLERANCE = 0.05
FILES = ["table.csv", "claims.json", "figure.svg", "figure.png"]
# A variant's pictures differ little from those of the figures.
FILES_OF_VARIANTS = ["table.csv", "claims.json"]
VARIANT = "variant.json"
LEFT_OUT = {"validation", "ic", "ic-cifar10", "ic-long", "sweep-ic", "choice-ic"}
# Panels of image classification are named `IC`, `IC V/C`, `IC, full speed`.
IMAGES = re.compile(r"IC\b")
# Kept as evidence, and compared where they have run: `all` does not run them.
NOT_IN_ALL = ("sweep-", "choice-", "paper-")


def cells(folder):
    """Every cell of a spec's folder: its names, and what its manifest and summary say of where it comes from."""
    listed = []
    for entry in json.loads((folder / "cells.json").read_text())["cells"]:
        place = folder / entry["plan"]
        manifest = json.loads((place / "manifest.json").read_text())
        summary = json.loads((place / "summary.json").read_text())
        keep = {key: manifest[key] for key in ("profile", "system", "data", "similitude", "sources")}
        listed.append({**entry, **keep, "digest": summary["digest"]})
    return listed


def specs(out):
    """The folders whose cells have been reported on, those of variants with them."""
    out = Path(out)
    folders = sorted(path.parent for pattern in ("*/cells.json", "*/*/cells.json") for path in out.glob(pattern))
    return [folder for folder in folders if all((folder / name).exists() for name in FILES)]


def store(out, reference):
    for folder in specs(out):
        name = folder.relative_to(out)
        kept = Path(reference) / name
        kept.mkdir(parents=True, exist_ok=True)
        of_variant = len(name.parts) > 1
        if of_variant:
            shutil.copyfile(folder.parent / VARIANT, kept.parent / VARIANT)
        for file in FILES_OF_VARIANTS if of_variant else FILES:
            shutil.copyfile(folder / file, kept / file)
        (kept / "manifests.json").write_text(json.dumps(cells(folder), indent=1, ensure_ascii=False) + "\n")
        print(f"{name}: kept")


def comparable(listed):
    """Cells or rows that are not of image classification."""
    return [entry for entry in listed if not IMAGES.match(entry.get("panel") or "")]


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def differences(ours, theirs, exact):
    """Lines that say where two tables differ."""
    if len(ours) != len(theirs):
        return [f"{len(ours)} rows, {len(theirs)} in the reference"]
    found = []
    for mine, old in zip(ours, theirs):
        name = " ".join(filter(None, (mine.get("panel"), mine.get("cell"))))
        for column in old:
            a, b = mine.get(column) or "", old[column]
            x, y = number(a), number(b)
            near = not exact and None not in (x, y) and abs(x - y) <= TOLERANCE * max(abs(x), abs(y))
            if a != b and not near:
                found.append(f"{name}: {column} is {a}, {b} in the reference")
    return found


def compare(out, reference):
    worse = []
    reference = Path(reference)
    for kept in sorted(path.parent for pattern in ("*/", "*/*/") for path in reference.glob(f"{pattern}manifests.json")):
        name = kept.relative_to(reference)
        folder, of_variant = Path(out) / name, len(name.parts) > 1
        if kept.name in LEFT_OUT:
            continue
        if not (folder / "cells.json").exists():
            if of_variant or kept.name.startswith(NOT_IN_ALL):
                continue
            worse.append(f"{name}: has not run")
            continue
        old = {claim["id"]: claim for claim in json.loads((kept / "claims.json").read_text())}
        for claim in json.loads((folder / "claims.json").read_text()):
            if ".ic" in claim["id"]:
                continue
            before = old.get(claim["id"], {}).get("verdict")
            told = f"{claim['id']}: {before} -> {claim['verdict']} (measured {claim['measured']})"
            # A claim that a rate was fitted to has no verdict: that is no regression.
            if before == "holds" and claim["verdict"] not in ("holds", "calibration"):
                worse.append(told)
            elif before and before != claim["verdict"]:
                print(f"{name}: better or other, {told}")
        ours, theirs = comparable(cells(folder)), comparable(json.loads((kept / "manifests.json").read_text()))
        if {cell["seed"] for cell in ours} != {cell["seed"] for cell in theirs}:
            print(f"{name}: other seeds than the reference's, its table is not compared")
            continue
        exact = {cell["sources"] for cell in ours} == {cell["sources"] for cell in theirs}
        tables = [comparable(rows(place / "table.csv")) for place in (folder, kept)]
        found = differences(*tables, exact)
        worse += [f"{name}: {line}" for line in found]
        print(f"{name}: table {'differs' if found else 'equal' if exact else f'within {TOLERANCE:.0%} (other sources)'}")
    for line in worse:
        print(f"regression: {line}", file=sys.stderr)
    return 1 if worse else 0


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in ("store", "compare"):
        sys.exit(__doc__)
    sys.exit((store if sys.argv[1] == "store" else compare)(*sys.argv[2:]))
