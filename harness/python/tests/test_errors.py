"""Errors name what, where, what was expected, and the nearest name."""

import json
import shutil

import pytest

import gaia_testbed
from gaia_testbed import IncompleteRun, NoResults, OtherSchema, UnknownName


@pytest.fixture
def copy(fig13, tmp_path):
    """A copy of fig13's results that a test may damage."""
    return shutil.copytree(fig13.folder, tmp_path / "fig13")


def folder_of(copy, cell):
    return gaia_testbed.load(copy)[cell].run().folder


def test_folders(made, tmp_path):
    with pytest.raises(NoResults, match=r"fig31: there is no such folder; did you mean '.*fig13'"):
        gaia_testbed.load(made / "results/fig31")
    with pytest.raises(NoResults, match=r"not the results of one spec; .*expected one of '.*fig13', '.*small'"):
        gaia_testbed.load(made / "results")
    with pytest.raises(NoResults, match="no cells.json in it"):
        gaia_testbed.load(tmp_path)


def test_names(fig13):
    with pytest.raises(UnknownName, match=r"fig13: no cell 'Gaja'; did you mean 'Gaia'\? expected one of 'Target', 'Baseline'"):
        fig13["Gaja"]
    with pytest.raises(UnknownName, match="Gaia: no seed 7; .*expected one of '1'"):
        fig13["Gaia"].run(7)


def test_other_schemas(copy):
    index = json.loads((copy / "cells.json").read_text())
    (copy / "cells.json").write_text(json.dumps({**index, "schema": 3}))
    with pytest.raises(OtherSchema, match=r"cells.json: schema 3, expected schema 4"):
        gaia_testbed.load(copy)


def test_a_run_without_summary_is_left_out_with_a_warning(copy):
    (folder_of(copy, "Gaia") / "summary.json").unlink()
    with pytest.warns(UserWarning, match=r"1 runs are not complete and are left out: Gaia \(seed 1\)"):
        results = gaia_testbed.load(copy)
    assert "Gaia" not in results.cells and results.missing == [("Gaia", 1)]


def test_damaged_and_missing_files(copy):
    folder = folder_of(copy, "Gaia")
    (folder / "samples.parquet").write_bytes(b"PAR1 cut off")
    (folder / "clocks.parquet").unlink()
    (copy / "table.csv").unlink()
    results = gaia_testbed.load(copy)
    with pytest.raises(IncompleteRun, match=r"samples.parquet: not a whole Parquet file"):
        results["Gaia"].samples
    with pytest.raises(IncompleteRun, match=r"clocks.parquet: there is no such file"):
        results["Gaia"].clocks
    with pytest.raises(NoResults, match=r"table.csv: there is no such file; `experiments report .*` writes it"):
        results.table
