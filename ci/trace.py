#!/usr/bin/env python3
"""Opens traces of `experiments trace` with Perfetto's own parser, trace_processor: no errors, and every span and arrow there.

    ci/trace.py target/debug/experiments            # runs a small fig13, and opens the traces of its cells
    ci/trace.py target/debug/experiments DIR CELL   # opens that of a cell in a spec's folder

Installs the package `perfetto` from the Python registry into a virtual environment. The package fetches trace_processor itself when it
is first used; PERFETTO_TRACE_PROCESSOR names one that is there already. Where it cannot be had the script says so, and what it checks is the
JSON alone.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import venv

PERFETTO = "perfetto==0.59.1"
# A few seconds of the paper's Figure 13: barriers, staleness and links between 11 sites.
SMALL = ["run", "fig13", "--seed", "1", "--set", "data.generated.scale=0.015", "--quiet"]
CELLS = ["Baseline", "Gaia", "LAN"]
LETTERS = set("XCMsf")


def expected(path: pathlib.Path) -> collections.Counter:
    """The events of a trace by letter; raises what is wrong with its form."""
    events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    counts = collections.Counter(event["ph"] for event in events)
    if unknown := set(counts) - LETTERS:
        raise ValueError(f"events of unknown letters: {unknown}")
    if counts["s"] != counts["f"]:
        raise ValueError(f"{counts['s']} arrows begin and {counts['f']} end")
    return counts


# Runs in the virtual environment: prints what trace_processor finds in a trace, as JSON.
QUERIES = """
import json, os, sys
from perfetto.trace_processor import TraceProcessor, TraceProcessorConfig
config = TraceProcessorConfig(bin_path=os.environ.get("PERFETTO_TRACE_PROCESSOR"), load_timeout=60)
with TraceProcessor(trace=sys.argv[1], config=config) as processor:
    def one(query):
        return next(iter(processor.query(query))).n
    print(json.dumps({
        "spans": one("select count(*) as n from slice"),
        "machines": one("select count(distinct utid) as n from thread_track join slice on slice.track_id = thread_track.id"),
        "clocks inside clocks": one("select count(*) as n from slice where category = 'clock' and depth > 0"),
        "parts outside clocks": one("select count(*) as n from slice where category = 'part' and depth != 1"),
        "arrows": one("select count(*) as n from flow"),
        "errors": one("select coalesce(sum(value), 0) as n from stats where severity in ('error', 'data_loss')"),
    }))
"""


def environment() -> pathlib.Path | None:
    """The Python of an environment with `perfetto`; None where it cannot be installed."""
    folder = pathlib.Path(tempfile.gettempdir()) / f"gaia-testbed-{PERFETTO}"
    python = folder / "bin" / "python"
    try:
        if not python.exists():
            venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PERFETTO], check=True, capture_output=True)
    except subprocess.CalledProcessError:
        return None
    return python


def found(python: pathlib.Path, trace: pathlib.Path) -> dict | str:
    """What trace_processor finds, or why there is no trace_processor."""
    asked = subprocess.run([python, "-c", QUERIES, trace], capture_output=True, text=True)
    if asked.returncode == 0:
        return json.loads(asked.stdout)
    last = asked.stderr.strip().splitlines()[-1] if asked.stderr.strip() else "no output"
    if "curl" in last or "prebuilts" in last or "URLError" in last:
        return "its download failed"
    raise RuntimeError(f"{trace.name}: trace_processor: {last}")


def check(python: pathlib.Path | None, trace: pathlib.Path) -> bool:
    """Checks a trace; returns whether trace_processor opened it."""
    counts = expected(trace)
    answer = found(python, trace) if python else "no package"
    if isinstance(answer, str):
        print(f"{trace.name}: {counts['X']} spans, {counts['s']} arrows; NOT opened, trace_processor is not to be had ({answer})")
        return False
    wanted = {"spans": counts["X"], "arrows": counts["s"], "clocks inside clocks": 0, "parts outside clocks": 0, "errors": 0}
    wrong = {name: answer[name] for name, number in wanted.items() if answer[name] != number}
    if wrong:
        raise RuntimeError(f"{trace.name}: trace_processor finds {wrong}, expected {wanted}")
    print(f"{trace.name}: trace_processor opens it: {answer['spans']} spans of {answer['machines']} machines, {answer['arrows']} arrows")
    return True


def main() -> int:
    if len(sys.argv) not in (2, 4):
        print(__doc__, file=sys.stderr)
        return 2
    binary = os.path.abspath(sys.argv[1])
    python = environment()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if len(sys.argv) == 4:
            results, cells = pathlib.Path(sys.argv[2]), [sys.argv[3]]
        else:
            results, cells = folder / "fig13", CELLS
            subprocess.run([binary, *SMALL, "--out", folder], check=True)
        for cell in cells:
            trace = folder / f"{cell}.trace.json".replace("/", "-")
            subprocess.run([binary, "trace", results, cell, "--out", trace], check=True, stdout=subprocess.DEVNULL)
            check(python, trace)
    return 0


if __name__ == "__main__":
    sys.exit(main())
