"""What a recommendation is made from: an SLI's counts over the history, and the buckets of a latency histogram."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import NoDataError
from sre.core.text import quoted
from sre.core.times import Duration, Window, epoch_ms
from tools.concurrent import attempted
from tools.context import in_thread
from tools.slo.budget_groups import SliReader
from tools.slo.slo_parts import SloParts, slo_from_parts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.golden_signals import LatencyQuery
    from sre.core.series import RangeResult
    from sre.core.slo.model import Slo
    from sre.slo.attainment import GroupCounts, WorstDay
    from sre.slo.candidate_objectives import Candidate
    from sre.slo.episodes import Alarm
    from sre.slo.latency_thresholds import BucketDays, Threshold
    from sre.slo.recommendation import Recommendation, Seen, Tried
    from tools.answer import QueryEvidence
    from tools.slo.event_history import ReadHistory

# Of an SLO that is still to be defined; the usual one.
SLO_WINDOW = "30d"
# The longest burn-rate window is filled by what lies before the history that is judged.
_REACH_SECONDS = 3 * 86_400.0
_DAY = timedelta(days=1)
_NEWBORN_SECONDS = 10.0
# A group with a smaller share of the events cannot hold up the others.
_LEAST_GROUP_SHARE = 0.01
_WORST_DAYS = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be recommended, apart from the SLI.

    Attributes:
        window: The history to look at.
        objective: One that the caller wants judged, or None.
        ceiling_ratio: What its dependencies allow at most, or None.
    """

    source: MetricSource
    window: Window
    objective: float | None
    ceiling_ratio: float | None
    progress: Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Indicated:
    """An SLI to recommend an objective for.

    Attributes:
        kind: availability, latency, or slo for one that has a definition.
        convention: How its metrics were found; empty where the definition says.
        threshold_seconds: What requests of a latency SLI stay under.
        thresholds: All bounds it could have been.
        pairs: The smallest bound that history kept, by the share of requests.
    """

    kind: str
    slo: Slo
    convention: str = ""
    threshold_seconds: float | None = None
    thresholds: tuple[Threshold, ...] = ()
    pairs: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One SLI on history, and what follows from it.

    Attributes:
        sli_ratio: Share of good events over the whole history; of a grouped SLO, of its worst group.
        worst_days: Of the group with most bad events.
        without_worst_day: Share of good events of that group on all other days; None where there are no others.
        newborn_events: Events at the first scrape of new series, which are not in the counts.
    """

    indicated: Indicated
    recommended: Recommendation
    seen: Seen
    total: float
    bad: float
    sli_ratio: float
    idle_days: int
    worst_days: tuple[WorstDay, ...]
    without_worst_day: float | None
    window: Window
    evidence: tuple[QueryEvidence, ...]
    notes: tuple[str, ...]
    left_out: tuple[str, ...]
    group_count: int
    newborn_events: float = 0.0


async def availability_of(deps: Deps, asked: Asked, service: str) -> Found:
    """Return what availability the history of a service bears."""
    built = await slo_from_parts(
        deps, SloParts(service=service, objective=0.99, window=SLO_WINDOW), source=asked.source, source_name=""
    )
    return await found_for(asked, Indicated("availability", built.slo, built.convention))


async def latency_of(deps: Deps, asked: Asked, service: str) -> Found:
    """Return what latency the history of a service bears.

    Raises:
        NoDataError: No classic histogram of durations, or nothing in it to promise.
    """
    from sre.slo.latency_thresholds import LATENCY_OBJECTIVES

    latency = await _histogram_of(deps, asked, service)
    await asked.progress("Reading the buckets of latency")
    days = await _bucket_days(asked, latency)
    bounds = {objective: days.least_bound(objective) for objective in LATENCY_OBJECTIVES}
    pairs = tuple((objective, bound) for objective, bound in bounds.items() if bound is not None)
    if not pairs:
        raise NoDataError(
            "No finite bucket of the latency histogram held 90 % of the requests, so no latency can be promised.",
            next_steps=("give the histogram buckets above its slow requests.",),
        )
    objective, bound = pairs[-1]
    parts = SloParts(service=service, objective=objective, threshold_seconds=bound, window=SLO_WINDOW)
    built = await slo_from_parts(deps, parts, source=asked.source, source_name="")
    return await found_for(asked, Indicated("latency", built.slo, built.convention, bound, days.thresholds(), pairs))


async def found_for(asked: Asked, indicated: Indicated) -> Found:
    """Read an SLI's history and try the candidates on it."""
    from tools.slo.event_history import read_history

    slo = indicated.slo

    async def progress(done: int, total: int) -> None:
        await asked.progress(f"Read {done} of {total} parts of {indicated.kind}")

    read = await read_history(asked.source, slo, window=asked.window, reach_seconds=_REACH_SECONDS, progress=progress)
    newborn = await _newborn_events(asked, slo)
    found = await in_thread(partial(_judged, asked, indicated, read))
    return replace(found, newborn_events=newborn)


async def _newborn_events(asked: Asked, slo: Slo) -> float:
    reader = SliReader(asked.source, slo)

    async def look() -> float:
        counted = await reader.counts(asked.window, since=await reader.since(asked.window))
        return counted.newborn_events

    return await attempted(look, seconds=_NEWBORN_SECONDS) or 0.0


def _judged(asked: Asked, indicated: Indicated, read: ReadHistory) -> Found:
    from sre.slo.alert_tiers import nominal_period_seconds
    from sre.slo.attainment import GroupCounts
    from sre.slo.candidate_objectives import candidates_for
    from sre.slo.recommendation import recommendation

    slo, history = indicated.slo, read.history
    start, end = epoch_ms(read.window.start), epoch_ms(read.window.end)
    period = nominal_period_seconds(slo.window)
    every = [GroupCounts(history, row, start_ms=start, end_ms=end) for row in range(len(history.groups))]
    groups = [counts for counts in every if counts.total > 0]
    if not groups:
        raise NoDataError(f"{quoted(slo.name)} has no events in the history.")
    worst = min(groups, key=lambda one: 1 - one.bad / one.total)
    sli_ratio = 1 - worst.bad / worst.total
    seen = _seen(groups, period)
    defined = slo.objective_ratio if indicated.kind == "slo" else None
    candidates = candidates_for(sli_ratio, asked=asked.objective, defined=defined)
    tried = _tried(slo, candidates, groups, read, seen)
    # That a dependency answers says nothing about how fast it does.
    ceiling = asked.ceiling_ratio if indicated.kind != "latency" else None
    most = max(groups, key=lambda one: one.bad)
    worst_days = most.worst_days(_WORST_DAYS)
    return Found(
        indicated=indicated,
        recommended=recommendation(tried, seen, at=read.window.end, ceiling_ratio=ceiling),
        seen=seen,
        total=sum(one.total for one in groups),
        bad=sum(one.bad for one in groups),
        sli_ratio=sli_ratio,
        idle_days=_idle_days(worst),
        worst_days=worst_days,
        without_worst_day=most.ratio_without(worst_days[0].day) if worst_days else None,
        window=read.window,
        evidence=read.evidence,
        notes=read.notes,
        left_out=read.left_out,
        group_count=len(groups),
    )


def _seen(groups: Sequence[GroupCounts], period_seconds: float) -> Seen:
    from sre.slo.recommendation import Seen

    whole = sum(one.total for one in groups)
    rates = [one.total / one.known_seconds for one in groups if one.total >= _LEAST_GROUP_SHARE * whole]
    return Seen(max(one.data_seconds for one in groups), period_seconds, min(rates) * period_seconds)


def _tried(
    slo: Slo, candidates: Sequence[Candidate], groups: Sequence[GroupCounts], read: ReadHistory, seen: Seen
) -> list[Tried]:
    """Return how each candidate would have gone; of several groups, how the worst would have."""
    from sre.core.slo.budget import budget_ratio
    from sre.core.slo.sli_queries import sli_queries
    from sre.slo.attainment import attainment, worst_of
    from sre.slo.backtest import AlertSetting, replayed
    from sre.slo.episodes import pages_of, tickets_of
    from sre.slo.period_tiers import period_tiers
    from sre.slo.quietest import as_generated
    from sre.slo.recommendation import Tried

    counted = sli_queries(slo).counted
    settings = []
    for one in candidates:
        wished = replace(slo, objective_ratio=one.objective_ratio)
        tiers = period_tiers(wished, period_seconds=seen.period_seconds, base_seconds=read.history.base_seconds)
        setting = AlertSetting("", one.objective_ratio, tiers, slo.alerting.min_bad_events or None)
        settings.append(as_generated(setting, read.history) if counted == "events" else setting)
    episodes = replayed(read.history, settings, since_ms=epoch_ms(read.window.start))
    tried = []
    for one, fired in zip(candidates, episodes, strict=True):
        pages = pages_of(fired)
        went = partial(attainment, objective_ratio=one.objective_ratio, period_seconds=seen.period_seconds)
        tried.append(
            Tried(
                candidate=one,
                attainment=worst_of([went(counts) for counts in groups]),
                pages=len(pages),
                paged_seconds=_paged_seconds(pages, read),
                tickets=sum(ticket.notified_ms is not None for ticket in tickets_of(fired)),
                allowed_bad_a_period=budget_ratio(one.objective_ratio) * seen.events_a_period,
            )
        )
    return tried


def _paged_seconds(pages: Sequence[Alarm], read: ReadHistory) -> float:
    """Return how long pages stood; they do not overlap each other."""
    end = epoch_ms(read.window.end)
    return sum((end if page.end_ms is None else page.end_ms) - page.start_ms for page in pages) / 1000


def _idle_days(counts: GroupCounts) -> int:
    days = counts.days()
    return int((days.total <= 0).sum())


async def _histogram_of(deps: Deps, asked: Asked, service: str) -> LatencyQuery:
    from tools.golden_signals import found_service

    mapping = deps.services.get(service)
    found = await found_service(asked.source, service, window=asked.window, mapping=mapping, with_hosts=False)
    latency = next((one for one in found.signals.latency if one.buckets), None)
    if latency is None:
        raise NoDataError(
            f"{quoted(service, limit=80)} has no classic histogram of durations under a known name.",
            next_steps=("pass slo with a latency SLI of your own.",),
        )
    return latency


async def _bucket_days(asked: Asked, latency: LatencyQuery) -> BucketDays:
    """Return requests by bucket and day; days are counted back from the end of the history."""
    count = max(1, math.floor(asked.window.seconds / _DAY.total_seconds()))
    first = asked.window.end - (count - 1) * _DAY
    # An empty range is refused; a millisecond more holds no further step.
    window = Window(first, max(asked.window.end, first + timedelta(milliseconds=1)))
    query = f"sum by (le) (increase({latency.buckets}[1d]))"
    result = await asked.source.range_query(query, window=window, step=Duration(_DAY.total_seconds()))
    return _days_of(result, count, to_seconds=latency.to_seconds)


def _days_of(result: RangeResult, count: int, *, to_seconds: float) -> BucketDays:
    import numpy as np

    from sre.slo.latency_thresholds import BucketDays

    rows: dict[float, list[float]] = {}
    for labels, values in zip(result.series.labels, result.series.values, strict=True):
        try:
            bound = float(labels.get("le", ""))
        except ValueError:
            continue
        padded = [*values.tolist(), *[math.nan] * count][:count]
        # The same bound in two spellings: what one scrape wrote is not in the other.
        old = rows.get(bound)
        rows[bound] = padded if old is None else [_either(*pair) for pair in zip(old, padded, strict=True)]
    total = np.array(rows.pop(math.inf, [math.nan] * count))
    bounds = sorted(rows)
    faster = np.array([rows[bound] for bound in bounds]).reshape(len(bounds), count)
    return BucketDays(tuple(bound * to_seconds for bound in bounds), faster, total)


def _either(one: float, other: float) -> float:
    if math.isnan(one) or math.isnan(other):
        return other if math.isnan(one) else one
    return one + other
