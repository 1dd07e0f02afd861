#!/usr/bin/env python3
"""Holds the matrix-factorisation kernel against LIBMF, in one run, on one thread each.

Both train on the same generated ratings (10,000 x 2,000, 1 M, planted rank 10 with noise, mean taken off), with the
same rank and the same lambda. Printed are million rating updates per CPU-second, the objective (the same formula for
both) and held-out RMSE after the same number of passes, and how much sooner in CPU time ours comes to LIBMF's final
objective.

LIBMF comes from the Python registry (package `libmf`, compiled here with its AVX code) into a virtual environment under
target/. The time of its passes is that of N passes less that of 1 pass, times N / (N - 1), so that its set-up is not
counted; ours counts the passes only. Needs cargo, a C++ compiler and Python 3 with venv.
"""

import argparse
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
ENVIRONMENT = TARGET / "bench-mf" / "venv"
PACKAGES = ["libmf==0.9.2", "numpy"]
USERS, ITEMS, RATINGS = 10_000, 2_000, 1_000_000
LAMBDA = 0.05
LIBMF_ETA = 0.1
# Ours: per form, the learning rate of R (and of L in the plain form), and its decay per pass.
LEARNING_RATE = {"plain": 0.08, "server": 0.06}
DECAY = 0.2
# Ours goes on for this many times the passes, to see when it comes to LIBMF's objective.
LONGER = 3
# LIBMF chooses its vector code when it is compiled; the package's own build has none.
FLAGS = "-O3 -DNDEBUG -DUSEAVX -march=native"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, nargs="+", default=[32, 100, 500])
    parser.add_argument("--passes", type=int, default=20)
    arguments = parser.parse_args()
    if Path(sys.prefix) != ENVIRONMENT:
        enter_environment()
    compare(arguments.ranks, arguments.passes)


def enter_environment():
    """Runs this script again inside the virtual environment, which is made at the first time."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    install = [python, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-binary", "libmf", *PACKAGES]
    subprocess.run(install, env={**os.environ, "CFLAGS": FLAGS, "CXXFLAGS": FLAGS}, check=True)
    sys.exit(subprocess.run([python, __file__, *sys.argv[1:]]).returncode)


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


def compare(ranks, passes):
    subprocess.run(["cargo", "build", "--quiet", "--release", "-p", "gaia-core", "--example", "mf_train"], cwd=ROOT, check=True)
    train, held = generate()
    folder = TARGET / "bench-mf"
    train.tofile(folder / "train.bin")
    held.tofile(folder / "held-out.bin")
    constant = float((held["value"] ** 2).mean() ** 0.5)
    print(f"{len(train)} ratings, {passes} passes, lambda {LAMBDA}, held-out RMSE of the mean {constant:.4f}")
    print(f"{'rank':>4} {'engine':<22} {'M updates/CPU-s':>15} {'objective':>11} {'RMSE':>7} {'held out':>8}  against LIBMF")
    for rank in ranks:
        peer = train_libmf(train, held, rank, passes)
        show(rank, "LIBMF (AVX)", peer, "")
        for form in ["plain", "server"]:
            lines = train_ours(folder, rank, passes, form)
            last = lines[passes - 1]
            ours = {**last, "speed": passes * len(train) / last["cpu_seconds"] / 1e6}
            note = f"{ours['speed'] / peer['speed']:.1f}x updates; {to_same_objective(lines, peer)}"
            show(rank, f"ours, {form} ({last['isa']})", ours, note)


def show(rank, engine, result, note):
    print(
        f"{rank:>4} {engine:<22} {result['speed']:>15.1f} {result['objective']:>11.0f} {result['rmse']:>7.4f}"
        f" {result['held_out_rmse']:>8.4f}  {note}",
        flush=True,
    )


def to_same_objective(lines, peer):
    """In words: when ours came to the peer's final objective."""
    for line in lines:
        if line["objective"] <= peer["objective"]:
            ratio = peer["cpu_seconds"] / line["cpu_seconds"]
            return f"same objective after pass {line['pass']}, {ratio:.1f}x sooner in CPU time"
    return f"LIBMF's objective not reached in {len(lines)} passes"


def train_ours(folder, rank, passes, form):
    command = [TARGET / "release" / "examples" / "mf_train", folder / "train.bin", folder / "held-out.bin"]
    command += map(str, [USERS, ITEMS, rank, LONGER * passes, LEARNING_RATE[form], DECAY, LAMBDA, form])
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def train_libmf(train, held, rank, passes):
    """Trains LIBMF in this process; its own progress lines are switched off."""
    import time
    import warnings

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


def residuals(rows, p, q):
    import numpy as np

    parts = np.array_split(rows, 50)
    return np.concatenate([part["value"] - (p[part["user"]] * q[part["item"]]).sum(1) for part in parts])


if __name__ == "__main__":
    main()
