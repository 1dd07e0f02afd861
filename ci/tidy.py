#!/usr/bin/env python3
"""Rules of style that a script can check on every tracked file."""

import pathlib
import re
import subprocess
import sys

MAX_BYTES = 1_000_000
MAX_LINES = 700
MACHINE_PATH = re.compile(r"(?<![A-Za-z0-9_./])/(home|root|work|Users)/")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b|todo!\(|unimplemented!\(")


def problems(path: pathlib.Path) -> list[str]:
    data = path.read_bytes()
    found = []
    if len(data) > MAX_BYTES:
        found.append(f"{len(data)} bytes: data and raw samples do not belong here")
    try:
        lines = data.decode().splitlines()
    except UnicodeDecodeError:
        return found
    if path.suffix == ".rs":
        if len(lines) > MAX_LINES:
            found.append(f"{len(lines)} lines: perhaps two rooms")
        if "/tests/" not in str(path) and not any(line.startswith("//!") for line in lines[:3]):
            found.append("does not open with what lives here (//!)")
    if path.name in ("Cargo.lock", "tidy.py"):
        return found
    for number, line in enumerate(lines, 1):
        if MACHINE_PATH.search(line):
            found.append(f"line {number}: a path of a machine")
        if path.suffix in (".rs", ".sh", ".py") and UNFINISHED.search(line):
            found.append(f"line {number}: unfinished")
    return found


def main() -> int:
    tracked = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True).stdout
    files = [pathlib.Path(name) for name in tracked.decode().split("\0") if name]
    count = 0
    for path in files:
        if path.is_file():
            for problem in problems(path):
                print(f"{path}: {problem}", file=sys.stderr)
                count += 1
    print(f"{len(files)} files, {count} problems")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
