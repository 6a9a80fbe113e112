"""Whether an SLO can be measured at a source: its series exist, are counters, and give a figure."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.figures import figure_text
from sre.core.text import listed, nearest_names, quoted
from tools.artefacts import CheckAnswer
from tools.concurrent import all_of, attempted, outcome_of, seconds_left
from tools.slo.slo_facts import coverage_warning, share_text
from tools.slo.slo_status import slo_status
from tools.slo.young_counters import YOUNG_NOTE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sre.core.slo.model import Slo
    from tools.slo.slo_latency import LookUp
    from tools.slo.slo_status import SloStatus

# Of the time of a call, what is kept for counting over the whole window once the series are known.
_COUNTING_SECONDS = 30.0
# Where a good or bad side may have no series yet, because nothing of it has happened.
_MAY_BE_MISSING = "bad"


@dataclass(slots=True)
class SloChecks:
    """What was checked.

    Attributes:
        status: How the SLO stands; None where it could not be counted.
    """

    checks: list[CheckAnswer] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    status: SloStatus | None = None


async def slo_checks(slo: Slo, where: LookUp | None, *, at: datetime | None) -> SloChecks:
    """Return what the checks of an SLO found; a source that fails leaves them unanswered and is no error.

    Args:
        where: The source, and the time in which series have to exist; None where no source is configured.
        at: When the SLO is counted.
    """
    found = SloChecks([_queries_check(slo)])
    if where is None or at is None:
        found.checks.append(CheckAnswer(name="series", tool="source", ok=None, detail="No source is configured."))
        return found
    found.checks.append(await _series_check(slo, where))
    counters = await _counter_check(slo, where)
    found.checks += [counters] if counters else []
    found.checks.append(await _counted(slo, where, at, found))
    return found


def _queries_check(slo: Slo) -> CheckAnswer:
    from sre.core.promql import parse
    from sre.core.slo.sli_queries import sli_queries

    try:
        queries = sli_queries(slo)
        for query in (queries.bad_over(queries.base_seconds), queries.total_over(queries.base_seconds)):
            parse(query)
    except SreError as error:
        return CheckAnswer(name="queries", tool="PromQL parser", ok=None, detail=error.message)
    detail = f"bad and all {queries.counted} are counted by queries that parse"
    return CheckAnswer(name="queries", tool="PromQL parser", ok=True, detail=detail)


async def _series_check(slo: Slo, where: LookUp) -> CheckAnswer:
    from sre.slo.definition import queries_of, selectors_of

    wanted = {selector: side for side, query in queries_of(slo.indicator).items() for selector in selectors_of(query)}
    calls = [partial(_has_series, selector, where) for selector in wanted]
    answers = dict(zip(wanted, await all_of(calls), strict=True))
    if not answers or any(is_there is None for is_there in answers.values()):
        detail = "The source did not say which series there are."
        return CheckAnswer(name="series", tool=where.source.name, ok=None, detail=detail)
    missing = [selector for selector, is_there in answers.items() if not is_there]
    needed = [selector for selector in missing if wanted[selector] != _MAY_BE_MISSING]
    if needed:
        near = await _nearest(slo, needed[0], where)
        detail = f"No series in the last day: {listed([quoted(one) for one in needed])}.{near}"
        return CheckAnswer(name="series", tool=where.source.name, ok=False, detail=detail)
    detail = f"{len(answers) - len(missing)} of {len(answers)} selectors have series in the last day"
    if missing:
        detail += f"; none has {listed([quoted(one) for one in missing])} yet, which counts as no failure"
    return CheckAnswer(name="series", tool=where.source.name, ok=True, detail=detail)


async def _has_series(selector: str, where: LookUp) -> bool | None:
    call = partial(where.source.series, [selector], window=where.window, limit=1)
    found = await attempted(call, seconds=seconds_left(spare_seconds=_COUNTING_SECONDS))
    return None if found is None else bool(found)


async def _nearest(slo: Slo, selector: str, where: LookUp) -> str:
    from sre.slo.definition import metrics_of, queries_of

    call = partial(where.source.label_values, "__name__", window=where.window)
    names = await attempted(call, seconds=seconds_left(spare_seconds=_COUNTING_SECONDS)) or ()
    used = [metric for query in queries_of(slo.indicator).values() for metric in metrics_of(query)]
    metric = next((name for name in used if selector.startswith(name)), "")
    if metric in names:
        return f" {metric} exists, but with other labels."
    near = nearest_names(metric, names)
    return f" Nearest that exist: {listed([quoted(one) for one in near])}." if near else ""


async def _counter_check(slo: Slo, where: LookUp) -> CheckAnswer | None:
    from sre.core.slo.count_query import names_without_counter_suffix
    from sre.core.slo.model import RatioIndicator
    from sre.slo.definition import metrics_of, queries_of

    # What is added up over time instead of increased may be a gauge.
    queries = [query for query in queries_of(slo.indicator).values() if "_over_time" not in query]
    if not isinstance(slo.indicator, RatioIndicator) or not queries:
        return None
    metrics = tuple(dict.fromkeys(metric for query in queries for metric in metrics_of(query)))
    types = dict(zip(metrics, await all_of([partial(_type_of, metric, where) for metric in metrics]), strict=True))
    wrong = _no_counters(types)
    if wrong:
        detail = f"{listed(wrong)}: what may fall cannot be counted with increase()."
        return CheckAnswer(name="counters", tool="metadata", ok=False, detail=detail)
    untyped = tuple(metric for metric in metrics if types[metric] == "unknown")
    doubtful = names_without_counter_suffix(untyped)
    if doubtful:
        detail = f"The source does not say what {listed(doubtful)} is, and its name is not that of a counter."
        return CheckAnswer(name="counters", tool="metadata", ok=None, detail=detail)
    how = "by their names" if untyped else "by the source's metadata"
    return CheckAnswer(name="counters", tool="metadata", ok=True, detail=f"{listed(metrics)}: counters {how}")


def _no_counters(types: Mapping[str, str]) -> list[str]:
    kinds = {"counter", "histogram", "summary", "gaugehistogram", "unknown", "untyped"}
    return [f"{metric} is a {kind}" for metric, kind in types.items() if kind not in kinds]


async def _type_of(metric: str, where: LookUp) -> str:
    family = metric
    for suffix in ("_total", "_bucket", "_count", "_sum"):
        family = family.removesuffix(suffix)
    seconds = seconds_left(spare_seconds=_COUNTING_SECONDS)
    for name in dict.fromkeys((metric, family)):
        known = await attempted(partial(where.source.metadata, name), seconds=seconds) or {}
        if name in known:
            return known[name].type
    return "unknown"


async def _counted(slo: Slo, where: LookUp, at: datetime, found: SloChecks) -> CheckAnswer:
    source = where.source
    outcome = await outcome_of(partial(slo_status, source, slo, at=at), seconds=seconds_left(), system=source.name)
    if isinstance(outcome, SreError):
        return CheckAnswer(name="measured", tool=source.name, ok=None, detail=outcome.message)
    found.status = outcome
    if outcome.is_young:
        return CheckAnswer(name="measured", tool=source.name, ok=None, detail=YOUNG_NOTE)
    found.warnings += [*outcome.notes, *coverage_warning(outcome, slo)]
    if outcome.sli_ratio is None or outcome.total is None:
        detail = f"Nothing was counted in {slo.window}, so there is no SLI yet."
        return CheckAnswer(name="measured", tool=source.name, ok=False, detail=detail)
    if outcome.remaining_ratio is not None and outcome.remaining_ratio <= 0:
        found.warnings.append("The objective is broken already: recommend what the service achieves, or mend it first.")
    groups = f" in the worst of {len(outcome.groups)} groups" if slo.group_by else ""
    events = figure_text(outcome.total, "count")
    detail = f"SLI {share_text(outcome.sli_ratio)} of {events} events{groups} over {slo.window}"
    return CheckAnswer(name="measured", tool=source.name, ok=True, detail=detail)
