"""The network of a run, as its manifest has it: sites, machines and rates."""

import re
from dataclasses import dataclass
from decimal import Decimal

from .errors import OtherSchema

UNITS = {"bit/s": 1, "kbit/s": 10**3, "Mbit/s": 10**6, "Gbit/s": 10**9}


def bits_per_second(text: str) -> int:
    """A bandwidth as plans write it, such as `16.76 Mbit/s`, in bits per second. Raises OtherSchema for other text."""
    found = re.fullmatch(r"([0-9.]+) ?([kMG]?bit/s)", text)
    if not found:
        raise OtherSchema(f"bandwidth {text!r}: expected a number and one of {', '.join(UNITS)}, such as '16.76 Mbit/s'")
    return int(Decimal(found[1]) * UNITS[found[2]])


@dataclass(frozen=True)
class Network:
    """The sites of a plan's profile, and where its machines learn."""

    #: The sites of the profile, in its order.
    sites: list[str]
    #: `machine-to-site`, `machine-pair` or `site-pair`: what the rate between two sites is the limit of.
    shaping: str
    #: `rates[i][j]`: bits per second from site i to site j; None from a site to itself.
    rates: list[list[int | None]]
    #: Names of the sites where machines learn: one site under Centralized, otherwise those of `sites`.
    learning_sites: list[str]
    #: The site of each machine that learns, by the machine's number.
    site_of: list[str]

    @staticmethod
    def of(plan: dict) -> "Network":
        """The network of a resolved plan (`resolved` in `manifest.json`). Raises OtherSchema if it lacks one of the fields."""
        try:
            return Network._of(plan)
        except (KeyError, TypeError) as error:
            raise OtherSchema(f"the plan has no network that this package reads: {error!r}") from error

    @staticmethod
    def _of(plan: dict) -> "Network":
        profile, counts = plan["profile"], plan["machines-per-site"]
        sites = [site["name"] for site in profile["sites"]]
        learning, placed = sites, counts
        system = plan["system"]
        if isinstance(system, dict) and "centralized" in system:
            learning, placed = [_named(profile["sites"], system["centralized"]["site"])], [sum(counts)]
        rates = [[bits_per_second(rate) if rate else None for rate in row] for row in profile["bandwidth"]]
        site_of = [site for site, count in zip(learning, placed, strict=True) for _ in range(count)]
        return Network(sites, profile["shaping"], rates, learning, site_of)


def _named(sites: list[dict], wanted: str) -> str:
    """The name of the site that `wanted` is the name, region or alias of."""
    for site in sites:
        names = [site["name"], site.get("region") or "", *site.get("aliases", [])]
        if wanted.casefold() in (name.casefold() for name in names):
            return site["name"]
    raise KeyError(wanted)
