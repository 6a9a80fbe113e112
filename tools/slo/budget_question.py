"""What a call of `compute_error_budget` asks for, from a document or from its own arguments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from sre.core.errors import InputError
from sre.core.slo.budget import EventCounts, budget_ratio
from sre.core.slo.count_query import CountQuery, parse_count_query
from sre.core.slo.model import Occurrences, RatioIndicator
from sre.core.slo.windows import SloWindow, parse_slo_window
from sre.core.times import Window
from sre.slo.maintenance import counted_pieces
from tools.slo.budget_groups import MAX_PIECES

if TYPE_CHECKING:
    from sre.core.slo.model import MaintenanceWindow, Slo
    from sre.core.slo.windows import Period

CountOrQuery: TypeAlias = float | str

DEFAULT_WINDOW = "30d"
_SIDES = ("good", "bad", "total")


@dataclass(frozen=True, slots=True)
class RatioQueries:
    """Two of good, bad and total as counting queries."""

    good: CountQuery | None = None
    bad: CountQuery | None = None
    total: CountQuery | None = None

    @property
    def used(self) -> tuple[CountQuery, ...]:
        """The queries that are set."""
        return tuple(query for query in (self.good, self.bad, self.total) if query is not None)


@dataclass(frozen=True, slots=True)
class BudgetQuestion:
    """An objective, its window, and either counts or queries.

    Attributes:
        name: For the summary.
        source_name: Source that the SLO document refers to, if any.
        slo: What asks; None where arguments do.
    """

    name: str
    objective_ratio: float
    window: SloWindow
    counts: EventCounts | None = None
    queries: RatioQueries | None = None
    source_name: str | None = None
    notes: tuple[str, ...] = ()
    slo: Slo | None = None

    @property
    def maintenance(self) -> tuple[MaintenanceWindow, ...]:
        """Times that do not count."""
        return self.slo.maintenance if self.slo is not None else ()

    @property
    def group_by(self) -> tuple[str, ...]:
        """Labels whose values have budgets of their own."""
        return self.slo.group_by if self.slo is not None else ()

    def counts_whole_events(self, period: Period) -> bool:
        """Whether the events of the whole service are counted by counters, as they can be exactly.

        Not so where an SLO has groups, counts samples or slices, or is cut into many pieces by maintenance.
        """
        if self.slo is None:
            return True
        pieces = counted_pieces(Window(period.start, period.at), self.maintenance)
        is_whole = self.queries is not None and not self.slo.group_by and len(pieces) <= MAX_PIECES
        return is_whole and isinstance(self.slo.budgeting, Occurrences)


def refuse_beside_slo(**arguments: CountOrQuery | None) -> None:
    """Refuse what an SLO document already says, rather than ignore it in silence.

    Raises:
        InputError: An argument is set.
    """
    given = [name for name, value in arguments.items() if value not in (None, "")]
    if given:
        raise InputError(f"slo already says {', '.join(given)}; pass one or the other.", field=given[0])


def question_from_slo(slo: Slo) -> BudgetQuestion:
    """Return the question that an SLO asks."""
    indicator = slo.indicator
    queries = None
    if isinstance(indicator, RatioIndicator):
        queries = _ratio_queries(indicator.good, indicator.bad, indicator.total)
    return BudgetQuestion(
        name=slo.display_name or slo.name,
        objective_ratio=slo.objective_ratio,
        window=slo.window,
        queries=queries,
        source_name=slo.source_name,
        slo=slo,
    )


def question_from_arguments(
    *,
    objective: float | None,
    window: str | None,
    time_zone: str,
    good: CountOrQuery,
    bad: CountOrQuery,
    total: CountOrQuery,
) -> BudgetQuestion:
    """Return the question that inline arguments ask.

    Raises:
        InputError: The objective or two of good, bad and total are missing, or one of them is wrong.
    """
    if objective is None:
        raise InputError(
            "Pass slo, or objective with two of good, bad and total.", field="objective", valid=("0.99", "0.999")
        )
    budget_ratio(objective)
    sides = [_number_or_text(side, field=name) for name, side in zip(_SIDES, (good, bad, total), strict=True)]
    given = [name for name, side in zip(_SIDES, sides, strict=True) if side is not None]
    if len(given) < 2:
        raise InputError(
            "Pass two of good, bad and total, each a number of events or a PromQL counter.",
            field="bad" if "total" in given else "total",
            valid=('bad=http_requests_total{code=~"5.."}, total=http_requests_total', "bad=120, total=1000000"),
        )
    window_read = parse_slo_window(window or DEFAULT_WINDOW, time_zone=time_zone)
    notes = () if window else (f"No window was given; {DEFAULT_WINDOW} is used.",)
    texts = [side for side in sides if isinstance(side, str)]
    numbers = [side for side in sides if isinstance(side, float)]
    if texts and numbers:
        raise InputError("Numbers and queries are mixed; give the same kind for each side.", field=given[0])
    if texts:
        queries = _ratio_queries(*(side if isinstance(side, str) else None for side in sides))
        return BudgetQuestion("The service", objective, window_read, queries=queries, notes=notes)
    counts = _counts(*(side if isinstance(side, float) else None for side in sides))
    return BudgetQuestion("The service", objective, window_read, counts=counts, notes=notes)


def _number_or_text(side: CountOrQuery, *, field: str) -> float | str | None:
    if isinstance(side, str) and not side.strip():
        return None
    try:
        number = float(side)
    except ValueError:
        return str(side)
    if isinstance(side, bool) or not math.isfinite(number) or number < 0:
        raise InputError(f"{field} must be a number of events, 0 or more.", field=field)
    return number


def _ratio_queries(good: str | None, bad: str | None, total: str | None) -> RatioQueries:
    return RatioQueries(
        good=parse_count_query(good, field="good") if good else None,
        bad=parse_count_query(bad, field="bad") if bad else None,
        total=parse_count_query(total, field="total") if total else None,
    )


def _parts_text(good: float | None, bad: float) -> str:
    return f"bad {bad:.15g}" if good is None else f"good {good:.15g}, bad {bad:.15g}"


def _counts(good: float | None, bad: float | None, total: float | None) -> EventCounts:
    whole = total if total is not None else (good or 0.0) + (bad or 0.0)
    wrong = bad if bad is not None else whole - (good or 0.0)
    if not 0 <= wrong <= whole or (good is not None and good > whole):
        raise InputError(
            f"total ({whole:.15g}) must not be smaller than its parts ({_parts_text(good, wrong)}).",
            field="total",
        )
    if good is not None and bad is not None and total is not None and abs(good + bad - total) > 1e-9 * max(total, 1.0):
        raise InputError(
            f"good + bad is {good + bad:.15g}, but total is {total:.15g}; pass two of them.", field="total"
        )
    return EventCounts(total=whole, bad=wrong)
