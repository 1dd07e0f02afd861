"""Runs the same flows through the fluid model and through SimGrid's CM02, and compares completion times and CPU seconds.

SimGrid is set to plain max-min fairness: no cross-traffic, no TCP window, no weight of latencies, tight precisions. The networks are
EC2's of 2016 with a flow for every ordered pair, 22.8 GB in all, and random ones. Times are the medians of runs taken by turns, and also
printed in the form of bench_line.py. Run by compare-simgrid.sh, which builds both sides.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_line import line

# At most, relative: of a flow's completion time.
TIMES_WITHIN = 1e-6
# Ours over SimGrid's CPU seconds on EC2's network, at most.
SECONDS_RATIO = 1.0
PLAIN = [
    "network/model:CM02",
    "network/crosstraffic:0",
    "network/TCP-gamma:0",
    "network/weight-S:0",
    "maxmin/precision:1e-9",
    "surf/precision:1e-12",
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", required=True, help="the example fluid_flows")
    parser.add_argument("--simgrid", required=True, help="compare-simgrid.cpp, compiled")
    parser.add_argument("--peer", default="SimGrid", help="SimGrid's name and version, as the figures have it")
    parser.add_argument("--random", type=int, default=20, help="number of random networks")
    parser.add_argument("--turns", "--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="two random networks alone")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.random = 2
    cases = [("ec2", 1)] + [("random", seed) for seed in range(1, arguments.random + 1)]
    missed, differences = [], []
    print(f"{'network':<12}{'machines':>9}{'flows':>7}{'GB':>7}{'largest difference':>20}{'ours':>12}{'SimGrid':>12}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for kind, seed in cases:
            difference, misses = compare(kind, seed, arguments, Path(folder) / "flows.txt")
            differences.append(difference)
            missed += misses
    print(line("fluid/largest-difference", "of SimGrid's time", [max(differences)]))
    for miss in missed:
        print("missed:", miss)
    sys.exit(1 if missed else 0)


def compare(kind, seed, arguments, file):
    """Prints the lines of a network; returns the largest difference of a time, and the bars that were missed."""
    subprocess.run([arguments.engine, "write", kind, str(seed), file], check=True)
    simgrid = [arguments.simgrid, file, "--log=root.thresh:warning"] + [f"--cfg={setting}" for setting in PLAIN]
    runs = [(run([arguments.engine, "run", file]), run(simgrid)) for _ in range(arguments.turns)]
    ours, theirs = runs[0]
    assert len(ours) == len(theirs), "a time for every flow"
    difference = max(abs(own / other - 1) for own, other in zip(ours[1:], theirs[1:]))
    seconds = [statistics.median(run[side][0] for run in runs) for side in (0, 1)]
    lines = file.read_text().split("\n")
    machines, limits, flows = map(int, lines[0].split())
    gigabytes = sum(int(line.split()[3]) for line in lines[1 + limits :] if line) / 1e9
    ratio = seconds[0] / seconds[1]
    name = f"{kind} {seed}"
    print(
        f"{name:<12}{machines:>9}{flows:>7}{gigabytes:>7.1f}{difference:>20.1e}"
        f"{seconds[0] * 1e3:>9.2f} ms{seconds[1] * 1e3:>9.2f} ms{ratio:>8.3f}",
        flush=True,
    )
    milliseconds = [[run[side][0] * 1e3 for run in runs] for side in (0, 1)]
    print(line(f"fluid/{kind}-{seed}", "ms of CPU", milliseconds[0], arguments.peer, milliseconds[1]), flush=True)
    missed = []
    if difference > TIMES_WITHIN:
        missed.append(f"{name}: times differ by {difference:.1e}, at most {TIMES_WITHIN}")
    if kind == "ec2" and ratio > SECONDS_RATIO:
        missed.append(f"{name}: {ratio:.2f} of SimGrid's CPU time, at most {SECONDS_RATIO}")
    return difference, missed


def run(command):
    """CPU seconds, then the completion times."""
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return [float(line) for line in lines]


if __name__ == "__main__":
    main()
