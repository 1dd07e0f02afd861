"""Trains topics with ours and with tomotopy on one corpus, one thread each, and judges both by our likelihood.

Both are exact collapsed Gibbs samplers with alpha = beta = 0.1 kept fixed. Printed are the joint log likelihood per token
after the last pass, million tokens per CPU-second, and the CPU time to the likelihood that tomotopy has after the last pass
(less 0.05 %, as both end on a plateau with noise), all of the passes alone. Run by compare-tomotopy.sh, which makes the
environment that this needs.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tomotopy as tp

ROOT = Path(__file__).resolve().parent.parent
# A generated corpus of NYTimes' proportions: 3,000 documents of 300 tokens, 20,000 words.
GENERATED = ["3000", "20000", "900000"]
LIKELIHOOD_WITHIN = 0.005
# Ours over tomotopy's: (tokens per CPU-second at least, CPU time to the same likelihood at most), by topics.
BARS = {100: (1.4, 0.72), 500: (3.0, 0.35)}
# Where a likelihood counts as reached.
REACHED_WITHIN = 0.0005
# Passes between two looks at tomotopy's state.
STEP = 5


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", required=True, help="the example lda_train")
    parser.add_argument("--corpus", action="append", help="a docword file or its folder; default: generated, and KOS")
    parser.add_argument("--topics", type=int, nargs="+", default=[100, 500])
    parser.add_argument("--passes", type=int, default=100)
    arguments = parser.parse_args()
    engine = str(Path(arguments.engine).resolve())
    with tempfile.TemporaryDirectory() as folder:
        missed = []
        for name, corpus in corpora(arguments, engine, Path(folder)):
            for topics in arguments.topics:
                missed += compare(engine, name, corpus, topics, arguments.passes, Path(folder))
    for miss in missed:
        print("missed:", miss)
    sys.exit(1 if missed else 0)


def corpora(arguments, engine, folder):
    if arguments.corpus:
        return [(Path(path).name, docword(Path(path))) for path in arguments.corpus]
    generated = folder / "docword.generated.txt"
    subprocess.run([engine, "write", *GENERATED, generated], check=True)
    found = [("generated", generated)]
    data = Path(os.environ.get("GAIA_DATA", ROOT.parent / "shared" / "data")) / "bow"
    if data.exists():
        found.append(("KOS", docword(data)))
    else:
        print("skipped: no bow among the real data (set GAIA_DATA to the folder that has it)")
    return found


def docword(path):
    return next(path.glob("docword*")) if path.is_dir() else path


def tokens_of(path):
    """(document, word) of every token, counted from 0."""
    import gzip

    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened as file:
        rows = np.loadtxt(file, skiprows=3, dtype=np.int64)
    return np.repeat(rows[:, 0] - 1, rows[:, 2]), np.repeat(rows[:, 1] - 1, rows[:, 2])


class Tomotopy:
    """A model that is trained a few passes at a time."""

    def __init__(self, path, topics):
        self.documents, self.words = tokens_of(path)
        self.model = tp.LDAModel(k=topics, alpha=0.1, eta=0.1, seed=1, min_cf=0, min_df=0, rm_top=0)
        starts = np.flatnonzero(np.diff(self.documents, prepend=-1))
        for words in np.split(self.words, starts[1:]):
            self.model.add_doc([str(word) for word in words])
        self.model.optim_interval = 0
        self.model.burn_in = 0
        self.model.train(0, workers=1)
        assert len(self.model.used_vocabs) == len(np.unique(self.words)), "tomotopy has left out words"
        self.document_of = self.documents[starts]
        self.word_of = np.array([int(word) for word in self.model.vocabs])
        self.seconds = 0.0
        self.passes = 0

    def train(self, passes):
        start = time.process_time()
        self.model.train(passes, workers=1)
        self.seconds += time.process_time() - start
        self.passes += passes
        assert np.allclose(self.model.alpha, 0.1), "alpha must stay"

    def likelihood(self, engine, corpus, topics, folder):
        rows = []
        for document, of_model in zip(self.document_of, self.model.docs):
            words, assigned = np.array(of_model.words), np.array(of_model.topics)
            rows.append(np.stack([np.full(len(words), document), self.word_of[words], assigned], axis=1))
        np.concatenate(rows).astype("<u4").tofile(folder / "state.bin")
        command = [engine, "judge", corpus, str(topics), folder / "state.bin"]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare(engine, name, corpus, topics, passes, folder):
    command = [engine, "train", corpus, str(topics), str(passes)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    ours = [json.loads(line) for line in lines]
    model = Tomotopy(corpus, topics)
    theirs = []
    while model.passes < passes:
        model.train(min(STEP, passes - model.passes))
        likelihood = model.likelihood(engine, corpus, topics, folder)
        theirs.append({"pass": model.passes, "cpu_seconds": model.seconds, "log_likelihood": likelihood})
    return report(name, topics, len(model.words), ours, theirs)


def report(name, topics, tokens, ours, theirs):
    (our, their), isa = (ours[-1], theirs[-1]), ours[-1]["isa"]
    speeds = [tokens * last["pass"] / last["cpu_seconds"] / 1e6 for last in (our, their)]
    goal = their["log_likelihood"] * (1 + REACHED_WITHIN)
    times = [next((line for line in lines if line["log_likelihood"] >= goal), None) for lines in (ours, theirs)]
    print(f"{name}: {tokens} tokens, {topics} topics, {our['pass']} passes, {platform.machine()}, {isa}")
    print(f"  {'':<10} {'log likelihood a token':>22} {'M tokens/CPU-s':>15} {'CPU-s to ' + format(goal, '.4f'):>18}")
    for engine, last, speed, when in zip(["ours", "tomotopy"], (our, their), speeds, times):
        to_goal = f"{when['cpu_seconds']:.2f} (pass {when['pass']})" if when else "never"
        print(f"  {engine:<10} {last['log_likelihood']:>22.4f} {speed:>15.2f} {to_goal:>18}")
    # Log likelihoods are negative.
    better = 1 - our["log_likelihood"] / their["log_likelihood"]
    ratio = speeds[0] / speeds[1]
    time_ratio = times[0]["cpu_seconds"] / times[1]["cpu_seconds"] if times[0] else float("inf")
    print(f"  likelihood {better:+.2%}, {ratio:.2f}x the tokens, {time_ratio:.2f} of the CPU time to the same likelihood", flush=True)
    where, missed = f"{name}, {topics} topics", []
    if better < -LIKELIHOOD_WITHIN:
        missed.append(f"{where}: likelihood {-better:.2%} below tomotopy's, at most {LIKELIHOOD_WITHIN:.1%}")
    if topics in BARS and isa == "avx512":
        least, most = BARS[topics]
        if ratio < least:
            missed.append(f"{where}: {ratio:.2f}x tomotopy's tokens per CPU-second, at least {least}")
        if time_ratio > most:
            missed.append(f"{where}: {time_ratio:.2f} of tomotopy's CPU time to its likelihood, at most {most}")
    return missed


if __name__ == "__main__":
    main()
