"""Trains topics with ours and with tomotopy on one corpus, one thread each, and judges both by our likelihood.

Both are exact collapsed Gibbs samplers with alpha = beta = 0.1 kept fixed. Printed are the joint log likelihood per token
after the last pass, million tokens per CPU-second, and the CPU time to the likelihood that tomotopy has after the last pass
(less 0.05 %, as both end on a plateau with noise), all of the passes alone. Run by compare-tomotopy.sh, which makes the
environment that this needs.
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

ROOT = Path(__file__).resolve().parent.parent
# A generated corpus of NYTimes' proportions: 3,000 documents of 300 tokens, 20,000 words, of which 17,985 occur.
GENERATED = ["3000", "20000", "900000"]
LIKELIHOOD_WITHIN = 0.005
# Ours over tomotopy's: (tokens per CPU-second at least, CPU time to the same likelihood at most), by topics.
BARS = {100: (1.4, 0.72), 500: (3.0, 0.35)}
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
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--by-document", action="store_true", help="ours also in the order of documents, which takes long")
    arguments = parser.parse_args()
    engine = str(Path(arguments.engine).resolve())
    with tempfile.TemporaryDirectory() as folder:
        missed = []
        for name, corpus in corpora(arguments, engine, Path(folder)):
            for topics in arguments.topics:
                missed += compare(engine, name, corpus, topics, arguments, Path(folder))
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


def compare(engine, name, corpus, topics, arguments, folder):
    """Trains all seeds with both; prints the comparison, and returns the bars that were missed."""
    passes = arguments.passes
    ours = [train(engine, corpus, topics, passes, seed) for seed in arguments.seeds]
    theirs = []
    for seed in arguments.seeds:
        model, lines = Tomotopy(corpus, topics, seed), []
        while model.passes < passes:
            model.train(min(STEP, passes - model.passes))
            likelihood = model.likelihood(engine, corpus, topics, folder)
            lines.append({"pass": model.passes, "cpu_seconds": model.seconds, "log_likelihood": likelihood})
        theirs.append(lines)
    engines = {"ours": ours, "tomotopy": theirs}
    if arguments.by_document:
        stretches = max(1, len(model.document_of) // DOCUMENTS_A_STRETCH)
        engines["ours, by document"] = [train(engine, corpus, topics, passes, seed, stretches) for seed in arguments.seeds]
    return report(name, topics, len(model.words), engines)


def train(engine, corpus, topics, passes, seed, stretches=1):
    command = [engine, "train", corpus, str(topics), str(passes), str(seed), str(stretches)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [json.loads(line) for line in lines]


def likelihoods(runs, at):
    return [next(line["log_likelihood"] for line in run if line["pass"] == at) for run in runs]


def seconds_to(runs, goal):
    """CPU seconds until the mean likelihood over seeds reaches the goal; none when it never does."""
    for lines in zip(*runs):
        if np.mean([line["log_likelihood"] for line in lines]) >= goal:
            return float(np.mean([line["cpu_seconds"] for line in lines]))
    return None


def report(name, topics, tokens, engines):
    ours, theirs = engines["ours"], engines["tomotopy"]
    passes, isa = ours[0][-1]["pass"], ours[0][-1]["isa"]
    marks = sorted({mark for mark in MARKS if mark < passes} | {passes})
    speeds = [tokens * passes / np.mean([run[-1]["cpu_seconds"] for run in runs]) / 1e6 for runs in engines.values()]
    goal = float(np.mean(likelihoods(theirs, passes))) * (1 + REACHED_WITHIN)
    times = [seconds_to(runs, goal) for runs in engines.values()]
    print(f"{name}: {tokens} tokens, {topics} topics, {len(ours)} seeds, {platform.machine()}, {isa}")
    header = "".join(f"{'pass ' + str(mark):>10}" for mark in marks)
    print(f"  {'log likelihood a token after':<28}{header}{'range':>9}{'M tokens/CPU-s':>16}{'CPU-s to ' + format(goal, '.4f'):>18}")
    for (engine, runs), speed, seconds in zip(engines.items(), speeds, times):
        last = likelihoods(runs, passes)
        row = "".join(f"{np.mean(likelihoods(runs, mark)):>10.4f}" for mark in marks)
        seconds = "never" if seconds is None else f"{seconds:.2f}"
        print(f"  {engine:<28}{row}{max(last) - min(last):>9.4f}{speed:>16.2f}{seconds:>18}")
    # Log likelihoods are negative.
    better = 1 - np.mean(likelihoods(ours, passes)) / np.mean(likelihoods(theirs, passes))
    ratio = speeds[0] / speeds[1]
    time_ratio = float("inf") if times[0] is None else times[0] / times[1]
    print(
        f"  likelihood {better:+.2%}, {ratio:.2f}x the tokens, {time_ratio:.2f} of the CPU time to the same likelihood",
        flush=True,
    )
    return missed_bars(f"{name}, {topics} topics", topics if isa == "avx512" else None, better, ratio, time_ratio)


def missed_bars(where, topics, better, ratio, time_ratio):
    missed = []
    if abs(better) > LIKELIHOOD_WITHIN:
        missed.append(f"{where}: likelihood {better:+.2%} off tomotopy's, at most {LIKELIHOOD_WITHIN:.1%} either way")
    if topics in BARS:
        least, most = BARS[topics]
        if ratio < least:
            missed.append(f"{where}: {ratio:.2f}x tomotopy's tokens per CPU-second, at least {least}")
        if time_ratio > most:
            missed.append(f"{where}: {time_ratio:.2f} of tomotopy's CPU time to its likelihood, at most {most}")
    return missed


if __name__ == "__main__":
    main()
