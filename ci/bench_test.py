"""Tests of what the benches print and ci/bench.sh writes. Standard library alone."""

import csv
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import bench_report
from bench_line import line

HERE = Path(__file__).resolve().parent


class Lines(unittest.TestCase):
    def test_a_ratio_is_the_median_of_the_rounds(self):
        # Ratios 4, 2 and 3; the ratio of the medians would be 2.5.
        found = line("mf/plain/rank-32", "M/CPU-s", [40.0, 50.0, 90.0], "LIBMF", [10.0, 25.0, 30.0])
        self.assertEqual(found, "bench,mf/plain/rank-32,50,LIBMF,25,M/CPU-s,3,3,0.667")

    def test_without_a_peer_its_fields_are_empty(self):
        self.assertEqual(line("links", "M/s", [2.0, 4.0, 4.0]), "bench,links,4,,,M/s,,3,0.500")

    def test_figures_that_make_no_line_are_refused(self):
        for name, ours, theirs in [("a", [1.0], [1.0, 2.0]), ("a", [], None), ("a,b", [1.0], None)]:
            with self.assertRaisesRegex(ValueError, "expected"):
                line(name, "s", ours, "peer", theirs)

    def test_the_command_prints_the_same_line(self):
        command = [sys.executable, HERE / "bench_line.py", "a", "s", "1 3", "peer", "2 2"]
        found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        self.assertEqual(found.strip(), line("a", "s", [1.0, 3.0], "peer", [2.0, 2.0]))


class Reports(unittest.TestCase):
    def report(self, lines):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, HERE / "bench_report.py", folder, "--full", "left out: none; failed: none"]
            done = subprocess.run(command, input="".join(f"{each}\n" for each in lines), capture_output=True, text=True)
            if done.returncode:
                return done.stderr, None
            page = (Path(folder) / "README.md").read_text()
            with open(Path(folder) / "bench.csv", newline="") as file:
                return page, list(csv.DictReader(file))

    def test_bars_are_judged_by_ratio_and_by_figure(self):
        page, rows = self.report([
            line("mf/server/rank-500", "M/CPU-s", [2.0], "LIBMF", [2.0]),
            line("lda/generated/topics-100/to-likelihood", "CPU-s", [1.0], "tomotopy", [4.0]),
            line("chunk_events/462_backlogged", "M/s", [12.0]),
            line("without a bar", "M/s", [1.0]),
        ])
        self.assertEqual([row["verdict"] for row in rows], ["missed", "met", "met", ""])
        self.assertEqual(rows[0]["bar"], "ratio at least 1.6")
        self.assertTrue(all(row["machine"] and row["commit"] for row in rows))
        self.assertIn("bars: 2 met, 1 missed", page)
        self.assertIn("**missed**", page)

    def test_lines_of_another_form_and_none_at_all_are_refused(self):
        self.assertIn("a line of 3 fields", self.report(["bench,a,1"])[0])
        self.assertIn("no step printed a figure", self.report([])[0])

    def test_every_bar_can_be_judged(self):
        for name, bar in bench_report.read_bars().items():
            row = {"bench": name, "ours": "1", "ratio": "1"}
            self.assertIn(bench_report.judged(row, {name: bar})["verdict"], ["met", "missed"])


class Commands(unittest.TestCase):
    def bench(self, *options):
        return subprocess.run(["bash", HERE / "bench.sh", *options], capture_output=True, text=True)

    def test_what_is_not_known_is_refused_by_name(self):
        for options, expected in [
            (["--onyl", "mf"], "option --onyl is not known: expected --only NAME"),
            (["--only", "mg"], "--only mg: no such step, expected one of mf lda"),
            (["--only"], "--only needs a value"),
            (["--rounds", "0"], "--rounds 0: expected a number of at least 1"),
        ]:
            done = self.bench(*options)
            self.assertEqual((done.returncode, expected in done.stderr), (2, True), done.stderr)


if __name__ == "__main__":
    unittest.main()
