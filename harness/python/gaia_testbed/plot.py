"""Plots of one cell. They need matplotlib: `pip install 'gaia-testbed[plot]'`."""

import polars as pl

from .errors import NoResults, ResultsError
from .results import Results

try:
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap
except ImportError as error:
    raise ImportError("gaia_testbed.plot needs matplotlib: pip install 'gaia-testbed[plot]'") from error

#: The parts of a clock in the order in which they are drawn (waits first), with the colours of the report.
PARTS = {
    "wire": "#EE8866",
    "staleness": "#EEEEEE",
    "barrier": "#FFAABB",
    "server": "#99DDFF",
    "compute": "#77AADD",
    "encode": "#44BB99",
}
#: The most machines with a row each; of more, the first of each site are drawn.
ROWS = 24
#: The shades of the report's heatmap.
BUSY = LinearSegmentedColormap.from_list("busy", ["#F7FBFF", "#C6DBEF", "#6BAED6", "#2171B5", "#08306B"])


def timeline(results: Results, cell: str, *, seed: int | None = None, clocks: int = 5, ax: Axes | None = None) -> Axes:
    """The first `clocks` clocks of every machine of a cell, as bars in virtual seconds since the first clock.

    The lengths of the parts of a clock are recorded, their order is not: waits are drawn first. Of more than 24 machines the first of
    each site are drawn. `seed`: the first without one. Draws on `ax`, or on a new figure, and returns the axes.

    Raises UnknownName for an unknown cell or seed, ValueError for less than one clock.
    """
    if clocks < 1:
        raise ValueError(f"clocks: {clocks}, expected at least 1")
    run = results[cell].run(seed)
    table = run.clocks
    if table.is_empty():
        raise NoResults(f"{run.folder}: no machine has completed a clock, so that there is no timeline")
    begin = table["started"].min()
    table = table.filter(pl.col("clock") < table["clock"].min() + clocks)
    machines = table.select("machine", "site_name").unique().sort("machine")
    if len(machines) > ROWS:
        machines = machines.unique("site_name", keep="first", maintain_order=True)
    ax = ax or plt.subplots(figsize=(10, 1.4 + 0.2 * len(machines)), layout="constrained")[1]
    for place, machine in enumerate(machines["machine"]):
        own = table.filter(pl.col("machine") == machine)
        left = own["started"] - begin
        for part, colour in PARTS.items():
            spans = list(zip(left, own[part], strict=True))
            ax.broken_barh(spans, (place - 0.42, 0.84), facecolors=colour, label=part if place == 0 else None)
            left = left + own[part]
        for end in own["ended"] - begin:
            ax.plot([end, end], [place - 0.42, place + 0.42], color="#333333", linewidth=0.6)
    labels = [f"{site} {machine}" for machine, site in machines.iter_rows()]
    ax.set_yticks(range(len(labels)), labels, fontsize=8)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.set_xlim(0, (table["ended"].max() - begin) * 1.01)
    ax.set_xlabel("seconds since the first clock")
    ax.set_title(f"{run.name}, seed {run.seed}: the first {table['clock'].n_unique()} clocks", loc="left", pad=26)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(PARTS), frameon=False, fontsize=8)
    return ax


def links(results: Results, cell: str, *, ax: Axes | None = None) -> Axes:
    """A heatmap of the busy shares of a cell's links in per cent: sending sites down, receiving sites across; all seeds together.

    The values are those of `Cell.links`. Draws on `ax`, or on a new figure, and returns the axes.

    Raises UnknownName for an unknown cell, ResultsError for a cell in one site, which has no links.
    """
    table = results[cell].links
    if table.is_empty():
        raise ResultsError(f"{results.folder}: {cell} is in one site, so that it has no links between sites")
    sites = table["from_site"].unique(maintain_order=True).to_list()
    shares = [[float("nan")] * len(sites) for _ in sites]
    for row in table.iter_rows(named=True):
        shares[sites.index(row["from_site"])][sites.index(row["to_site"])] = row["busy"] * 100.0
    side = 2.5 + 0.55 * len(sites)
    ax = ax or plt.subplots(figsize=(side + 1.0, side), layout="constrained")[1]
    image = ax.imshow(shares, cmap=BUSY, vmin=0.0, vmax=max(table["busy"].max() * 100.0, 100.0))
    ax.set_facecolor("#DDDDDD")
    for i, line in enumerate(shares):
        for j, share in enumerate(line):
            if i != j:
                ax.text(j, i, f"{share:.0f}", ha="center", va="center", fontsize=8, color="white" if share > 60 else "#222222")
    ax.set_xticks(range(len(sites)), sites, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    ax.set_yticks(range(len(sites)), sites, fontsize=8)
    ax.set_xlabel("receiving site")
    ax.set_ylabel("sending site")
    ax.set_title(f"{cell}: busy share of links, %", loc="left")
    ax.figure.colorbar(image, ax=ax, shrink=0.8, label="%")
    return ax
