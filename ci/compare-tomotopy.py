"""Trains topics with ours and with tomotopy on one corpus, one thread each, and judges both by our likelihood.

Both are exact collapsed Gibbs samplers with alpha = beta = 0.1 kept fixed. A round is a seed, in which both take their turn. Printed, in
the form of bench_line.py, are million tokens per CPU-second, and the CPU time to a likelihood that both reach: the lower of both after the
last pass (less 0.05 %, as both end on a plateau with noise), all of the passes alone, between two looks by linear interpolation; with
likelihoods per token on lines of their own. Exit 1 when the mean likelihoods differ by more than 0.5 %. Run by compare-tomotopy.sh, which
makes the environment that this needs.
"""

import argparse
import gzip
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

from bench_line import line

ROOT = Path(__file__).resolve().parent.parent
# A generated corpus of NYTimes' proportions: 3,000 documents of 300 tokens, 20,000 words, of which 17,985 occur.
GENERATED = ["3000", "20000", "900000"]
LIKELIHOOD_WITHIN = 0.005
# Where a likelihood counts as reached.
REACHED_WITHIN = 0.0005
# Passes between two looks at tomotopy's state.
STEP = 5
# Passes whose likelihoods are printed, beside the last one's.
MARKS = [10, 20, 50]
# Where the order is to be that of documents: the sampler takes the tokens of so many at a time word by word.
DOCUMENTS_A_STRETCH = 16


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", required=True, help="the example lda_train")
    parser.add_argument("--corpus", action="append", help="a docword file or its folder; default: generated, and KOS")
    parser.add_argument("--topics", type=int, nargs="+", default=[100, 500])
    parser.add_argument("--passes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5, help="seeds: 1, 2, ...")
    parser.add_argument("--quick", action="store_true", help="the generated corpus, 100 topics and 10 passes alone")
    parser.add_argument("--by-document", action="store_true", help="ours also in the order of documents, which takes long")
    arguments = parser.parse_args()
    engine = str(Path(arguments.engine).resolve())
    if arguments.quick:
        arguments.topics, arguments.passes = [100], 10
    with tempfile.TemporaryDirectory() as folder:
        apart = []
        for name, corpus in corpora(arguments, engine, Path(folder)):
            for topics in arguments.topics:
                engines, tokens = take_turns(engine, corpus, topics, arguments, Path(folder))
                apart += report(name, topics, tokens, engines)
    for difference in apart:
        print("the samplers differ:", difference)
    sys.exit(1 if apart else 0)


def corpora(arguments, engine, folder):
    if arguments.corpus:
        return [(Path(path).name, docword(Path(path))) for path in arguments.corpus]
    generated = folder / "docword.generated.txt"
    subprocess.run([engine, "write", *GENERATED, generated], check=True)
    found = [("generated", generated)]
    if arguments.quick:
        return found
    data = Path(os.environ.get("GAIA_DATA", ROOT.parent / "shared" / "data")) / "bow"
    if data.exists():
        found.append(("KOS", docword(data)))
    else:
        print("skipped: no bow among the real data (set GAIA_DATA to the folder that has it)")
    return found


def docword(path):
    return next(path.glob("docword*")) if path.is_dir() else path


def opened(path):
    return gzip.open(path, "rt") if path.suffix == ".gz" else open(path)


def tokens_of(path):
    """(document, word) of every token, counted from 0."""
    with opened(path) as file:
        rows = np.loadtxt(file, skiprows=3, dtype=np.int64)
    return np.repeat(rows[:, 0] - 1, rows[:, 2]), np.repeat(rows[:, 1] - 1, rows[:, 2])


def words_of(path):
    """The size of the vocabulary, from line 2."""
    with opened(path) as file:
        return int(file.readlines(64)[1])


class Tomotopy:
    """A model that is trained a few passes at a time."""

    def __init__(self, path, topics, seed):
        self.documents, self.words = tokens_of(path)
        self.model = tp.LDAModel(k=topics, alpha=0.1, eta=0.1, seed=seed, min_cf=0, min_df=0, rm_top=0)
        starts = np.flatnonzero(np.diff(self.documents, prepend=-1))
        for words in np.split(self.words, starts[1:]):
            self.model.add_doc([str(word) for word in words])
        self.model.optim_interval = 0
        self.model.burn_in = 0
        self.model.train(0, workers=1)
        assert len(self.model.used_vocabs) == words_of(path), "both must know the same words: V beta is part of the model"
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


def take_turns(engine, corpus, topics, arguments, folder):
    """The looks of each engine at each seed, and the number of tokens."""
    engines = {"ours": [], "tomotopy": []}
    if arguments.by_document:
        engines["ours, by document"] = []
    for seed in range(1, arguments.rounds + 1):
        engines["ours"].append(train(engine, corpus, topics, arguments.passes, seed))
        model, looks = Tomotopy(corpus, topics, seed), []
        while model.passes < arguments.passes:
            model.train(min(STEP, arguments.passes - model.passes))
            likelihood = model.likelihood(engine, corpus, topics, folder)
            looks.append({"pass": model.passes, "cpu_seconds": model.seconds, "log_likelihood": likelihood})
        engines["tomotopy"].append(looks)
        if arguments.by_document:
            stretches = max(1, len(model.document_of) // DOCUMENTS_A_STRETCH)
            engines["ours, by document"].append(train(engine, corpus, topics, arguments.passes, seed, stretches))
    return engines, len(model.words)


def train(engine, corpus, topics, passes, seed, stretches=1):
    command = [engine, "train", corpus, str(topics), str(passes), str(seed), str(stretches)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [json.loads(line) for line in lines]


def likelihoods(runs, at):
    return [next(line["log_likelihood"] for line in run if line["pass"] == at) for run in runs]


def seconds_to(run, goal):
    """CPU seconds until the likelihood reaches the goal, as if it were linear in time between two looks."""
    before = None
    for look in run:
        if look["log_likelihood"] >= goal:
            if before is None:
                return look["cpu_seconds"]
            share = (goal - before["log_likelihood"]) / (look["log_likelihood"] - before["log_likelihood"])
            return before["cpu_seconds"] + share * (look["cpu_seconds"] - before["cpu_seconds"])
        before = look
    raise ValueError(f"the likelihood {goal} is not reached, though the run has it at its end")


def report(name, topics, tokens, engines):
    """Prints the figures, and returns in words where the engines' likelihoods differ."""
    ours, theirs = engines["ours"], engines["tomotopy"]
    passes, isa = ours[0][-1]["pass"], ours[0][-1]["isa"]
    marks = sorted({mark for mark in MARKS if mark < passes} | {passes})
    print(f"{name}: {tokens} tokens, {topics} topics, {len(ours)} seeds, {platform.machine()}, {isa}")
    for engine, runs in engines.items():
        means = ", ".join(f"{np.mean(likelihoods(runs, mark)):.4f} after {mark}" for mark in marks)
        last = likelihoods(runs, passes)
        print(f"  {engine}: log likelihood per token, mean of seeds: {means} passes; range of the last {max(last) - min(last):.4f}")
    speeds = [[tokens * passes / run[-1]["cpu_seconds"] / 1e6 for run in runs] for runs in (ours, theirs)]
    bench, peer = f"lda/{name}/topics-{topics}", f"tomotopy {tp.__version__}"
    print(line(bench, "M tokens/CPU-s", speeds[0], peer, speeds[1]))
    # Log likelihoods are negative. Both have passed the lower of both ends.
    ends = zip(likelihoods(ours, passes), likelihoods(theirs, passes))
    goals = [min(pair) * (1 + REACHED_WITHIN) for pair in ends]
    seconds = [[seconds_to(run, goal) for run, goal in zip(runs, goals)] for runs in (ours, theirs)]
    print(line(f"{bench}/to-likelihood", "CPU-s", seconds[0], peer, seconds[1]), flush=True)
    better = 1 - np.mean(likelihoods(ours, passes)) / np.mean(likelihoods(theirs, passes))
    if abs(better) > LIKELIHOOD_WITHIN:
        return [f"{name}, {topics} topics: likelihood {better:+.2%} off tomotopy's, at most {LIKELIHOOD_WITHIN:.1%} either way"]
    return []


if __name__ == "__main__":
    main()
