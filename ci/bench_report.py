"""Writes what ci/bench.sh collected: OUT/bench.csv and OUT/README.md. Lines of benches come in on standard input.

A bar stands in ci/bench-bars.csv: of which bench, of which figure (`ratio` or `ours`), `at least` or `at most`, and the number.
"""

import csv
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = ["bench", "ours", "peer", "peers", "unit", "ratio", "n", "spread"]


def main():
    out, how, steps = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    rows = [read(line) for line in sys.stdin]
    if not rows:
        sys.exit("no step printed a figure")
    bars = read_bars()
    for row in rows:
        row.update(judged(row, bars))
    machine = {"machine": cpu(), "cores": str(os.cpu_count()), "memory_read_gb_s": f"{memory_read_rate():.1f}", "commit": commit()}
    with open(out / "bench.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, [*COLUMNS, "bar", "verdict", *machine], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, **machine} for row in rows)
    (out / "README.md").write_text(page(rows, machine, how, steps))
    print(f"\n{out / 'README.md'}, {out / 'bench.csv'}: {len(rows)} figures, {tally(rows)}")


def read(line):
    fields = line.rstrip("\n").split(",")
    if len(fields) != len(COLUMNS) + 1:
        sys.exit(f"a line of {len(fields)} fields: {line.rstrip()!r}, expected bench,{','.join(COLUMNS).upper()}")
    return dict(zip(COLUMNS, fields[1:]))


def read_bars():
    with open(ROOT / "ci" / "bench-bars.csv", newline="") as file:
        return {row["bench"]: row for row in csv.DictReader(file)}


def judged(row, bars):
    """The bar of a bench, in words, and whether it is met."""
    bar = bars.get(row["bench"])
    if bar is None:
        return {"bar": "", "verdict": ""}
    found, limit = float(row[bar["of"]]), float(bar["bar"])
    met = {"at least": found >= limit, "at most": found <= limit}[bar["bound"]]
    return {"bar": f"{bar['of']} {bar['bound']} {bar['bar']}", "verdict": "met" if met else "missed"}


def tally(rows):
    counts = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in ["met", "missed"]}
    return f"bars: {counts['met']} met, {counts['missed']} missed"


def cpu():
    try:
        with open("/proc/cpuinfo") as file:
            facts = {name.strip(): value.strip() for name, _, value in (part.partition(":") for part in file)}
    except OSError:
        return platform.processor() or platform.machine()
    family = f" (family {facts['cpu family']} model {facts.get('model')})" if "cpu family" in facts else ""
    flags = facts.get("flags", "").split()
    vectors = next((name for name in ["avx512f", "avx2"] if name in flags), "no AVX2")
    return f"{facts.get('model name', platform.machine())}{family} {vectors}"


def memory_read_rate():
    """GB per CPU-second that one thread reads from memory, best of five searches for a byte that does not occur."""
    data = b"\1" * (1 << 29)
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        assert data.find(b"\2") == -1
        best = min(best, time.process_time() - start)
    return len(data) / best / 1e9


def commit():
    command = ["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def page(rows, machine, how, steps):
    quick = "\n**Made with `--quick`: to see that everything runs, no figure to go by.**\n" if how == "--quick" else ""
    lines = [
        f"| {row['bench']} | {row['ours']} | {row['peer']} | {row['peers']} | {row['unit']} | {row['ratio']} | {row['n']}"
        f" | {row['spread']} | {row['bar']} | {f'**{verdict}**' if (verdict := row['verdict']) == 'missed' else verdict} |"
        for row in rows
    ]
    return f"""# Benches of {time.strftime("%Y-%m-%d", time.gmtime())}

By `bash ci/bench.sh`; the same figures are in [bench.csv](bench.csv).
{quick}
* machine: {machine["machine"]}, {machine["cores"]} cores, one thread reads {machine["memory_read_gb_s"]} GB/s from memory
* commit: {machine["commit"]}
* load when this was written (1, 5, 15 minutes): {", ".join(f"{load:.1f}" for load in os.getloadavg())}
* steps {steps}
* {tally(rows)}

A ratio is ours / peer's, the median of n rounds of one run, in each of which both took their turn, in CPU time of one thread. The spread is
the largest less the smallest of the n ratios, over their median (without a peer: of our figures).

| bench | ours | peer | peer's | unit | ratio | n | spread | bar | |
|---|---|---|---|---|---|---|---|---|---|
{chr(10).join(lines)}
"""


if __name__ == "__main__":
    main()
