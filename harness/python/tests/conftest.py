"""Results that the binary named by EXPERIMENTS makes in seconds, once for all tests."""

import os
import pathlib
import subprocess

import matplotlib
import pytest

import gaia_testbed

matplotlib.use("Agg")

HERE = pathlib.Path(__file__).parent
# Figure 13 on 1.5 % of Netflix's ratings.
FIG13 = ["fig13", "--seed", "1", "--set", "data.generated.scale=0.015"]


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> pathlib.Path:
    """A folder with `results/fig13` and `results/small`."""
    binary = os.environ["EXPERIMENTS"]
    folder = tmp_path_factory.mktemp("made")
    for spec in (FIG13, [HERE / "small.yaml"]):
        subprocess.run([binary, "run", *spec, "--quiet", "--out", "results"], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="session")
def fig13(made) -> gaia_testbed.Results:
    return gaia_testbed.load(made / "results/fig13")


@pytest.fixture(scope="session")
def small(made) -> gaia_testbed.Results:
    return gaia_testbed.load(made / "results/small")
