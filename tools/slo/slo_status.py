"""How an SLO of any kind stands now, read cheaply: for lists of many, and for whoever needs it in passing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sre.core.errors import NoDataError
from sre.core.times import Window
from sre.slo.maintenance import counted_seconds
from tools.slo.budget_reading import GroupsRead, SloCase
from tools.slo.young_counters import YOUNG_NOTE, are_young, counters_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.labels import Labels
    from sre.core.slo.budget import EventCounts
    from sre.core.slo.model import Slo
    from sre.slo.report import BudgetReport

# A day each for 30 d; only to tell how much of the window has data at all.
_COVERAGE_SLICES = 30


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """How one group stands.

    Attributes:
        labels: Values of the SLO's `group_by` labels; empty where it has none.
        fast_burn_rate: Burn rate over the long window of the fastest tier (1h); None where nothing was counted.
        slow_burn_rate: The same of the slowest tier (3d).
        firing_tiers: Names of the burn-rate tiers whose two windows both exceed the factor, fastest first.
    """

    labels: Mapping[str, str]
    total: float
    bad: float
    sli_ratio: float | None
    consumed_ratio: float | None
    remaining_ratio: float | None
    fast_burn_rate: float | None
    slow_burn_rate: float | None
    policy_level: str | None
    firing_tiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SloStatus:
    """How an SLO stands; of several groups the figures are those of the worst one.

    Attributes:
        total: Events of the period; of a grouped SLO, of its worst group. None where the source has no such series.
        groups: The one with the least budget left first; those without events last.
        coverage_ratio: Share of the period with data, in steps of a thirtieth; None where not known.
        notes: What makes the figures less sure.
        is_young: There are no figures because the counters have one sample each so far.
    """

    total: float | None
    bad: float | None
    sli_ratio: float | None
    consumed_ratio: float | None
    remaining_ratio: float | None
    fast_burn_rate: float | None
    slow_burn_rate: float | None
    policy_level: str | None
    groups: tuple[GroupStatus, ...]
    worst_group: GroupStatus | None
    coverage_ratio: float | None
    notes: tuple[str, ...]
    is_young: bool = False


async def slo_status(source: MetricSource, slo: Slo, *, at: datetime) -> SloStatus:
    """Return how an SLO stands at an instant.

    Counts are estimates (`increase()`); `compute_error_budget` counts exactly where it can.

    Raises:
        SreError: The source did not count the period. What only refines the answer may fail in silence.
    """
    case = SloCase.at(slo, source, at=at)
    if case.period.elapsed_seconds < 1:
        return _nothing("The calendar period begins at this very instant.")
    if counted_seconds(slo.maintenance, start=case.period.start, end=case.period.at) <= 0:
        return _nothing("The whole period so far is maintenance, so nothing in it counts.")
    found = await case.read(slices=_COVERAGE_SLICES)
    if not found.whole.by_group:
        return await _uncounted(case, found)
    return _status(case, found)


async def _uncounted(case: SloCase, found: GroupsRead) -> SloStatus:
    window = Window(case.period.start, case.period.at)
    if await are_young(case.source, counters_of(case.reader.sides().values()), window=window):
        return replace(_nothing(YOUNG_NOTE), is_young=True)
    return _nothing("Nothing was counted in the window: no such series there.", found.coverage_ratio)


def _nothing(note: str, coverage: float | None = None) -> SloStatus:
    return SloStatus(None, None, None, None, None, None, None, None, (), None, coverage, (note,))


def _status(case: SloCase, found: GroupsRead) -> SloStatus:
    groups = [_group_status(case, labels, found) for labels in sorted(found.whole.by_group, key=str)]
    ranked = tuple(sorted(groups, key=lambda one: (one.remaining_ratio is None, one.remaining_ratio or 0.0)))
    worst = ranked[0]
    return SloStatus(
        total=worst.total,
        bad=worst.bad,
        sli_ratio=worst.sli_ratio,
        consumed_ratio=worst.consumed_ratio,
        remaining_ratio=worst.remaining_ratio,
        fast_burn_rate=worst.fast_burn_rate,
        slow_burn_rate=worst.slow_burn_rate,
        policy_level=worst.policy_level,
        groups=ranked,
        worst_group=worst,
        coverage_ratio=found.coverage_ratio,
        notes=(*found.whole.notes, *_notes(case, worst, found)),
    )


def _notes(case: SloCase, worst: GroupStatus, found: GroupsRead) -> tuple[str, ...]:
    notes = [] if worst.sli_ratio is not None else ["No events count in the window, so no SLI and no budget exist."]
    if len(found.windows) < len(case.lengths):
        notes.append("The source did not count every burn-rate window.")
    if case.slo.group_by:
        notes.append("The figures are those of the worst group.")
    return tuple(notes)


def _group_status(case: SloCase, labels: Labels, found: GroupsRead) -> GroupStatus:
    from sre.slo.report import budget_report

    counts = found.whole.by_group[labels]
    try:
        report = budget_report(case.facts(labels, found))
    except NoDataError:
        return GroupStatus(dict(labels), counts.total, counts.bad, None, None, None, None, None, None)
    return _judged(labels, counts, report)


def _judged(labels: Labels, counts: EventCounts, report: BudgetReport) -> GroupStatus:
    budget, states = report.budget, report.tiers
    return GroupStatus(
        labels=dict(labels),
        total=counts.total,
        bad=counts.bad,
        sli_ratio=budget.sli_ratio,
        consumed_ratio=budget.consumed_ratio,
        remaining_ratio=budget.remaining_ratio,
        fast_burn_rate=states[0].long_burn_rate if states else None,
        slow_burn_rate=states[-1].long_burn_rate if states else None,
        policy_level=report.policy.level,
        firing_tiers=tuple(state.tier.name for state in states if state.is_firing),
    )
