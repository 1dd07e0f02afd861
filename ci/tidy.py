#!/usr/bin/env python3
"""Rules of style that a script can check on every tracked file; links of pages, and paths in ARCHITECTURE.md."""

import pathlib
import posixpath
import re
import subprocess
import sys

MAX_BYTES = 1_000_000
MAX_LINES = 700
MACHINE_PATH = re.compile(r"(?<![A-Za-z0-9_./])/(home|root|work|Users)/")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b|todo!\(|unimplemented!\(")
# A link of a page to another file of the repository, without its heading.
LINK = re.compile(r"\]\((?![a-z]+:|#)([^)#\s]+)[^)]*\)")
# What looks like a path of the repository in the map: several components in backticks, or a folder.
PATH = re.compile(r"`([\w.*-]+/[\w./*-]*)`")


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


def dead_links(path: pathlib.Path, known: set[str]) -> list[str]:
    """Links of a page to files that are not tracked."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for link in LINK.findall(line):
            target = posixpath.normpath(posixpath.join(path.parent.as_posix(), link))
            if target not in known:
                found.append(f"line {number}: a link to {link}, which is not tracked")
    return found


def dead_paths(path: pathlib.Path, known: set[str]) -> list[str]:
    """Paths in backticks that are the end of no tracked file or folder. NAME stands for any name, * for any part of one."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for name in PATH.findall(line):
            pattern = re.escape(name.rstrip("/")).replace("NAME", "[^/]+").replace(r"\*", "[^/]*")
            ending = re.compile(rf"(.*/)?{pattern}")
            if not any(ending.fullmatch(other) for other in known):
                found.append(f"line {number}: {name} is no file or folder")
    return found


# The main job and the tests, which a newcomer and CI find first.
FIRST_COMMANDS = ["cargo run --release --bin experiments -- run fig13.yaml", "bash ci/gate.sh"]


def other_first_commands(path: pathlib.Path) -> list[str]:
    """Whether the first commands of the README are other ones than `FIRST_COMMANDS`."""
    block = re.search(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    commands = [line.split("#")[0].strip() for line in block[1].splitlines()] if block else []
    return [] if commands == FIRST_COMMANDS else [f"the first commands are {commands}, expected {FIRST_COMMANDS}"]


def main() -> int:
    tracked = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True).stdout
    files = [pathlib.Path(name) for name in tracked.decode().split("\0") if name]
    known = {place.as_posix() for path in files for place in (path, *path.parents)}
    count = 0
    for path in files:
        if path.is_file():
            found = problems(path)
            if path.suffix == ".md":
                found += dead_links(path, known)
            if path == pathlib.Path("README.md"):
                found += other_first_commands(path)
            if path.name == "ARCHITECTURE.md":
                found += dead_paths(path, known)
            for problem in found:
                print(f"{path}: {problem}", file=sys.stderr)
                count += 1
    print(f"{len(files)} files, {count} problems")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
