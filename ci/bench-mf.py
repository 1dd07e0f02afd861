#!/usr/bin/env python3
"""Compares the matrix-factorisation kernel with LIBMF and cornac, in one run, on one thread each.

All train on the same generated ratings (10,000 x 2,000, 1 M, planted rank 10 with noise, mean subtracted), with the same rank and the same
lambda. Per rank and form of ours (see the example mf_train) it prints, in the form of bench_line.py, million rating updates per CPU-second,
and the CPU time until LIBMF's objective after its last pass is reached (the same formula for both); with objectives and held-out errors on
lines of their own. In each round all take their turn.

The time of a peer's passes is that of N passes less that of 1 pass, times N / (N - 1), so that its preparations are not counted; ours
counts the passes only. Peers are installed by bench-environment.sh. Needs cargo, a C++ compiler and Python 3 with venv.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

from bench_line import line

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
USERS, ITEMS, RATINGS = 10_000, 2_000, 1_000_000
LAMBDA = 0.05
# LIBMF's default.
LIBMF_ETA = 0.1
# Ours, by form: learning rate of R (and of L in the plain form), its decay per pass, and AdaGrad's rate; at high rank in the second line.
RATES = {"plain": (0.08, 0.2, 0.0), "server": (0.06, 0.2, 0.1), "server-by-row": (0.06, 0.2, 0.1)}
HIGH_RANK_RATES = {"plain": (0.08, 0.2, 0.0), "server": (0.06, 0.2, 0.07), "server-by-row": (0.045, 0.2, 0.06)}
HIGH_RANK = 256
# Of a result: its name in print, its key, its digits.
FIGURES = [("objective", "objective", 0), ("RMSE", "rmse", 4), ("held out", "held_out_rmse", 4)]
# Ours goes on for this many times the passes, to see when it reaches LIBMF's objective.
LONGER = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, nargs="+", default=[32, 100, 500])
    parser.add_argument("--passes", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="rank 32 alone")
    arguments = parser.parse_args()
    enter_environment()
    compare([32] if arguments.quick else arguments.ranks, arguments.passes, arguments.rounds)


def enter_environment():
    """Runs this script again in the peers' environment, unless it is there."""
    command = ["bash", ROOT / "ci" / "bench-environment.sh"]
    python = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    if Path(sys.prefix) != Path(python).parent.parent:
        os.execv(python, [python, __file__, *sys.argv[1:]])


def generate():
    """The ratings as (train, held out), rows of (user, item, value)."""
    import numpy as np

    random = np.random.default_rng(1)
    rank = 10
    users = random.normal(size=(USERS, rank)).astype(np.float32)
    items = random.normal(size=(ITEMS, rank)).astype(np.float32)
    cells = np.unique(random.integers(0, USERS * ITEMS, size=int(RATINGS * 1.03)))
    cells = random.permutation(cells)[:RATINGS]
    user, item = cells // ITEMS, cells % ITEMS
    value = 3.5 + 0.8 / rank**0.5 * (users[user] * items[item]).sum(1) + random.normal(scale=0.75, size=RATINGS)
    value = np.clip(np.round(value), 1, 5)
    held = random.random(RATINGS) < 0.05
    value -= value[~held].mean()
    rows = np.empty(RATINGS, dtype=[("user", "<u4"), ("item", "<u4"), ("value", "<f4")])
    rows["user"], rows["item"], rows["value"] = user, item, value
    return rows[~held], rows[held]


def compare(ranks, passes, rounds):
    command = ["cargo", "build", "--quiet", "--locked", "--release", "-p", "gaia-core", "--example", "mf_train"]
    subprocess.run(command, cwd=ROOT, check=True)
    train, held = generate()
    constant = float((held["value"] ** 2).mean() ** 0.5)
    print(f"{len(train)} ratings, {passes} passes, lambda {LAMBDA}, held-out RMSE of the mean {constant:.4f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        train.tofile(Path(folder) / "train.bin")
        held.tofile(Path(folder) / "held-out.bin")
        for rank in ranks:
            report(rank, *take_turns(folder, train, held, rank, passes, rounds))


def take_turns(folder, train, held, rank, passes, rounds):
    """What LIBMF, cornac and each form of ours measured in each round. Results do not differ between rounds, times do."""
    libmf, cornac, ours = [], [], {form: [] for form in RATES}
    longest = {form: LONGER * passes for form in RATES}
    for _ in range(rounds):
        libmf.append(train_libmf(train, held, rank, passes))
        cornac.append(train_cornac(train, rank, passes))
        for form, runs in ours.items():
            lines = train_ours(folder, rank, longest[form], form)
            reached = next((each["pass"] for each in lines if each["objective"] <= libmf[0]["objective"]), None)
            longest[form] = max(passes, reached or passes)
            speed = passes * len(train) / lines[passes - 1]["cpu_seconds"] / 1e6
            seconds = lines[reached - 1]["cpu_seconds"] if reached else None
            runs.append({**lines[passes - 1], "speed": speed, "reached": reached, "seconds": seconds})
    return libmf, cornac, ours


def report(rank, libmf, cornac, ours):
    def speeds(runs):
        return [run["speed"] for run in runs]

    show(f"rank {rank}, LIBMF", libmf[0])
    print(line(f"mf/plain/rank-{rank}/against-cornac", "M/CPU-s", speeds(ours["plain"]), "cornac 3.0.1", speeds(cornac)))
    for form, runs in ours.items():
        name, of = f"mf/{form}/rank-{rank}", "LIBMF 0.9.2 AVX"
        show(f"rank {rank}, ours, {form} ({runs[0]['isa']})", runs[0])
        print(line(name, "M/CPU-s", speeds(runs), of, speeds(libmf)))
        if runs[0]["reached"] is None:
            print(f"{name}: LIBMF's objective is not reached")
            continue
        print(f"{name}: LIBMF's objective after {runs[0]['reached']} passes")
        seconds = [run["cpu_seconds"] for run in libmf]
        print(line(f"{name}/to-objective", "CPU-s", [run["seconds"] for run in runs], of, seconds), flush=True)


def show(who, result):
    figures = [f"{name} {result[key]:.{digits}f}" for name, key, digits in FIGURES]
    print(f"{who}: {', '.join(figures)}", flush=True)


def train_ours(folder, rank, passes, form):
    learning_rate, decay, adagrad = (HIGH_RANK_RATES if rank >= HIGH_RANK else RATES)[form]
    command = [TARGET / "release" / "examples" / "mf_train", Path(folder) / "train.bin", Path(folder) / "held-out.bin"]
    command += map(str, [USERS, ITEMS, rank, passes, learning_rate, decay, LAMBDA, adagrad, form])
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(each) for each in output.splitlines()]


def train_libmf(train, held, rank, passes):
    """Trains LIBMF in this process; its own progress lines are switched off."""
    import numpy as np

    devnull, stdout = os.open(os.devnull, os.O_WRONLY), os.dup(1)
    os.dup2(devnull, 1)
    try:
        warnings.simplefilter("ignore")
        from libmf import mf

        data = np.stack([train["user"], train["item"], train["value"]], axis=1).astype(np.float32)
        seconds = []
        for count in [1, passes]:
            settings = {"lambda_p2": LAMBDA, "lambda_q2": LAMBDA, "eta": LIBMF_ETA, "lambda_p1": 0.0, "lambda_q1": 0.0}
            engine = mf.MF(k=rank, nr_threads=1, nr_iters=count, quiet=True, **settings)
            start = time.process_time()
            engine.fit(data)
            seconds.append(time.process_time() - start)
        p, q = engine.p_factors(), engine.q_factors()
    finally:
        os.dup2(stdout, 1)
    of_passes = (seconds[1] - seconds[0]) * passes / (passes - 1)
    error = residuals(train, p, q)
    lengths = (p**2).sum(1)[train["user"]].sum(dtype=float) + (q**2).sum(1)[train["item"]].sum(dtype=float)
    return {
        "cpu_seconds": of_passes,
        "speed": passes * len(train) / of_passes / 1e6,
        "objective": (error**2).sum(dtype=float) + LAMBDA * lengths,
        "rmse": float((error**2).mean(dtype=float) ** 0.5),
        "held_out_rmse": float((residuals(held, p, q) ** 2).mean(dtype=float) ** 0.5),
    }


def train_cornac(train, rank, passes):
    """The speed of cornac's plain SGD. It has no weights or biases of its own; its objective is ours."""
    import cornac
    import numpy as np

    rows = [train["user"].astype(np.int64), train["item"].astype(np.int64), train["value"].astype(np.float64)]
    names = [{number: number for number in range(count)} for count in [USERS, ITEMS]]
    data = cornac.data.Dataset(USERS, ITEMS, *names, tuple(rows), seed=1)
    seconds = []
    for count in [1, passes]:
        settings = {"learning_rate": 0.01, "lambda_reg": LAMBDA, "use_bias": False, "num_threads": 1, "seed": 1}
        model = cornac.models.MF(k=rank, max_iter=count, verbose=False, **settings)
        start = time.process_time()
        model.fit(data)
        seconds.append(time.process_time() - start)
    return {"speed": (passes - 1) * len(train) / (seconds[1] - seconds[0]) / 1e6}


def residuals(rows, p, q):
    import numpy as np

    parts = np.array_split(rows, 50)
    return np.concatenate([part["value"] - (p[part["user"]] * q[part["item"]]).sum(1) for part in parts])


if __name__ == "__main__":
    main()
