"""Frames have the numbers that the Rust side wrote into its tables, summaries and pictures."""

import html
import math
import re

import polars as pl
import pytest

PARTS = ["compute", "server", "encode", "wire", "barrier", "staleness"]


def titles(path):
    """What the picture's values say: the texts of `<title>` elements."""
    return [html.unescape(text) for text in re.findall(r"<title>(.*?)</title>", path.read_text(encoding="utf-8"))]


def shown(text):
    """A number as text, and by how much rounding may have moved it."""
    return float(text), 0.5000001 * 10.0 ** -len(text.partition(".")[2])


def test_time_to_target_is_the_tables(fig13):
    target = {row["cell"]: row for row in fig13.table.iter_rows(named=True)}
    assert list(target) == list(fig13.cells) == ["Target", "Baseline", "Baseline, packed", "Gaia", "LAN"]
    for name, cell in fig13.cells.items():
        [summary] = [run.summary for run in cell.runs]
        clocks = summary["clocks_to_target"] or summary["clocks"]
        [seconds] = cell.samples.filter(pl.col("clock") == clocks)["seconds"]
        assert seconds == pytest.approx(target[name]["seconds_to_target"], rel=1e-9), name
        last = cell.samples.row(-1, named=True)
        assert last["objective"] == pytest.approx(target[name]["final_objective"], rel=1e-12), name
        assert last["metric.held_out_rmse"] == pytest.approx(target[name]["held_out_rmse"], rel=1e-12), name


def test_bytes_are_those_of_the_summary_and_the_runs(small):
    rows = {(row["panel"], row["cell"], row["seed"]): row for row in small.runs.iter_rows(named=True)}
    assert len(rows) == 2 * 4 * 2
    for name, cell in small.cells.items():
        billed = {}
        for run in cell.runs:
            last = run.samples["wan_bytes"][-1]
            assert last == pytest.approx(rows[run.panel, run.cell, run.seed]["wan_gb"] * 1e9, rel=1e-9), (name, run.seed)
            for pair in run.summary["usage"]["traffic"]:
                ends = (pair["from"], pair["to"])
                billed[ends] = billed.get(ends, 0.0) + pair["bytes"] / len(cell.runs)
        links = {(row["from_site"], row["to_site"]): row["bytes"] for row in cell.links.iter_rows(named=True) if row["bytes"]}
        assert links == pytest.approx(billed), name
        assert bool(billed) == (cell.cell != "LAN"), name


def test_clocks_have_the_breakdown_of_the_summary(small):
    for cell in small.cells.values():
        for run in cell.runs:
            mean = run.clocks.select(pl.col(PARTS).mean()).row(0, named=True)
            assert mean == pytest.approx(run.summary["breakdown"], rel=1e-9), (cell.name, run.seed)


@pytest.mark.parametrize("spec", ["fig13", "small"])
def test_busy_shares_are_those_of_the_heatmap(spec, request):
    results = request.getfixturevalue(spec)
    links = {(f"{row['panel']} {row['cell']}".strip(), row["from_site"], row["to_site"]): row for row in results.links.iter_rows(named=True)}
    form = re.compile(r"(.+): (.+) → (.+): busy ([0-9.]+) %, ([0-9.]+) ([kMGT]?B), ([0-9.]+) ([MG]bit/s)")
    seen = set()
    for title in titles(results.folder / "links.svg"):
        if not (found := form.fullmatch(title)):
            continue
        cell, sender, receiver, busy, size, unit, rate, rate_unit = found.groups()
        row = links[cell, sender, receiver]
        share, rounding = shown(busy)
        assert abs(row["busy"] * 100.0 - share) <= rounding, title
        factor = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}[unit]
        assert row["bytes"] == pytest.approx(float(size) * factor, rel=0.006), title
        assert row["bits_per_second"] == pytest.approx(float(rate) * {"Mbit/s": 1e6, "Gbit/s": 1e9}[rate_unit]), title
        seen.add((cell, sender, receiver))
    used = {key for key, row in links.items() if row["bytes"] > 0 and not key[0].startswith("Target")}
    assert used <= seen and len(seen) > 20, f"links that the picture lacks: {used - seen}"


def test_machines_and_clocks_are_those_of_the_timeline(fig13):
    form = re.compile(r"(.+): (.+), machine (\d+), clock (\d+), ended at .* s: .* s \((.+)\); longest wait: .* on (.+) → (.+)")
    found = [match.groups() for title in titles(fig13.folder / "timeline.svg") if (match := form.fullmatch(title))]
    assert len(found) > 100
    for cell, site, machine, clock, parts, sender, receiver in found:
        [row] = fig13[cell].clocks.filter(pl.col("machine") == int(machine), pl.col("clock") == int(clock)).to_dicts()
        assert (row["site_name"], row["blocked_link_from_site"], row["blocked_link_to_site"]) == (site, sender, receiver)
        for part in parts.split(", "):
            name, seconds = part.split(" ")
            assert math.isclose(row[name], float(seconds), rel_tol=0.006), (cell, machine, clock, part)


def test_centralized_learns_in_one_site_and_moves_raw_data_from_all(small):
    cell = small["rank 8 Centralized"]
    [learning] = cell.clocks["site_name"].unique()
    raw = cell.traffic.filter(pl.col("class") == "raw", pl.col("from_site") != pl.col("to_site"))
    assert set(raw["to_site"]) == {learning} and raw["from_site"].n_unique() == 2
    assert cell.clocks["machine"].n_unique() == 6
    assert set(cell.links.filter(pl.col("bytes") > 0)["to_site"]) == {learning}


def test_frames_over_all_cells_hold_those_of_each(small):
    assert small.samples.height == sum(cell.samples.height for cell in small.cells.values()) == 2 * 4 * 2 * 7
    assert small.clocks.columns[:8] == ["panel", "cell", "seed", "clock", "machine", "site", "site_name", "started"]
    assert small.links.height == 2 * 3 * 6, "the LAN has none"
    assert small["rank 16 Gaia"].seeds == [1, 2]
    assert small["rank 16 Gaia"].run(2).samples["seed"].unique().to_list() == [2]
