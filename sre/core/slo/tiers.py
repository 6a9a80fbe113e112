"""The table of burn-rate tiers, read from `burn_rate_tiers.yaml` and checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

from sre.core.times import parse_duration

_TABLE = Path(__file__).parent / "burn_rate_tiers.yaml"
_SEVERITIES: dict[object, Literal["page", "ticket"]] = {"page": "page", "ticket": "ticket"}


@dataclass(frozen=True, slots=True)
class TierShare:
    """A pair of windows and the share of the budget that may go within the long one before anyone is told."""

    name: str
    severity: Literal["page", "ticket"]
    long_seconds: float
    short_seconds: float
    budget_share: float


@cache
def default_tiers() -> tuple[TierShare, ...]:
    """Return the tiers of the Site Reliability Workbook, fastest first."""
    import yaml

    return checked_tiers(yaml.safe_load(_TABLE.read_text(encoding="utf-8"))["tiers"])


def checked_tiers(rows: Sequence[Mapping[str, object]]) -> tuple[TierShare, ...]:
    """Return the rows of a table as tiers.

    Raises:
        ValueError: The table contradicts itself; the message names the tier.
    """
    tiers = tuple(_tier(row) for row in rows)
    if not tiers or len({tier.name for tier in tiers}) != len(tiers):
        raise ValueError("tiers need unique names, and at least one tier")
    for tier in tiers:
        if tier.short_seconds >= tier.long_seconds:
            raise ValueError(f"tier {tier.name}: the short window must be shorter than the long one")
        if not 0 < tier.budget_share < 1:
            raise ValueError(f"tier {tier.name}: budget_share lies between 0 and 1")
    for faster, slower in pairwise(tiers):
        if faster.long_seconds >= slower.long_seconds or (faster.severity, slower.severity) == ("ticket", "page"):
            raise ValueError(f"tier {slower.name}: tiers go from fast to slow, and from page to ticket")
    return tiers


def _tier(row: Mapping[str, object]) -> TierShare:
    name = str(row["name"])
    if row["severity"] not in _SEVERITIES:
        raise ValueError(f"tier {name}: severity is page or ticket")
    return TierShare(
        name=name,
        severity=_SEVERITIES[row["severity"]],
        long_seconds=parse_duration(str(row["long"])).seconds,
        short_seconds=parse_duration(str(row["short"])).seconds,
        budget_share=float(str(row["budget_share"])),
    )
