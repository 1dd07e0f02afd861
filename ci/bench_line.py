"""One form for every figure of the benches, a line that ci/bench.sh collects:

    bench,NAME,OURS,PEER'S NAME,PEER'S,UNIT,RATIO,N,SPREAD

OURS and PEER'S are medians over N rounds, in each of which both took their turn; RATIO is the median of the rounds' ratios ours / peer's,
and SPREAD is their largest less their smallest, over RATIO. Without a peer its name, its figure and RATIO are empty, and SPREAD is that of
OURS. Fields hold no commas.

From a script: `python3 ci/bench_line.py NAME UNIT 'OURS ...' [PEER'S-NAME 'PEER'S ...']`, with a number per round.
"""

import statistics
import sys


def line(name, unit, ours, peer="", theirs=None):
    """The line of a bench, from a number per round of ours and of the peer's."""
    if not ours or (theirs is not None and len(ours) != len(theirs)):
        raise ValueError(f"{name}: {len(ours)} rounds of ours, {len(theirs or [])} of {peer}: expected the same number, at least 1")
    if theirs is None:
        values, fields = ours, ["", "", ""]
    else:
        values = [a / b for a, b in zip(ours, theirs)]
        fields = [peer, number(statistics.median(theirs)), number(statistics.median(values))]
    spread = (max(values) - min(values)) / abs(statistics.median(values))
    fields = ["bench", name, number(statistics.median(ours)), *fields[:2], unit, fields[2], str(len(values)), f"{spread:.3f}"]
    broken = [field for field in fields if "," in field or "\n" in field]
    if broken:
        raise ValueError(f"{name}: {broken[0]!r} is no field of a line: expected text without commas and line ends")
    return ",".join(fields)


def number(value):
    """Four significant digits."""
    return f"{value:.4g}" if 1e-3 <= abs(value) < 1e5 else f"{value:.4e}"


def main():
    if len(sys.argv) not in (4, 6):
        sys.exit("usage: bench_line.py NAME UNIT 'OURS ...' [PEER'S-NAME 'PEER'S ...']")
    name, unit, ours, *peer = sys.argv[1:]
    numbers = [[float(value) for value in text.split()] for text in [ours, *peer[1:]]]
    print(line(name, unit, numbers[0], *([peer[0], numbers[1]] if peer else [])))


if __name__ == "__main__":
    main()
