"""Calendar periods in PromQL: when the one under way began, and how long it is.

In UTC both are closed formulas of the date functions. Other zones move their clocks by law, so their periods are
written out one by one, for as long as `valid_until` says.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sre.core.exact import exact_number
from sre.core.slo.windows import CalendarUnit, CalendarWindow, Period, period_at

_DAY = "86400"
_WEEK_SECONDS = 604800
# 1970-01-05, the first Monday.
_MONDAY_SECONDS = 4 * 86400
# How many periods are written out for a zone other than UTC (our choice; each takes some 50 characters, and PromQL
# that is nested much deeper is hard on every parser).
_PERIODS_AHEAD: dict[CalendarUnit, int] = {"week": 40, "month": 24, "quarter": 12, "year": 6}
# Some day in February, counted from New Year.
_FEBRUARY_OFFSET_SECONDS = 40 * 86400
_UTC_NAMES = frozenset({"UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu", "Etc/Zulu", "UCT", "Etc/UCT"})


@dataclass(frozen=True, slots=True)
class CalendarQueries:
    """A calendar period as PromQL.

    Attributes:
        start: When the period under way began, epoch seconds, one value without labels.
        length: How long it is in seconds, likewise.
        valid_until: From here on the answers are wrong, aware UTC; None where there is no such instant.
        longest_days: The longest such period.
    """

    start: str
    length: str
    valid_until: datetime | None
    longest_days: int


def calendar_queries(window: CalendarWindow, *, at: datetime) -> CalendarQueries:
    """Return the PromQL of a calendar window.

    Args:
        at: When the rules are made, aware; periods of zones other than UTC are written out from here.
    """
    longest = {"week": 8, "month": 32, "quarter": 93, "year": 367}[window.unit]
    if is_utc(window):
        start, length = _utc(window.unit)
        return CalendarQueries(start, length, None, longest)
    periods = _periods(window, at=at)
    starts = [period.start for period in periods]
    lengths = [period.seconds for period in periods]
    return CalendarQueries(
        _stepped(starts, [start.timestamp() for start in starts]),
        _stepped(starts, lengths),
        periods[-1].end,
        longest,
    )


def is_utc(window: CalendarWindow) -> bool:
    """Whether a calendar follows UTC, whatever its zone is called."""
    return window.time_zone in _UTC_NAMES


def _utc(unit: CalendarUnit) -> tuple[str, str]:
    midnight = f"vector(time() - time() % {_DAY})"
    if unit == "week":
        return f"vector(time() - (time() - {_MONDAY_SECONDS}) % {_WEEK_SECONDS})", f"vector({_WEEK_SECONDS})"
    if unit == "month":
        return f"{midnight} - (day_of_month() - 1) * {_DAY}", f"days_in_month() * {_DAY}"
    year = f"{midnight} - (day_of_year() - 1) * {_DAY}"
    february = f"days_in_month({year} + {_FEBRUARY_OFFSET_SECONDS})"
    if unit == "year":
        return year, f"(337 + {february}) * {_DAY}"
    first = f"(month() > bool 3) * (62 + {february})"
    days = f"{first} + (month() > bool 6) * 91 + (month() > bool 9) * 92"
    length = f"62 + {february} + (month() > bool 3) * (29 - {february}) + (month() > bool 6) * 1"
    return f"{year} + ({days}) * {_DAY}", f"({length}) * {_DAY}"


def _periods(window: CalendarWindow, *, at: datetime) -> list[Period]:
    # One back: rules are also evaluated on the past, in backfills and tests.
    current = period_at(window, at=at)
    periods = [period_at(window, at=current.start - timedelta(seconds=1)), current]
    for _ in range(_PERIODS_AHEAD[window.unit]):
        periods.append(period_at(window, at=periods[-1].end))
    return periods


def _stepped(starts: list[datetime], values: list[float]) -> str:
    """Return PromQL of a value that changes at each start: the first one, and what each later one adds."""
    terms = [exact_number(values[0])]
    for start, before, value in zip(starts[1:], values, values[1:], strict=False):
        if value != before:
            sign = "+" if value > before else "-"
            terms.append(
                f"{sign} {exact_number(abs(value - before))} * (time() >= bool {exact_number(start.timestamp())})"
            )
    return f"vector({' '.join(terms)})"
