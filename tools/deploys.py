"""Which deploys a source shows, and which were marked on dashboards: one reading for every tool that asks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sre.core.deploys import Deploy, announces_deploy, deploys_of, starts_query, version_query
from sre.core.errors import SreError
from sre.core.text import cleaned, without_quotations
from sre.core.times import Duration, epoch_ms
from tools.answer import QueryEvidence
from tools.concurrent import all_of, outcome_of, seconds_left
from tools.context import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from connectors.base import DashboardStore, MetricSource
    from sre.core.dashboards import Annotation
    from sre.core.series import RangeResult
    from sre.core.times import Window

# Few small questions, asked beside the main one and given up before it (our choice).
_READ_SECONDS: Final = 15.0
# One value of each version and process: finer than this only repeats what the start of a process tells exactly.
_FINE_STEP_SECONDS, _MOST_POINTS = 60.0, 3_000
_MAX_ANNOTATIONS: Final = 200
_MAX_WORDS: Final = 80


@dataclass(frozen=True, slots=True)
class KnownDeploys:
    """The deploys of a window.

    Attributes:
        deploys: In order of time; restarts without a new version are among them.
        queries: What was asked of the source.
        unread: Sentences about what could not be read, or not in full.
    """

    deploys: tuple[Deploy, ...] = ()
    queries: tuple[QueryEvidence, ...] = ()
    unread: tuple[str, ...] = ()


async def read_deploys(
    source: MetricSource,
    window: Window,
    *,
    dashboards: DashboardStore | None = None,
    seconds: float | None = None,
) -> KnownDeploys:
    """Return what was rolled out or restarted in a window, of any service; what fails is said, never raised.

    Args:
        dashboards: Whose annotations are read as well, where there is one.
        seconds: How long all of it may take; None for the usual patience, within the deadline of the call.
    """
    patience = min(_READ_SECONDS if seconds is None else seconds, seconds_left())
    calls: list[Callable[[], Awaitable[KnownDeploys]]] = [partial(_measured, source, window, patience)]
    if dashboards is not None:
        calls.append(partial(_marked, dashboards, window, patience))
    parts = await all_of(calls)
    return KnownDeploys(
        _in_order(one for part in parts for one in part.deploys),
        tuple(query for part in parts for query in part.queries),
        tuple(text for part in parts for text in part.unread),
    )


async def _measured(source: MetricSource, window: Window, patience: float) -> KnownDeploys:
    step = Duration(max(_FINE_STEP_SECONDS, window.seconds / _MOST_POINTS))
    since_ms = epoch_ms(window.start)

    async def ask(query: str) -> RangeResult | SreError:
        call = partial(source.range_query, query, window=window, step=step)
        return await outcome_of(call, seconds=patience, system=source.name)

    texts = {"versions": version_query(), "starts of processes": starts_query(since_ms=since_ms)}
    outcomes = await all_of([partial(ask, text) for text in texts.values()])
    versions, starts = (None if isinstance(one, SreError) else one.series for one in outcomes)
    found = await in_thread(lambda: deploys_of(versions, starts, since_ms=since_ms))
    return KnownDeploys(
        found,
        tuple(_evidence(one) for one in outcomes if not isinstance(one, SreError)),
        tuple(
            f"Deploys: {what} could not be read: {without_quotations(one.message)}"
            for what, one in zip(texts, outcomes, strict=True)
            if isinstance(one, SreError)
        ),
    )


def _evidence(result: RangeResult) -> QueryEvidence:
    return QueryEvidence(query=result.query, series_count=len(result.series), sample_count=result.series.point_count)


async def _marked(dashboards: DashboardStore, window: Window, patience: float) -> KnownDeploys:
    ask = partial(dashboards.annotations, window=window, limit=_MAX_ANNOTATIONS)
    outcome = await outcome_of(ask, seconds=patience, system=dashboards.name)
    if isinstance(outcome, SreError):
        return KnownDeploys(unread=(f"Deploys: annotations could not be read: {without_quotations(outcome.message)}",))
    said = f"Deploys: only the latest {_MAX_ANNOTATIONS} annotations were read; a shorter window shows all."
    return KnownDeploys(_announced(outcome), unread=(said,) if len(outcome) >= _MAX_ANNOTATIONS else ())


def _announced(annotations: Sequence[Annotation]) -> tuple[Deploy, ...]:
    found = []
    for one in annotations:
        words = " ".join((one.text, *one.tags))
        if announces_deploy(words):
            at_ms = epoch_ms(one.at)
            found.append(Deploy("marked", "", at_ms, at_ms, after=cleaned(words, limit=_MAX_WORDS)))
    return tuple(found)


def _in_order(deploys: Iterable[Deploy]) -> tuple[Deploy, ...]:
    return tuple(sorted(deploys, key=lambda one: (one.at_ms, one.service, one.kind, one.after)))
