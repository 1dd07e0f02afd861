"""A spec's folder of results: what is in it, read when it is asked for."""

import json
import os
import pathlib
import warnings
from collections.abc import Callable
from functools import cached_property

import polars as pl

from .errors import IncompleteRun, NoResults, OtherSchema, UnknownName, nearest
from .links import links_of
from .plan import Network

#: The schema of results that this package reads.
SCHEMA = 4


def load(folder: str | os.PathLike) -> "Results":
    """The results of one spec, such as `results/fig13`.

    Runs that `cells.json` lists and whose folders have no summary (not run yet, or interrupted) are left out with a warning, and are in
    `Results.missing`. Hashes are not checked: `experiments report` does.

    Raises NoResults if the folder has no `cells.json`, OtherSchema if it is of another schema than 4.
    """
    return Results(pathlib.Path(folder))


def read_json(path: pathlib.Path) -> dict:
    """A JSON file of results. Raises IncompleteRun if it is missing or no JSON, OtherSchema if it is of another schema."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise IncompleteRun(f"{path}: there is no such file: the run is not complete; `experiments run` finishes it") from error
    except ValueError as error:
        raise IncompleteRun(f"{path}: not JSON: {error}") from error
    found = value.get("schema") if isinstance(value, dict) else None
    if found != SCHEMA:
        version = "no schema" if found is None else f"schema {found}"
        raise OtherSchema(f"{path}: {version}, expected schema {SCHEMA}; `experiments run` runs cells of other schemas again")
    return value


class Results:
    """The results of one spec. Frames over all cells begin with the columns `panel` (empty without panels), `cell` and `seed`."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        index = read_json(_index(folder))
        self.spec: str = index["spec"]
        self.title: str = index["title"]
        groups: dict[tuple[str, str], list[Run]] = {}
        #: Runs that are listed and not complete, as (cell, seed).
        self.missing: list[tuple[str, int]] = []
        for entry in index["cells"]:
            key = (entry["panel"], entry["cell"])
            run = Run(folder / entry["plan"], *key, entry["seed"])
            if (run.folder / "summary.json").exists():
                groups.setdefault(key, []).append(run)
            else:
                self.missing.append((run.name, run.seed))
        if self.missing:
            names = ", ".join(f"{name} (seed {seed})" for name, seed in self.missing)
            warnings.warn(f"{folder}: {len(self.missing)} runs are not complete and are left out: {names}", stacklevel=3)
        #: Cells by name, in the spec's order. The name of a cell in a panel is `PANEL CELL`.
        self.cells: dict[str, Cell] = {runs[0].name: Cell(runs) for runs in groups.values()}

    def __getitem__(self, name: str) -> "Cell":
        """The cell of this name. Raises UnknownName."""
        if name not in self.cells:
            raise UnknownName(f"{self.folder}: no cell {name!r}; {nearest(str(name), self.cells)}")
        return self.cells[name]

    def __repr__(self) -> str:
        return f"<results of {self.spec}: {len(self.cells)} cells, {sum(len(cell.runs) for cell in self.cells.values())} runs>"

    @cached_property
    def table(self) -> pl.DataFrame:
        """`table.csv`: the figure's numbers, one row per cell, means over seeds. Raises NoResults if no report has been written."""
        return self._csv("table.csv")

    @cached_property
    def runs(self) -> pl.DataFrame:
        """`runs.csv`: the same for every run alone, one row per cell and seed. Raises NoResults if no report has been written."""
        return self._csv("runs.csv")

    @cached_property
    def samples(self) -> pl.DataFrame:
        """One row per cell, seed and clock: see `Cell.samples`. Metrics that a cell does not have are null."""
        return self._all(lambda cell: cell.samples)

    @cached_property
    def clocks(self) -> pl.DataFrame:
        """One row per cell, seed, clock and machine: see `Cell.clocks`."""
        return self._all(lambda cell: cell.clocks)

    @cached_property
    def traffic(self) -> pl.DataFrame:
        """One row per cell, seed, sender, receiver and class: see `Cell.traffic`."""
        return self._all(lambda cell: cell.traffic)

    @cached_property
    def links(self) -> pl.DataFrame:
        """One row per cell and ordered pair of sites; all seeds together, so that there is no column `seed`: see `Cell.links`."""
        return self._all(lambda cell: cell.links)

    def _all(self, frame: Callable[["Cell"], pl.DataFrame]) -> pl.DataFrame:
        frames = [frame(cell) for cell in self.cells.values()]
        if not frames:
            raise NoResults(f"{self.folder}: none of its runs is complete; `experiments run` finishes them")
        return pl.concat(frames, how="diagonal")

    def _csv(self, name: str) -> pl.DataFrame:
        path = self.folder / name
        if not path.exists():
            raise NoResults(f"{path}: there is no such file; `experiments report {self.folder}` writes it")
        return pl.read_csv(path, infer_schema_length=None)


class Cell:
    """A cell of a spec: its runs, one per seed."""

    def __init__(self, runs: list["Run"]):
        #: In the order of `cells.json`.
        self.runs = runs
        self.panel, self.cell, self.name = runs[0].panel, runs[0].cell, runs[0].name

    def __repr__(self) -> str:
        return f"<cell {self.name}: seeds {', '.join(map(str, self.seeds))}>"

    @property
    def seeds(self) -> list[int]:
        """The seeds of its runs."""
        return [run.seed for run in self.runs]

    def run(self, seed: int | None = None) -> "Run":
        """Its run with this seed; without one, the first. Raises UnknownName."""
        if seed is None:
            return self.runs[0]
        for run in self.runs:
            if run.seed == seed:
                return run
        raise UnknownName(f"{self.name}: no seed {seed}; {nearest(str(seed), map(str, self.seeds))}")

    @cached_property
    def samples(self) -> pl.DataFrame:
        """One row per seed and clock of the slowest worker, and one before the first clock.

        `panel`, `cell`, `seed`; `clock`; `seconds` (virtual); `objective`, `objective_one_copy`; `metric.NAME` (its unit is in
        results/README.md); `wan_bytes` (charged) and `wan_bytes_actual` between sites so far.
        """
        return pl.concat([run.samples for run in self.runs])

    @cached_property
    def clocks(self) -> pl.DataFrame:
        """One row per seed, clock and machine.

        `panel`, `cell`, `seed`; `clock`, `machine`, `site` (numbers), `site_name`; `started`, `ended`, `compute`, `server`, `encode`,
        `wire`, `barrier`, `staleness` in virtual seconds; what the longest wait was for, null without one: `blocked_for` (a part),
        `blocked_on`, `blocked_link_from`, `blocked_link_to` (machines), and their sites, `..._site`.
        """
        return pl.concat([run.clocks for run in self.runs])

    @cached_property
    def traffic(self) -> pl.DataFrame:
        """One row per seed, sender, receiver and class.

        `panel`, `cell`, `seed`; `from`, `to` (machines), `from_site`, `to_site` (names), `class`, `messages`, `bytes_actual`, and
        `bytes` (charged).
        """
        return pl.concat([run.traffic for run in self.runs])

    @cached_property
    def links(self) -> pl.DataFrame:
        """One row per ordered pair of different sites, in the profile's order; no rows in one site.

        `panel`, `cell`; `from_site`, `to_site`; `bytes` (charged, mean over seeds); `busy` (share of all seeds' seconds for which the
        busiest limit between them was sending, 0 to about 1); `bits_per_second` of that limit. These are the numbers of `links.svg`.
        """
        return links_of(self.runs)


class Run:
    """One cell and seed: a folder with a plan and its tables."""

    def __init__(self, folder: pathlib.Path, panel: str, cell: str, seed: int):
        self.folder, self.panel, self.cell, self.seed = folder, panel, cell, seed
        self.name = f"{panel} {cell}" if panel else cell

    @cached_property
    def summary(self) -> dict:
        """`summary.json`. Non-finite numbers are the strings "inf", "-inf" and "NaN"."""
        return read_json(self.folder / "summary.json")

    @cached_property
    def manifest(self) -> dict:
        """`manifest.json`; `resolved` in it is the whole plan."""
        return read_json(self.folder / "manifest.json")

    @cached_property
    def network(self) -> Network:
        """The sites, machines and rates of its plan."""
        return Network.of(self.manifest["resolved"])

    @cached_property
    def samples(self) -> pl.DataFrame:
        """As `Cell.samples`, of this seed."""
        return self._table("samples")

    @cached_property
    def clocks(self) -> pl.DataFrame:
        """As `Cell.clocks`, of this seed."""
        table, network = self._table("clocks"), self.network
        numbered = {"site": ("site_name", network.learning_sites)}
        for column in ("blocked_on", "blocked_link_from", "blocked_link_to"):
            numbered[column] = (f"{column}_site", network.site_of)
        try:
            named = [
                pl.col(column).replace_strict(range(len(names)), names, return_dtype=pl.String).alias(alias)
                for column, (alias, names) in numbered.items()
            ]
            table = table.with_columns(named)
        except pl.exceptions.InvalidOperationError as error:
            raise IncompleteRun(f"{self.folder / 'clocks.parquet'}: a machine or site that the plan does not have: {error}") from error
        order = [column for column in table.columns if column not in ("site_name",)]
        order.insert(order.index("site") + 1, "site_name")
        return table.select(order)

    @cached_property
    def traffic(self) -> pl.DataFrame:
        """As `Cell.traffic`, of this seed."""
        return self._table("traffic")

    def _table(self, name: str) -> pl.DataFrame:
        path = self.folder / f"{name}.parquet"
        try:
            found = pl.read_parquet_metadata(path).get("gaia.schema")
            table = pl.read_parquet(path)
        except FileNotFoundError as error:
            raise IncompleteRun(f"{path}: there is no such file; `experiments run` finishes the run") from error
        except pl.exceptions.PolarsError as error:
            raise IncompleteRun(f"{path}: not a whole Parquet file: {error}") from error
        if found != str(SCHEMA):
            raise OtherSchema(f"{path}: schema {found}, expected schema {SCHEMA}; `experiments run` runs cells of other schemas again")
        own = [pl.lit(self.panel).alias("panel"), pl.lit(self.cell).alias("cell"), pl.lit(self.seed, pl.UInt64).alias("seed")]
        return table.select(*own, pl.all())


def _index(folder: pathlib.Path) -> pathlib.Path:
    """The path of the list of cells of a spec's folder. Raises NoResults, which names the nearest folder of results."""
    index = folder / "cells.json"
    if index.is_file():
        return index
    if not folder.is_dir():
        beside = [str(path.parent) for path in sorted(folder.parent.glob("*/cells.json"))]
        raise NoResults(f"{folder}: there is no such folder; {nearest(str(folder), beside)}")
    inside = [str(path.parent) for path in sorted([*folder.glob("*/cells.json"), *folder.glob("*/*/cells.json")])]
    if inside:
        raise NoResults(f"{folder}: not the results of one spec; {nearest(str(folder), inside)}")
    raise NoResults(f"{folder}: no cells.json in it; expected the folder of a spec that `experiments run` has written")
