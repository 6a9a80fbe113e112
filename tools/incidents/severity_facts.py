"""What a caller tells of an incident's impact, as facts the severity rules know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from sre.core.figures import figure_text, plain_text
from sre.incidents.severity_rules import Known
from tools.incidents.given import Given, TimesReader, validated

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# The factors of the two page tiers for a budget of 30 days (handbook: incident-management).
_BURNING_FAST, _BURNING = 14.4, 6.0
_DOUBTS = {"maybe", "unsure", "unknown", "possible", "possibly"}
_YES, _NO = {"yes", "true"}, {"no", "false"}


def _flag(value: object) -> object:
    """Return yes, no and doubt in the spellings people use as `True`, `False` and `maybe`."""
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    return "maybe" if word in _DOUBTS else True if word in _YES else False if word in _NO else value


def _ratio(value: object) -> object:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 1 < value <= 100:
        raise ValueError(f"a ratio lies between 0 and 1; for {value:g} % pass {value / 100:.10g}")
    return value


_Flag: TypeAlias = Annotated[bool | Literal["maybe"], BeforeValidator(_flag)]
_Ratio = Annotated[float, BeforeValidator(_ratio), Field(ge=0, le=1)]
_Amount = Annotated[float, Field(ge=0, le=1e12)]
_Time = str | int | float


class ImpactFacts(Given):
    """The `facts` argument; a flag is yes, no or maybe."""

    security: _Flag | None = None
    data_loss: _Flag | None = None
    full_outage: _Flag | None = None
    failing_ratio: _Ratio | None = None
    users_ratio: _Ratio | None = None
    users_count: _Amount | None = None
    slow: _Flag | None = None
    latency_factor: _Amount | None = None
    core: _Flag | None = None
    workaround: _Flag | None = None
    burn_rate: _Amount | None = None
    budget_gone: _Flag | None = None
    started_at: _Time | None = None
    detected_at: _Time | None = None


@dataclass(frozen=True, slots=True)
class ToldImpact:
    """What was told.

    Attributes:
        known: Facts by name.
        started_at, detected_at: None where not told.
        notes: What had to be assumed about times.
    """

    known: Mapping[str, Known]
    started_at: datetime | None = None
    detected_at: datetime | None = None
    notes: tuple[str, ...] = ()


def told_impact(facts: Mapping[str, Any], *, now: datetime) -> ToldImpact:
    """Return the facts that were told.

    Raises:
        InputError: A key is unknown or a value wrong.
    """
    given = validated(ImpactFacts, facts)
    times = TimesReader(now=now)
    known = {
        name: _known(name, value)
        for name, value in given.model_dump(exclude={"burn_rate", "started_at", "detected_at"}).items()
        if value is not None
    }
    if given.burn_rate is not None:
        known |= _burning(given.burn_rate)
    started = times.maybe_at(given.started_at, "facts.started_at")
    detected = times.maybe_at(given.detected_at, "facts.detected_at")
    return ToldImpact(known, started, detected, tuple(times.notes))


def _known(name: str, value: bool | float | str) -> Known:
    if value == "maybe":
        return Known(True, f"{name}: maybe, as told; taken as yes", is_doubtful=True)
    if isinstance(value, bool):
        return Known(value, f"{name}: {'yes' if value else 'no'}, as told")
    number = float(value)
    said = figure_text(number, "ratio") if name.endswith("_ratio") else plain_text(number)
    return Known(number, f"{name}: {said}, as told")


def _burning(rate: float) -> dict[str, Known]:
    words = f"burn rate {plain_text(rate)}, as told"
    return {"burning_fast": Known(rate > _BURNING_FAST, words), "burning": Known(rate > _BURNING, words)}
