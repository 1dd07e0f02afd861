#!/usr/bin/env python3
"""Keeps small files of results as a reference: tables, figures and claims of every spec, and where its cells come from.

usage: reference.py OUT REFERENCE

`experiments compare REFERENCE OUT` compares with it: manifests.json stands for the cells there. Needs Python 3 and nothing else.
"""

import json
import shutil
import sys
from pathlib import Path

FILES = ["table.csv", "claims.json", "figure.svg", "figure.png"]
# A variant's pictures differ little from those of the figures.
FILES_OF_VARIANTS = ["table.csv", "claims.json"]
VARIANT = "variant.json"


def cells(folder):
    """Every cell of a spec's folder: its names, and what its manifest and summary say of where it comes from."""
    listed = []
    for entry in json.loads((folder / "cells.json").read_text())["cells"]:
        place = folder / entry["plan"]
        manifest = json.loads((place / "manifest.json").read_text())
        summary = json.loads((place / "summary.json").read_text())
        keep = {key: manifest[key] for key in ("profile", "system", "data", "similitude", "sources")}
        # Only cells in real time have one: their digests are never the same twice.
        if "launch" in manifest["resolved"]:
            keep["launch"] = manifest["resolved"]["launch"]
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


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    store(*sys.argv[1:])
