#!/usr/bin/env python3
"""Runs one bench of criterion's, and prints a line per figure in the form of bench_line.py: without a peer, in wall-clock time.

Usage: bench-criterion.py PACKAGE BENCH. The rounds are criterion's samples; figures are in millions of elements, or in GB, per second.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from bench_line import line

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
# By the name that criterion gives the throughput: the unit of a line, and how much of it one is.
UNITS = {"Elements": ("M/s", 1e6), "Bytes": ("GB/s", 1e9)}


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: bench-criterion.py PACKAGE BENCH")
    package, bench = sys.argv[1:]
    begun = time.time()
    command = ["cargo", "bench", "--quiet", "--locked", "-p", package, "--bench", bench]
    subprocess.run(command, cwd=ROOT, check=True)
    measured = [path for path in (TARGET / "criterion").rglob("new/benchmark.json") if path.stat().st_mtime >= begun]
    if not measured:
        sys.exit(f"{package}, {bench}: criterion left no figures in {TARGET / 'criterion'}")
    for path in sorted(measured):
        about, sample = json.loads(path.read_text()), json.loads(path.with_name("sample.json").read_text())
        (of, amount), = about["throughput"].items()
        unit, scale = UNITS[of]
        nanoseconds = [spent / count for spent, count in zip(sample["times"], sample["iters"])]
        print(line(about["full_id"], unit, [amount / spent * 1e9 / scale for spent in nanoseconds]), flush=True)


if __name__ == "__main__":
    main()
