"""Situations for the alerts on resources: levels and trends made by hand."""

from dataclasses import dataclass
from typing import Final

from sre.alerting.series_choice import chosen_series
from sre.alerting.service_facts import FilesystemFacts, ServiceFacts
from sre.core.conventions import SEVERITY_LABEL
from sre.core.golden_conventions import MetricKind
from sre.core.golden_saturation import ResourceParts, ResourceQuery
from sre.core.labels import Labels
from sre.core.rules.model import AlertRule
from sre.core.rules.scenarios import Expectation, InputSeries, Scenario, Stretch, counter, gauge

_HOUR: Final = 3600.0
_SAMPLE: Final = 60.0
# What there is of a resource in a situation; its size does not matter.
_WHOLE: Final = 1_000_000.0


def level_scenarios(resource: ResourceQuery, facts: ServiceFacts, alert: str, *, level: float) -> tuple[Scenario, ...]:
    """Return an hour above the limit between hours far below it."""
    pair = _pair(resource.parts, facts)
    if pair is None or resource.parts is None:
        return ()
    high = (1 + level) / 2
    shares = ((2 * _HOUR, level / 2), (2 * _HOUR, high), (2 * _HOUR, level / 2))
    expectations = (_silent(alert, 2 * _HOUR - 300), _fires(alert, 4 * _HOUR - 300), _silent(alert, 6 * _HOUR - 300))
    inputs = _shares(resource.parts, pair, shares)
    return (Scenario(f"{resource.resource} is above its limit for two hours", inputs, expectations),)


def filling_scenarios(
    resource: ResourceQuery, facts: ServiceFacts, *, within_seconds: float, rule: AlertRule, left_ratio: float
) -> tuple[Scenario, ...]:
    """Return a resource that fills up in less than the time that counts, and one that stays as it is."""
    pair = _pair(resource.parts, facts)
    if pair is None or resource.parts is None or resource.parts.used_kind == "counter":
        return ()
    parts, late = resource.parts, _late(rule)
    fall = _Fall(left_ratio * 0.8, late + within_seconds * 0.75, late)
    return (
        Scenario(f"{resource.resource} runs full", fall.inputs(pair, is_free=parts.is_free), (_fires_as(rule, late),)),
        Scenario(
            f"{resource.resource} stays as full as it is",
            _shares(parts, pair, ((late + 300, 1 - left_ratio * 0.8),)),
            (_silent(rule.alert, late),),
        ),
    )


def filesystem_scenarios(
    filesystem: FilesystemFacts, facts: ServiceFacts, *, within_seconds: float, rule: AlertRule, left_ratio: float
) -> tuple[Scenario, ...]:
    """Return a filesystem that fills up within the time that counts, one that does not, and one with much left."""
    free = chosen_series(filesystem.free, facts.series)
    size = chosen_series(filesystem.size, facts.series, like=free.without("__name__") if free else None)
    if free is None or size is None:
        return ()
    late = _late(rule)
    soon = late + within_seconds * 0.75
    much = _Fall(0.95, soon, late)
    falls = [
        ("fills within the time that counts", _Fall(left_ratio * 0.8, soon, late), _fires_as(rule, late)),
        (
            "fills ten times more slowly",
            _Fall(left_ratio * 0.8, late + 10 * within_seconds, late),
            _silent(rule.alert, late),
        ),
        ("stays as full as it is", _Fall(left_ratio * 0.8, None, late), _silent(rule.alert, late)),
    ]
    if much.left > left_ratio:
        falls.append(("with much left takes a burst of writes", much, _silent(rule.alert, late)))
    return tuple(
        Scenario(f"a disk {what}", fall.inputs((free, size), is_free=True), (expected,))
        for what, fall, expected in falls
    )


@dataclass(frozen=True, slots=True)
class _Fall:
    """A resource of which less and less is left.

    Attributes:
        free_at_start: Share that is left at the beginning.
        seconds_to_full: Until nothing is; None where it stays as it is.
        seconds: How long it is looked at.
    """

    free_at_start: float
    seconds_to_full: float | None
    seconds: float

    @property
    def left(self) -> float:
        """Share that is left at the end."""
        lost = self.seconds / self.seconds_to_full if self.seconds_to_full else 0.0
        return self.free_at_start * (1 - lost)

    def inputs(self, pair: tuple[Labels, Labels], *, is_free: bool) -> tuple[InputSeries, ...]:
        """Return the series of what is left (or used) and of the whole."""
        count = round(self.seconds / _SAMPLE) + 1
        loss = self.free_at_start * _WHOLE * _SAMPLE / self.seconds_to_full if self.seconds_to_full else 0.0
        start = (self.free_at_start if is_free else 1 - self.free_at_start) * _WHOLE
        value = Stretch(start, count, -loss if is_free else loss)
        return (InputSeries(pair[0], (value,)), InputSeries(pair[1], (Stretch(_WHOLE, count),)))


def _late(rule: AlertRule) -> float:
    # Half of the trend's window, an hour or a day, has to be there; then `for` has to pass.
    half_trend = _HOUR / 2 if rule.labels[SEVERITY_LABEL] == "page" else 12 * _HOUR
    return half_trend + rule.for_seconds + 1500


def _pair(parts: ResourceParts | None, facts: ServiceFacts) -> tuple[Labels, Labels] | None:
    """Return a series of the use and one of the limit that meet."""
    if parts is None:
        return None
    used = chosen_series(parts.used, facts.series)
    if used is None:
        return None
    limit = chosen_series(parts.limit, facts.series, like=used.only(parts.places))
    if limit is None or limit.only(parts.places) != used.only(parts.places) or limit == used:
        return None
    return used, limit


def _shares(
    parts: ResourceParts, pair: tuple[Labels, Labels], shares: tuple[tuple[float, float], ...]
) -> tuple[InputSeries, ...]:
    used = tuple((seconds, (1 - share if parts.is_free else share) * _WHOLE) for seconds, share in shares)
    whole = tuple((seconds, _WHOLE) for seconds, _ in shares)
    return (
        InputSeries(pair[0], _values(parts.used_kind, used)),
        InputSeries(pair[1], _values(parts.limit_kind, whole)),
    )


def _values(kind: MetricKind, parts: tuple[tuple[float, float], ...]) -> tuple[Stretch, ...]:
    return counter(*parts) if kind == "counter" else gauge(*parts)


def _fires(alert: str, at_seconds: float, severity: str = "ticket") -> Expectation:
    return Expectation(alert, at_seconds, fires=True, severity=severity)


def _fires_as(rule: AlertRule, at_seconds: float) -> Expectation:
    return _fires(rule.alert, at_seconds, rule.labels[SEVERITY_LABEL])


def _silent(alert: str, at_seconds: float) -> Expectation:
    return Expectation(alert, at_seconds, fires=False)
