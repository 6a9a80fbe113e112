"""Alerts replayed on a source's history: one range query each, recorded names put in where the source lacks them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio

from sre.core.errors import InputError, SreError
from sre.core.times import Duration, Window
from tools.concurrent import all_of, attempted, outcome_of, seconds_left
from tools.context import in_thread, report_progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.base import MetricSource
    from sre.alerting.episodes import Nearest
    from sre.alerting.inlining import Records
    from sre.alerting.interruptions import RuleHistory
    from sre.alerting.review_model import ReviewedRule
    from sre.core.promql import Query
    from sre.core.series import RangeResult
    from tools.context import ToolContext

_CONCURRENT: Final = 4
DEFAULT_STEP_SECONDS: Final = 60.0
# Tried in turn until the query is cheap enough; coarser ones would miss what an alert is about.
_COARSER: Final = (1, 2, 5, 10)
# Our choice: a live Prometheus touches some ten million samples a second on a core.
_MAX_SAMPLES: Final = 60_000_000
_MAX_SAMPLES_TOGETHER: Final = 300_000_000
# One query that hangs must not take the time of all the others.
_QUERY_SECONDS: Final = 20.0
# Kept back for what comes after the replay: how near silent alerts came, what all of it means, and the diffs.
_AFTER_SECONDS: Final = 19.0
# Of that, for what comes after the search for nearest values.
_AFTER_NEAREST_SECONDS: Final = 15.0
# What is kept of alerts that flap, together: 160 MB of runs, 60 MB of calls.
_MAX_RUNS: Final = 20_000_000
_MAX_CALLS: Final = 500_000
_MAX_NEAREST: Final = 20
_NEAREST_POINTS: Final = 2_000


@dataclass(slots=True)
class Replayed:
    """What the history of a source says about the alerts.

    Attributes:
        skipped: Why an alert was not replayed, by the rule's index.
        unreached: Indexes of alerts for which there was no time.
        coarse: Indexes of alerts that were evaluated more seldom than the source does.
        steps_seconds: The steps that were used.
    """

    histories: dict[int, RuleHistory] = field(default_factory=dict)
    skipped: dict[int, str] = field(default_factory=dict)
    unreached: set[int] = field(default_factory=set)
    coarse: set[int] = field(default_factory=set)
    steps_seconds: set[float] = field(default_factory=set)
    samples: int = 0


@dataclass(slots=True)
class _Run:
    ctx: ToolContext
    source: MetricSource
    window: Window
    records: Records
    spacing_seconds: float | None
    total: int
    limiter: anyio.CapacityLimiter
    counts: dict[str, float] = field(default_factory=dict)
    touched: float = 0.0
    done: int = 0
    runs: int = 0
    calls: int = 0
    result: Replayed = field(default_factory=Replayed)

    async def replay(self, reviewed: ReviewedRule) -> None:
        async with self.limiter:
            is_full = self.runs > _MAX_RUNS or self.calls > _MAX_CALLS
            if is_full or seconds_left(spare_seconds=_AFTER_SECONDS) < 1:
                self.result.unreached.add(reviewed.index)
                return
            reason = await self._replayed(reviewed)
        if reason:
            self.result.skipped[reviewed.index] = reason
        self.done += 1
        await report_progress(self.ctx, self.done, self.total, "Replaying alerts on history")

    async def _replayed(self, reviewed: ReviewedRule) -> str:
        from sre.alerting.inlining import CannotInlineError
        from sre.alerting.interruptions import RuleHistory
        from sre.core.rules import AlertRule

        rule = reviewed.rule
        assert isinstance(rule, AlertRule)
        try:
            query = inlined_query(reviewed, self.records)
        except (CannotInlineError, SreError) as error:
            return str(error)
        step = await self._affordable_step(reviewed, query)
        if step is None:
            return "its query is too costly for this window; ask for a shorter one"
        found = await self._asked(query.text, step)
        if isinstance(found, SreError):
            return found.message
        series = found.series
        try:
            history, calls = await in_thread(lambda: _with_calls(RuleHistory.of(reviewed, rule, series)))
        except InputError as error:
            return error.message
        self.runs, self.calls = self.runs + history.run_count, self.calls + calls
        self.result.histories[reviewed.index] = history
        self.result.steps_seconds.add(step)
        self.result.samples += series.point_count
        return ""

    async def _asked(self, text: str, step_seconds: float) -> RangeResult | SreError:
        patience = min(_QUERY_SECONDS, seconds_left(spare_seconds=_AFTER_SECONDS))
        return await outcome_of(
            lambda: self.source.range_query(text, window=self.window, step=Duration(step_seconds)),
            seconds=patience,
            system=self.source.name,
        )

    async def _affordable_step(self, reviewed: ReviewedRule, query: Query) -> float | None:
        usual = reviewed.interval_seconds or DEFAULT_STEP_SECONDS
        for factor in _COARSER:
            samples = await self._samples(query, step_seconds=usual * factor)
            if samples <= _MAX_SAMPLES and self.touched + samples <= _MAX_SAMPLES_TOGETHER:
                self.touched += samples
                if factor > 1:
                    self.result.coarse.add(reviewed.index)
                return usual * factor
        return None

    async def _samples(self, query: Query, *, step_seconds: float) -> float:
        from sre.metrics.query_cost import ASSUMED_SCRAPE_SECONDS, selector_costs

        costs = selector_costs(query.ast, steps=int(self.window.seconds / step_seconds) + 1)
        # The estimate assumes frequent scrapes; where their distance is known, it is scaled.
        scale = ASSUMED_SCRAPE_SECONDS / max(ASSUMED_SCRAPE_SECONDS, self.spacing_seconds or 0.0)
        return sum([cost.samples_per_series * scale * await self._count(cost.selector) for cost in costs])

    async def _count(self, selector: str) -> float:
        if selector not in self.counts:
            found = await attempted(
                lambda: self.source.instant_query(f"count({selector})", at=self.window.end), seconds=_QUERY_SECONDS / 2
            )
            self.counts[selector] = float(found.values[0]) if found is not None and found.values.size else 1.0
        return self.counts[selector]


def _with_calls(history: RuleHistory) -> tuple[RuleHistory, int]:
    return history, len(history.interruptions())


def inlined_query(reviewed: ReviewedRule, records: Records) -> Query:
    """Return an alert's query with the records that the source lacks put in.

    Raises:
        CannotInlineError: Not possible.
        SreError: What comes out cannot be read.
    """
    from sre.core.promql import parse
    from sre.core.promql_writing import promql_of

    assert reviewed.query is not None
    changed = records.inlined(reviewed.query.ast)
    return reviewed.query if changed == reviewed.query.ast else parse(promql_of(changed))


async def replayed_alerts(
    ctx: ToolContext,
    source: MetricSource,
    rules: Sequence[ReviewedRule],
    *,
    records: Records,
    window: Window,
    spacing_seconds: float | None,
) -> Replayed:
    """Return what alerts would have done over a window; which could not be replayed is in the result.

    Args:
        rules: The alerts to replay, those that matter most first; those without a query are skipped with their reason.
    """
    run = _Run(ctx, source, window, records, spacing_seconds, len(rules), anyio.CapacityLimiter(_CONCURRENT))
    for one in rules:
        if one.query is None:
            run.result.skipped[one.index] = one.problem or one.unread
    await all_of([partial(run.replay, one) for one in rules if one.query is not None])
    return run.result


async def nearest_values(
    source: MetricSource, rules: Sequence[ReviewedRule], *, records: Records, window: Window
) -> Mapping[int, Nearest]:
    """Return how near silent alerts came to their limits, for those whose limit is a number."""
    limiter = anyio.CapacityLimiter(_CONCURRENT)
    chosen = rules[:_MAX_NEAREST]
    found = await all_of([partial(_nearest, source, one, records, window, limiter) for one in chosen])
    return {one.index: near for one, near in zip(chosen, found, strict=True) if near is not None}


async def _nearest(
    source: MetricSource, reviewed: ReviewedRule, records: Records, window: Window, limiter: anyio.CapacityLimiter
) -> Nearest | None:
    import numpy as np

    from sre.alerting.episodes import Nearest
    from sre.alerting.inlining import CannotInlineError
    from sre.core.alert_conditions import conditions_of

    try:
        conditions = conditions_of(inlined_query(reviewed, records).text)
    except (CannotInlineError, SreError):
        return None
    condition = conditions[0] if len(conditions) == 1 else None
    if condition is None or condition.limit_value is None or condition.op in ("", "==", "!="):
        return None
    signal, limit, op = condition.signal, condition.limit_value, condition.op
    step = Duration(max(DEFAULT_STEP_SECONDS, window.seconds // _NEAREST_POINTS))
    async with limiter:
        patience = min(_QUERY_SECONDS / 2, seconds_left(spare_seconds=_AFTER_NEAREST_SECONDS))
        answer = await attempted(lambda: source.range_query(signal, window=window, step=step), seconds=patience)
    if answer is None:
        return None
    values = answer.series.values[answer.series.present]
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    return Nearest(signal, op, limit, float(finite.max() if op in (">", ">=") else finite.min()))
