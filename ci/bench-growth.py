#!/usr/bin/env python3
"""Runs matrix factorisation on more and more machines, and prints what a message and a machine cost, in the form of bench_line.py.

Gaia runs on 2, 10, 50, 100 and 200 sites of 11 machines, in computed groups with one hub each; Baseline (BSP over all machines, every pair of
which talks) on 22, 110, 550 and 1,100 machines of the 11 sites of `ec2-all`. Messages have about the same rows; under Baseline a machine's
ratings grow with the number of machines, so that it touches the rows of all. A size runs for a few clocks and for more: CPU time per message
and per clock are of the difference, so that what a run does once is not in them. Memory is the peak of the longer run, with all that
a process has.

Needs cargo and Python 3; pyarrow comes with the environment of bench-environment.sh.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_line import line

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
SITE = 11
# Machines, and clocks of the shorter and of the longer run.
SIZES = {
    "gaia": {22: (4, 24), 110: (4, 14), 550: (2, 6), 1100: (2, 5), 2200: (2, 4)},
    "baseline": {22: (4, 24), 110: (4, 10), 550: (1, 2), 1100: (1, 2)},
}
QUICK = {"gaia": [22, 110], "baseline": [22, 110]}
SYSTEMS = {
    "gaia": "{ gaia: { inside: { bsp: {} }, significance: { threshold: 0.01, schedule: constant },"
    " overlay: { computed: { hubs: single } } } }",
    "baseline": "{ global: { bsp: {} } }",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1, help="how often each size runs")
    parser.add_argument("--quick", action="store_true", help="small sizes alone")
    arguments = parser.parse_args()
    enter_environment()
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", "--bin", "experiments"], cwd=ROOT, check=True)
    for system, sizes in SIZES.items():
        for machines, clocks in sizes.items():
            if not arguments.quick or machines in QUICK[system]:
                grow(system, machines, clocks, arguments.rounds)


def enter_environment():
    """Runs this script again in the environment of the benches, unless it is there."""
    command = ["bash", ROOT / "ci" / "bench-environment.sh"]
    python = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    if Path(sys.prefix) != Path(python).parent.parent:
        os.execv(python, [python, __file__, *sys.argv[1:]])


def grow(system, machines, clocks, rounds):
    """Prints the lines of one size."""
    per_message, per_clock, per_machine, per_pair = [], [], [], []
    for _ in range(rounds):
        short, long = (run(system, machines, count) for count in clocks)
        seconds = long["seconds"] - short["seconds"]
        per_message.append(seconds / (long["messages"] - short["messages"]) * 1e6)
        per_clock.append(seconds / (clocks[1] - clocks[0]))
        per_machine.append(long["bytes"] / machines / 1e3)
        per_pair.append(long["bytes"] / long["pairs"])
    name = f"growth/{system}/{machines}"
    print(line(f"{name}/message", "us of CPU", per_message))
    print(line(f"{name}/clock", "CPU-s", per_clock))
    print(line(f"{name}/machine", "kB", per_machine))
    print(line(f"{name}/pair", "B", per_pair), flush=True)


def run(system, machines, clocks):
    """CPU time, peak memory, messages and pairs that talked, of a run of so many clocks."""
    import pyarrow.compute
    import pyarrow.parquet

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "growth.yaml").write_text(spec(system, machines, clocks, folder))
        command = [TARGET / "release" / "experiments", "run", folder / "growth.yaml", "--jobs", "1", "--out", folder / "results"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (cell,) = (folder / "results" / "growth").glob("*/traffic.parquet")
        host = json.loads((cell.parent / "host.json").read_text())
        traffic = pyarrow.parquet.read_table(cell)
        pairs = traffic.select(["from", "to"]).group_by(["from", "to"]).aggregate([]).num_rows
        return {
            "seconds": host["cpu-seconds"],
            "bytes": host["peak-memory-bytes"],
            "messages": pyarrow.compute.sum(traffic["messages"]).as_py(),
            "pairs": pairs,
        }


def spec(system, machines, clocks, folder):
    """Twenty users a machine. Under Gaia 20 items for each machine of a site, under Baseline two for each of all, and ratings for a worker to touch most."""
    if system == "gaia":
        items, per_machine, profile = 20 * SITE, 1_000, network(machines // SITE, folder)
        place = f"profile: {profile}\nmachines-per-site: {SITE}"
    else:
        items, per_machine = 2 * machines, 16 * machines
        place = f"profile: ec2-all\nmachines-per-site: {machines // 11}"
    return f"""title: growth
seeds: [1]
workload: {{ mf: {{ rank: 16 }} }}
data: {{ generated: {{ users: {20 * machines}, items: {items}, ratings: {per_machine * machines} }} }}
similitude: none
encoding: {{ inside: dense, between: packed }}
machines: c4-4xlarge
{place}
goal: {{ clocks: {clocks} }}
cells:
  - {{ name: {system}, system: {SYSTEMS[system]} }}
"""


def network(sites, folder):
    """A profile of sites on a ring: the further, the slower and the later."""
    names = [f"S{number}" for number in range(sites)]

    def apart(a, b):
        steps = abs(a - b)
        return min(steps, sites - steps) / sites

    for name, unit, value in [("bandwidth", "Mbit/s", lambda d: 220 - 400 * d), ("rtt", "ms", lambda d: 20 + 400 * d)]:
        rows = [",".join([here] + ["" if a == b else f"{value(apart(a, b)):.1f}" for b in range(sites)]) for a, here in enumerate(names)]
        head = [f"# unit: {unit}", "from\\to," + ",".join(names)]
        (folder / f"{name}.csv").write_text("\n".join(head + rows) + "\n")
    listed = "\n".join(f"  - {{name: {name}}}" for name in names)
    (folder / "ring.yaml").write_text(f"""name: ring-{sites}
title: {sites} sites on a ring
sites:
{listed}
nic: {{in: 1 Gbit/s, out: 1 Gbit/s}}
bandwidth: {{csv: {{file: bandwidth.csv}}}}
rtt: {{csv: {{file: rtt.csv}}}}
""")
    return folder / "ring.yaml"


if __name__ == "__main__":
    main()
