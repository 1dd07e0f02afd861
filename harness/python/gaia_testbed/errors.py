"""What can be wrong with results: each error names the file or name, what was found and what was expected."""

import difflib
from collections.abc import Iterable


class ResultsError(Exception):
    """Any of the errors of this package."""


class NoResults(ResultsError):
    """There is no folder of a spec's results, or a file of the report is missing."""


class OtherSchema(ResultsError):
    """The results have a form that this package does not read."""


class IncompleteRun(ResultsError):
    """A file of a run is missing or damaged."""


class UnknownName(ResultsError, KeyError):
    """There is no cell or seed of that name."""

    # KeyError shows its argument in quotes, which is unreadable for a sentence.
    __str__ = Exception.__str__


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence on the known names: the one most like `name`, if any is, and all of them (the first 20)."""
    known = list(known)
    if not known:
        return "there are none here"
    alike = {other.casefold(): other for other in known}
    close = difflib.get_close_matches(name.casefold(), alike, n=1)
    meant = f"did you mean {alike[close[0]]!r}? " if close else ""
    listed = ", ".join(repr(other) for other in known[:20])
    more = f" and {len(known) - 20} more" if len(known) > 20 else ""
    return f"{meant}expected one of {listed}{more}"
