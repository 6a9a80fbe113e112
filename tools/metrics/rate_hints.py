"""What is asked beside a query with rates: are its ranges long enough, do counters reset, are they counters at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre.core.text import cleaned
from sre.core.times import format_duration
from tools.concurrent import all_of, attempted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.promql import Query
    from sre.core.promql_tree import UsedSelector
    from sre.core.times import Window
    from sre.metrics.query_checks import Rated
    from sre.metrics.scrape_spacing import Counted

# Longer ranges hold four scrapes at every usual interval (up to 2 min), so nobody is asked.
_SAFE_RANGE_SECONDS = 600.0
# Counting resets reads the whole window; beyond a day that costs as much as the query.
_RESETS_WINDOW_SECONDS = 86_400.0
# Samples are counted over the window, or over so many ranges where it is short or too long to read.
_SPAN_RANGES = 12
# Fewer samples than this leave their distance open, so a day is counted too: rare, and cheap where samples are few.
_TELLING_SAMPLES = 8
_DAY_SECONDS = 86_400.0
_PROBE, _SCRAPES, _SPAN, _RESETS = "probe", "scrapes", "span", "resets"
_MAX_SELECTOR_CHARS = 80
_MAX_PROBED = 3


@dataclass(frozen=True, slots=True)
class _Asked:
    """A selector inside a rate, and its range."""

    metric: str
    text: str
    range_seconds: float

    def span_seconds(self, window: Window) -> float:
        """Return over which time its samples are counted."""
        whole = window.seconds if window.seconds <= _RESETS_WINDOW_SECONDS else 0.0
        return max(whole, _SPAN_RANGES * self.range_seconds)


@dataclass(frozen=True, slots=True)
class _Hints:
    """What was found out about one selector."""

    metric: str
    scrapes: tuple[str, ...] = ()
    resets: tuple[str, ...] = ()


def needs_rate_hints(query: Query) -> bool:
    """Return whether rates have ranges that may hold too few scrapes, or names that are not those of counters."""
    from sre.metrics.query_checks import rates_of_unsure_names

    return _has_short_range(_rates(query)) or bool(rates_of_unsure_names(query.ast))


async def rate_hints(source: MetricSource, query: Query, *, window: Window) -> tuple[str, ...]:
    """Return warnings: rates of gauges, how few scrapes the ranges of a query hold, how often its counters reset.

    All is asked at once, one request a selector; metadata only for names that are not those of counters.
    """
    from sre.metrics.query_checks import rates_of_unsure_names

    used = _rates(query)
    asked = [_Asked(one.metric, one.text, one.range_seconds) for one in used if one.is_now]
    selectors = list(dict.fromkeys(asked))[:_MAX_PROBED] if _has_short_range(used) else []
    unsure = rates_of_unsure_names(query.ast)[:_MAX_PROBED]
    probes = [_hints_call(source, one, window) for one in selectors]
    gauges: dict[str, str] = {}
    hints: list[_Hints] = []

    async def probe() -> None:
        hints.extend(await all_of(probes))

    async def look_up() -> None:
        gauges.update(await _gauge_warnings(source, unsure))

    await all_of([probe, look_up])
    # A gauge goes up and down; its falls are no restarts.
    resets = [warning for hint in hints if hint.metric not in gauges for warning in hint.resets]
    scrapes = [warning for hint in hints for warning in hint.scrapes]
    return tuple(dict.fromkeys([*gauges.values(), *scrapes, *resets]))


def _rates(query: Query) -> list[UsedSelector]:
    from sre.core.promql_tree import RATE_FUNCTIONS, used_selectors

    return [
        one for one in used_selectors(query.ast) if one.range_seconds and RATE_FUNCTIONS.intersection(one.names_around)
    ]


def _has_short_range(used: list[UsedSelector]) -> bool:
    return any(one.range_seconds < _SAFE_RANGE_SECONDS for one in used)


async def _gauge_warnings(source: MetricSource, unsure: tuple[Rated, ...]) -> dict[str, str]:
    """Return a warning for each metric that metadata call a gauge."""
    from sre.metrics.query_checks import gauge_warning

    async def warning(rated: Rated) -> str:
        known = (await attempted(lambda: source.metadata(rated.metric)) or {}).get(rated.metric)
        return gauge_warning(rated) if known is not None and known.type == "gauge" else ""

    said = await all_of([lambda rated=rated: warning(rated) for rated in unsure])  # type: ignore[misc]
    return {rated.metric: text for rated, text in zip(unsure, said, strict=True) if text}


def _hints_call(source: MetricSource, asked: _Asked, window: Window) -> Callable[[], Awaitable[_Hints]]:
    async def ask() -> _Hints:
        said = await _probed(source, _hint_query(asked, window), window.end)
        scrapes = await _scrape_warnings(source, asked, window, said=said)
        return _Hints(asked.metric, scrapes, _reset_warnings(said.get(_RESETS), asked.text))

    return ask


def _hint_query(asked: _Asked, window: Window) -> str:
    """Return one query for all numbers, so that a hint costs one request.

    The series with the most samples tells the distance of scrapes: others may have begun a moment ago.
    """
    span = format_duration(asked.span_seconds(window))
    parts = [
        _probe(_SCRAPES, f"max(count_over_time({asked.text}[{format_duration(asked.range_seconds)}]))"),
        _probe(_SPAN, f"max(count_over_time({asked.text}[{span}]))"),
    ]
    if window.seconds <= _RESETS_WINDOW_SECONDS:
        parts.append(_probe(_RESETS, f"sum(resets({asked.text}[{format_duration(window.seconds)}]))"))
    return " or ".join(parts)


def _probe(name: str, expression: str) -> str:
    return f'label_replace({expression}, "{_PROBE}", "{name}", "", "")'


async def _probed(source: MetricSource, query: str, at: datetime) -> dict[str, float]:
    result = await attempted(lambda: source.instant_query(query, at=at))
    pairs = zip(result.labels, result.values, strict=True) if result is not None else ()
    return {labels.get(_PROBE, ""): float(value) for labels, value in pairs}


async def _scrape_warnings(
    source: MetricSource, asked: _Asked, window: Window, *, said: dict[str, float]
) -> tuple[str, ...]:
    """Return a warning where the range holds too few scrapes, with the range that would do."""
    from sre.metrics.scrape_spacing import MIN_SCRAPES, Counted, recommended_range, sample_spacing

    scrapes = said.get(_SCRAPES)
    if scrapes is None or scrapes <= 0 or scrapes >= MIN_SCRAPES:
        return ()
    span = Counted(said.get(_SPAN, scrapes), asked.span_seconds(window))
    if span.samples < _TELLING_SAMPLES and span.seconds < _DAY_SECONDS:
        span = await _counted_over_a_day(source, asked.text, window.end) or span
    apart = sample_spacing(Counted(scrapes, asked.range_seconds), span)
    return (
        f"The range [{format_duration(asked.range_seconds)}] holds about {scrapes:g} scrape{_s(scrapes)}; a rate over "
        f"fewer than {MIN_SCRAPES} jumps about and breaks when one is missed. Scrapes are about "
        f"{format_duration(round(apart) or 1)} apart. Use at least [{format_duration(recommended_range(apart))}].",
    )


async def _counted_over_a_day(source: MetricSource, selector: str, at: datetime) -> Counted | None:
    from sre.metrics.scrape_spacing import Counted

    query = _probe(_SPAN, f"max(count_over_time({selector}[{format_duration(_DAY_SECONDS)}]))")
    samples = (await _probed(source, query, at)).get(_SPAN)
    return Counted(samples, _DAY_SECONDS) if samples else None


def _reset_warnings(resets: float | None, selector: str) -> tuple[str, ...]:
    if not resets:
        return ()
    name = cleaned(selector, limit=_MAX_SELECTOR_CHARS)
    return (
        f"Resets: {resets:g} counter reset{_s(resets)} of {name} in the window (restarts); "
        "rate() and increase() allow for them.",
    )


def _s(count: float) -> str:
    return "" if count == 1 else "s"
