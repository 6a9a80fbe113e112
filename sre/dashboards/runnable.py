"""Grafana's variables in a query replaced by what they stand for, so that it can be run without a Grafana."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sre.core.slo.windows import CalendarUnit, CalendarWindow, period_at
from sre.core.times import format_duration, parse_duration

# What `All` of a choice means in a dashboard of ours.
_ANYTHING = ".*"
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>[A-Za-z_]\w*)(?::\w+)?\}|(?P<plain>[A-Za-z_]\w*))")


_CALENDAR: dict[str, CalendarUnit] = {"now/w": "week", "now/M": "month", "now/fQ": "quarter", "now/y": "year"}


@dataclass(frozen=True, slots=True)
class PanelTime:
    """The times that Grafana would put into a panel's queries.

    Attributes:
        range_seconds: What the panel shows.
        step_seconds: Distance of its points.
        scrape_seconds: Usual distance of samples.
    """

    range_seconds: float
    step_seconds: float
    scrape_seconds: float

    @property
    def rate_interval_seconds(self) -> float:
        """`$__rate_interval`: the distance of points and one scrape more, but at least four scrapes.

        Source:
            Grafana documentation, Prometheus data source, "Using $__rate_interval".
        """
        return max(self.step_seconds + self.scrape_seconds, 4 * self.scrape_seconds)


def range_seconds(text: str, *, now: datetime, time_zone: str = "UTC") -> float:
    """Return how long a range of Grafana is: `now-6h`, `30d`, or `now/M` (the month so far).

    Raises:
        InputError: None of these.
    """
    if text in _CALENDAR:
        return max(1.0, period_at(CalendarWindow(_CALENDAR[text], time_zone), at=now).elapsed_seconds)
    return parse_duration(text.removeprefix("now-"), field="time").seconds


def runnable(expr: str, *, time: PanelTime, choices: Collection[str] = ()) -> str:
    """Return a panel's query as Prometheus gets it when `All` is chosen everywhere.

    Args:
        choices: Names of the label variables; any other dollar sign is left as it is.
    """
    values = {
        "__rate_interval": format_duration(time.rate_interval_seconds),
        "__interval": format_duration(time.step_seconds),
        "__range": format_duration(time.range_seconds),
        "__range_s": f"{time.range_seconds:.0f}",
        "__interval_ms": f"{time.step_seconds * 1000:.0f}",
        **dict.fromkeys(choices, _ANYTHING),
    }

    def value(match: re.Match[str]) -> str:
        return values.get(match["braced"] or match["plain"], match[0])

    return _VARIABLE.sub(value, expr)
