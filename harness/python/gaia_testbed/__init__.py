"""Results of the Gaia testbed as polars frames.

    import gaia_testbed
    results = gaia_testbed.load("results/fig13")
    results.table            # one row per cell
    results["Gaia"].samples  # one row per clock and seed
    results.links            # one row per cell and link between sites

`gaia_testbed.plot`, which needs matplotlib, draws timelines and links.
"""

from .errors import IncompleteRun, NoResults, OtherSchema, ResultsError, UnknownName
from .results import SCHEMA, Cell, Results, Run, load

__all__ = ["SCHEMA", "Cell", "IncompleteRun", "NoResults", "OtherSchema", "Results", "ResultsError", "Run", "UnknownName", "load"]
