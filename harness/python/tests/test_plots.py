"""Plots draw the numbers of the frames."""

import matplotlib.pyplot as plt
import polars as pl
import pytest

from gaia_testbed import ResultsError, UnknownName, plot


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_the_heatmap_shows_the_busy_shares(fig13):
    ax = plot.links(fig13, "Baseline")
    sites = [label.get_text() for label in ax.get_yticklabels()]
    assert len(sites) == 11 and sites == [label.get_text() for label in ax.get_xticklabels()]
    drawn = ax.images[0].get_array()
    for row in fig13["Baseline"].links.iter_rows(named=True):
        i, j = sites.index(row["from_site"]), sites.index(row["to_site"])
        assert drawn[i, j] == pytest.approx(row["busy"] * 100.0)
    assert len(ax.texts) == 110


def test_the_timeline_has_a_row_per_machine_and_the_lengths_of_clocks(fig13):
    ax = plot.timeline(fig13, "Gaia", clocks=3)
    assert [label.get_text() for label in ax.get_yticklabels()][:3] == ["Virginia 0", "Virginia 1", "California 2"]
    assert len(ax.get_yticks()) == 22 and len(ax.collections) == 22 * 6
    widths = sum(path.get_extents().width for bars in ax.collections for path in bars.get_paths())
    parts = fig13["Gaia"].clocks.filter(pl.col("clock") < 3)
    assert widths == pytest.approx((parts["ended"] - parts["started"]).sum(), rel=1e-6)


def test_seeds_differ_and_axes_can_be_given(small):
    _, (one, other) = plt.subplots(1, 2)
    assert plot.timeline(small, "rank 8 Gaia", ax=one) is one
    plot.timeline(small, "rank 8 Gaia", seed=2, ax=other)
    assert "seed 1" in one.get_title(loc="left") and "seed 2" in other.get_title(loc="left")
    assert one.get_xlim() != other.get_xlim()


def test_what_cannot_be_drawn_is_said(fig13):
    with pytest.raises(ResultsError, match="LAN is in one site"):
        plot.links(fig13, "LAN")
    with pytest.raises(UnknownName, match="did you mean 'Gaia'"):
        plot.timeline(fig13, "gaia")
    with pytest.raises(ValueError, match="clocks: 0, expected at least 1"):
        plot.timeline(fig13, "Gaia", clocks=0)
