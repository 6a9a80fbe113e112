"""Situations for the alerts on symptoms. What must happen follows from the rates they are made with."""

from collections.abc import Iterable, Sequence
from typing import Final

from sre.alerting.series_choice import chosen_series, series_besides
from sre.alerting.service_facts import ServiceFacts
from sre.core.golden_signals import LatencyQuery
from sre.core.labels import Labels
from sre.core.promql import parse_selector, selects
from sre.core.rules.scenarios import Expectation, InputSeries, Scenario, Stretch, counter, gauge

_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
# Requests a second in every situation with traffic: enough for each of the guards.
_BUSY: Final = 10.0
_SLOW_SAMPLING: Final = 600.0


def error_scenarios(facts: ServiceFacts, alert: str, *, limit: float, min_failed: float) -> tuple[Scenario, ...]:
    """Return an outage, a share below the limit, few failures, and no traffic at all."""
    pair = _request_pair(facts)
    if pair is None:
        return ()
    # Sixty minutes of it lift the share over an hour to eleven twelfths of this by the end, still over the limit.
    outage = min(1.0, max(5 * limit, 0.2))
    # One request each few hours, so that even if all fail there are too few of them.
    rare = max(min_failed - 1, 0.5) / 2 / _HOUR
    return (
        Scenario(
            "an hour of failures, and the time after it",
            _requests(pair, (_HOUR, _BUSY, 0.0), (_HOUR, _BUSY, outage), (_HOUR, _BUSY, 0.0)),
            (_silent(alert, _HOUR - 300), _fires(alert, 2 * _HOUR - 300), _silent(alert, 2 * _HOUR + 1200)),
        ),
        Scenario(
            "fewer failures than the limit",
            _requests(pair, (2 * _HOUR, _BUSY, limit / 2)),
            (_silent(alert, _HOUR), _silent(alert, 2 * _HOUR - 300)),
        ),
        Scenario(
            "everything fails, but that is a handful of requests",
            _requests(pair, (2 * _HOUR, rare, 1.0)),
            (_silent(alert, _HOUR), _silent(alert, 2 * _HOUR - 300)),
        ),
        Scenario(
            "no traffic",
            _requests(pair, (2 * _HOUR, 0.0, 0.0)),
            (_silent(alert, _HOUR), _silent(alert, 2 * _HOUR - 300)),
        ),
    )


def latency_scenarios(facts: ServiceFacts, alert: str, *, limit: float, min_requests: float) -> tuple[Scenario, ...]:
    """Return slow requests between fast ones, and slow ones that are too few."""
    main = facts.signals.main_latency
    if main is None or not facts.signals.request_counter:
        return ()
    request = chosen_series(facts.signals.request_counter, facts.series)
    if request is None:
        return ()
    few = min_requests / 2 / 300
    slow_hour = [(_HOUR, _BUSY, False), (_HOUR, _BUSY, True), (_HOUR, _BUSY, False)]
    slow_but_few = [(2 * _HOUR, few, True)]
    found = []
    for name, parts, expectations in (
        (
            "an hour of slow requests between fast ones", slow_hour,
            (_silent(alert, _HOUR - 300), _fires(alert, 2 * _HOUR - 300), _silent(alert, 3 * _HOUR - 300)),
        ),
        ("slow requests, but a handful", slow_but_few, (_silent(alert, _HOUR), _silent(alert, 2 * _HOUR - 300))),
    ):  # fmt: skip
        inputs = _durations(main, facts.series, limit, parts)
        if not inputs:
            return ()
        traffic = InputSeries(request, counter(*((seconds, rate) for seconds, rate, _ in parts)))
        extra = () if any(one.labels == request for one in inputs) else (traffic,)
        found.append(Scenario(name, (*inputs, *extra), expectations))
    return tuple(found)


def traffic_scenarios(facts: ServiceFacts, alert: str, *, limit: float, min_requests: float) -> tuple[Scenario, ...]:
    """Return a week and what follows it: nothing where there was hardly any traffic, then a drop where there was."""
    request = chosen_series(facts.signals.request_counter, facts.series)
    if request is None:
        return ()
    week, few = 7 * _DAY, min_requests / 2 / 1800
    busy = max(_BUSY, 4 * few)
    values = counter(
        (4 * _HOUR, few),
        (week - 3 * _HOUR, busy),
        (2 * _HOUR, 0.0),
        (3 * _HOUR, busy),
        (2 * _HOUR, busy * limit / 2),
        (3 * _HOUR, busy),
        sample_seconds=_SLOW_SAMPLING,
    )
    expectations = (
        # A week before there was too little to compare with.
        _silent(alert, week + 2.5 * _HOUR),
        _silent(alert, week + 6 * _HOUR - 300),
        _fires(alert, week + 7.5 * _HOUR, "ticket"),
        _silent(alert, week + 10 * _HOUR),
    )
    name = "a week later nothing comes where hardly anything came, then too little where much came"
    return (Scenario(name, (InputSeries(request, values),), expectations, sample_seconds=_SLOW_SAMPLING),)


def bucket_bounds(main: LatencyQuery, series: Iterable[Labels]) -> tuple[float, ...]:
    """Return the finite upper bounds of a histogram's buckets, in seconds, ascending."""
    if not main.buckets:
        return ()
    matchers = parse_selector(main.buckets)
    bounds = {labels["le"] for labels in series if "le" in labels and selects(matchers, labels)}
    return tuple(sorted(float(bound) * main.to_seconds for bound in bounds if bound not in {"+Inf", "Inf"}))


def _request_pair(facts: ServiceFacts) -> tuple[Labels, Labels, bool] | None:
    """Return the series of good and of failed requests, and whether the first counts the failed ones too."""
    signals = facts.signals
    if not signals.request_counter or not signals.error_counter:
        return None
    bad = chosen_series(signals.error_counter, facts.series)
    if bad is None:
        return None
    total = parse_selector(signals.request_counter)
    if not selects(total, bad):
        whole = chosen_series(signals.request_counter, facts.series)
        return None if whole is None else (whole, bad, True)
    good = series_besides(signals.request_counter, but=signals.error_counter, known=facts.series, like=bad)
    return None if good is None else (good, bad, False)


def _requests(pair: tuple[Labels, Labels, bool], *parts: tuple[float, float, float]) -> tuple[InputSeries, ...]:
    """Return requests by parts of (seconds, requests a second, share that fails)."""
    good, bad, is_whole = pair
    rest = [(seconds, rate if is_whole else rate * (1 - share)) for seconds, rate, share in parts]
    return (
        InputSeries(good, counter(*rest)),
        InputSeries(bad, counter(*((seconds, rate * share) for seconds, rate, share in parts))),
    )


def _durations(
    main: LatencyQuery, series: Sequence[Labels], limit: float, parts: Sequence[tuple[float, float, bool]]
) -> tuple[InputSeries, ...]:
    """Return durations by parts of (seconds, requests a second, whether they are slow)."""
    if main.buckets:
        return _histogram(main, series, limit, parts)
    if "avg_over_time(" in main.query:
        return _summary(main, series, limit, parts)
    return ()


def _histogram(
    main: LatencyQuery, series: Sequence[Labels], limit: float, parts: Sequence[tuple[float, float, bool]]
) -> tuple[InputSeries, ...]:
    matchers = parse_selector(main.buckets)
    spelt = {labels["le"] for labels in series if "le" in labels and selects(matchers, labels)}
    finite = sorted((bound for bound in spelt if bound not in {"+Inf", "Inf"}), key=float)
    # Fast requests end in the last bucket up to the limit, slow ones beyond the first one above it: a quantile of the
    # first is at most its bound, one of the second at least its own.
    fast = [bound for bound in finite if float(bound) * main.to_seconds <= limit]
    slow = [bound for bound in finite if float(bound) * main.to_seconds > limit]
    base = chosen_series(main.buckets, series)
    if not fast or not slow or base is None:
        return ()
    all_of_them = counter(*((seconds, rate) for seconds, rate, _ in parts))
    only_fast = counter(*((seconds, 0.0 if is_slow else rate) for seconds, rate, is_slow in parts))
    inside: list[tuple[str, tuple[Stretch, ...]]] = [(fast[-1], only_fast), (slow[0], only_fast), ("+Inf", all_of_them)]
    return tuple(InputSeries(base.replaced(le=bound), values) for bound, values in inside)


def _summary(
    main: LatencyQuery, series: Sequence[Labels], limit: float, parts: Sequence[tuple[float, float, bool]]
) -> tuple[InputSeries, ...]:
    from sre.core.promql import parse

    chosen = parse(main.query).selectors()
    quantile = next((labels for labels in series if chosen and selects(chosen[0].matchers, labels)), None)
    if quantile is None:
        return ()
    in_unit = limit / main.to_seconds
    values = gauge(*((seconds, in_unit * (2.0 if is_slow else 0.5)) for seconds, _, is_slow in parts))
    return (InputSeries(quantile, values),)


def _fires(alert: str, at_seconds: float, severity: str = "page") -> Expectation:
    return Expectation(alert, at_seconds, fires=True, severity=severity)


def _silent(alert: str, at_seconds: float) -> Expectation:
    return Expectation(alert, at_seconds, fires=False)
