"""How busy the links between sites were: charged bytes over what the limits of the network could have carried.

The same definition as the report's `links.svg`: all seeds together, and of several limits between two sites the busiest.
"""

from collections import defaultdict
from typing import TYPE_CHECKING

import polars as pl

from .errors import IncompleteRun, OtherSchema
from .plan import Network

if TYPE_CHECKING:
    from .results import Run

COLUMNS = {
    "panel": pl.String,
    "cell": pl.String,
    "from_site": pl.String,
    "to_site": pl.String,
    "bytes": pl.Float64,
    "busy": pl.Float64,
    "bits_per_second": pl.UInt64,
}
#: The columns of traffic that the limits between two sites are by.
LIMITS = {
    "machine-to-site": ["from", "to_site"],
    "machine-pair": ["from", "to"],
    "site-pair": ["from_site", "to_site"],
}


def links_of(runs: list["Run"]) -> pl.DataFrame:
    """The links of the runs of one cell, a row per ordered pair of different sites: see `Cell.links`."""
    network = runs[0].network
    for run in runs[1:]:
        if (run.network.sites, run.network.rates, run.network.shaping) != (network.sites, network.rates, network.shaping):
            raise IncompleteRun(f"{run.name}: seeds {runs[0].seed} and {run.seed} have different networks; expected one")
    seconds = sum(float(run.summary["seconds"]) for run in runs)
    traffic = pl.concat([run.traffic for run in runs]).filter(pl.col("from_site") != pl.col("to_site"))
    carried, busiest = defaultdict(int), defaultdict(int)
    limits = traffic.group_by([*dict.fromkeys(["from_site", "to_site", *_limits(network)])]).agg(pl.col("bytes").sum())
    for row in limits.iter_rows(named=True):
        pair = (row["from_site"], row["to_site"])
        carried[pair] += row["bytes"]
        busiest[pair] = max(busiest[pair], row["bytes"])
    if unknown := {site for pair in carried for site in pair} - set(network.sites):
        raise IncompleteRun(f"{runs[0].name}: traffic of sites that the plan does not have: {', '.join(sorted(unknown))}")
    rows = []
    for i, sender in enumerate(network.sites):
        for j, receiver in enumerate(network.sites):
            if i == j:
                continue
            rate, pair = network.rates[i][j], (sender, receiver)
            could = rate / 8.0 * seconds
            busy = busiest[pair] / could if could > 0.0 else 0.0
            rows.append((runs[0].panel, runs[0].cell, sender, receiver, carried[pair] / len(runs), busy, rate))
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def _limits(network: Network) -> list[str]:
    if network.shaping not in LIMITS:
        raise OtherSchema(f"shaping {network.shaping!r}: expected one of {', '.join(LIMITS)}")
    return LIMITS[network.shaping]
