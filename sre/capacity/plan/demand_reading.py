"""The demand of a resource and the users, as a caller writes them."""

from sre.capacity.plan.amounts import amount, growth_share, seconds_held
from sre.capacity.plan.demand import Growth
from sre.capacity.plan.model import Assumption
from sre.capacity.plan.quantity import Quantity, read_growing, with_range
from sre.capacity.plan.request import DemandRequest, FollowingDemand, GrowingDemand, QueryDemand, SeriesDemand, Usage
from sre.capacity.plan.rows import read_rows
from sre.capacity.plan.users import USAGE, peak_requests_per_second
from sre.core.fields import Fields
from sre.core.figures import figure_text, plain_text
from sre.core.text import cleaned, quoted

USERS = "users"
_FORMS = (
    "give `1200 rps growing 15 % a month`, {query: ...}, {free: query}, {series: {timestamps, values}}, "
    "{forecast: rows}, {start: ..., growth_per_month: ...} or {of: users | <resource>, times: ...}"
)
_KEYS = ("query", "free", "series", "forecast", "start", "of")
_AN_AMOUNT = "give an amount such as 1200, 1200 rps or 2 TB"
_MAX_QUERY = 20_000
_MAX_POINTS = 100_000
_MAX_SCENARIO = 500
_LARGEST_FACTOR = 1e15
# Squares of anything larger overflow.
_LARGEST_VALUE = 1e100


def read_demand(fields: Fields) -> tuple[DemandRequest, str]:
    """Return the demand of a resource and its unit, empty where that is not known."""
    if "demand" not in fields:
        fields.knows("demand")
        fields.problem("demand", "is missing", _FORMS)
        return GrowingDemand(0.0, Growth()), ""
    if fields.is_text("demand"):
        return _from_text(fields, fields.text("demand"))
    part = fields.part("demand")
    assert part is not None
    demand, unit = _from_mapping(part)
    part.refuse_others()
    return demand, unit


def read_usage(fields: Fields | None) -> tuple[Usage | None, tuple[Assumption, ...]]:
    """Return the users with what turns them into load, and every factor as an assumption."""
    if fields is None:
        return None, ()
    count, growth = _started(fields, "count")
    scenario = _scenario(fields)
    chosen: dict[str, float] = {}
    guessed, notes = [], []
    for factor in USAGE:
        given = factor.name in fields
        value = _factor(fields, factor.name, factor.default, factor.low, factor.high)
        chosen[factor.name] = value
        guessed += [] if given else [factor.name]
        why = "" if given else factor.why
        notes.append(Assumption(f"{USERS}.{factor.name}", plain_text(value), "given" if given else "default", why))
    fields.refuse_others()
    one = peak_requests_per_second(users=1.0, **chosen)
    share, visits, requests, peak = (plain_text(chosen[factor.name]) for factor in USAGE)
    words = f"users x {share} active a day x {visits} visits x {requests} requests / 86,400 s x peak factor {peak}"
    usage = Usage(count.value if count else 0.0, growth, one, words, tuple(guessed), scenario)
    return usage, (_users_assumption(usage), *notes)


def growth_words(growth: Growth, *, unit: str = "") -> str:
    """Return a growth for people, `unit` that of the demand."""
    parts = []
    if growth.ratio_per_month or not growth.added_per_month:
        parts.append(f"{100 * growth.ratio_per_month:+.3g} % a month")
    if growth.low_ratio is not None and growth.high_ratio is not None:
        parts.append(f"80 % range {100 * growth.low_ratio:+.3g} % to {100 * growth.high_ratio:+.3g} %")
    if growth.added_per_month:
        parts.append(f"{figure_text(growth.added_per_month, unit)} added a month")
    return ", ".join(parts)


def _users_assumption(usage: Usage) -> Assumption:
    value = f"{plain_text(usage.users)} in the first month, {growth_words(usage.growth)}"
    return Assumption(f"{USERS}.count", value, "given")


def _factor(fields: Fields, key: str, default: float, low: float, high: float) -> float:
    mending = f"give a number from {low:g} to {high:g}"
    found = amount(fields, key, mending=mending)
    if found is None:
        return default
    if found.unit not in ("", "ratio") or not low <= found.value <= high:
        fields.problem(key, "is out of range", mending)
        return default
    return found.value


def _from_text(fields: Fields, text: str) -> tuple[DemandRequest, str]:
    if text == USERS:
        return FollowingDemand(USERS, 1.0), "per_second"
    found = read_growing(text)
    if found is None:
        fields.problem("demand", f"is {quoted(text, limit=80)}, which is not understood", _FORMS)
        return GrowingDemand(0.0, Growth()), ""
    start, growth = found
    return GrowingDemand(start.value, growth), start.unit


def _from_mapping(fields: Fields) -> tuple[DemandRequest, str]:
    forms = [key for key in _KEYS if key in fields]
    for key in _KEYS:
        fields.knows(key)
    if len(forms) != 1:
        what = f"has {' and '.join(forms)}" if forms else "says nothing of the load"
        fields.problem("", what, _FORMS)
        return GrowingDemand(0.0, Growth()), ""
    if forms == ["query"]:
        query = fields.lines("query", limit=_MAX_QUERY)
        return QueryDemand(query, _scenario(fields)), _unit(fields)
    if forms == ["free"]:
        return QueryDemand(fields.lines("free", limit=_MAX_QUERY), _scenario(fields), is_free=True), _unit(fields)
    if forms == ["series"]:
        return _series(fields), _unit(fields)
    if forms == ["forecast"]:
        return read_rows(fields), _unit(fields)
    if forms == ["of"]:
        return _following(fields)
    start, growth = _started(fields, "start")
    return GrowingDemand(start.value if start else 0.0, growth, _scenario(fields)), start.unit if start else ""


def _unit(fields: Fields) -> str:
    return cleaned(fields.text("unit"), limit=30)


def _scenario(fields: Fields) -> str:
    return cleaned(fields.text("scenario"), limit=_MAX_SCENARIO)


def _series(fields: Fields) -> SeriesDemand:
    part = fields.part("series")
    scenario = _scenario(fields)
    if part is None:
        return SeriesDemand((), (), scenario)
    times, values = part.items("timestamps"), part.items("values")
    part.refuse_others()
    if len(times) > _MAX_POINTS:
        part.problem("timestamps", f"has {len(times):,} entries", f"give at most {_MAX_POINTS:,}; peaks of hours do")
        return SeriesDemand((), (), scenario)
    if len(times) != len(values):
        part.problem("values", f"has {len(values)} entries, timestamps has {len(times)}", "give as many of each")
    if any(isinstance(time, bool) or not isinstance(time, (str, int, float)) for time in times):
        part.problem("timestamps", "holds what is no time", "give RFC 3339 or epoch seconds")
        times = ()
    if not all(_is_value(value) for value in values):
        part.problem("values", "holds what is no number", "give numbers, null for missing")
        values = ()
    return SeriesDemand(
        tuple(time for time in times if isinstance(time, (str, int, float))),
        tuple(
            None if value is None else float(value) for value in values if isinstance(value, (int, float, type(None)))
        ),
        scenario,
    )


def _is_value(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not abs(value) > _LARGEST_VALUE


def _started(fields: Fields, key: str) -> tuple[Quantity | None, Growth]:
    """Return a start and its growth, from `1200 rps growing 15 % a month` or from fields of their own."""
    text = fields.text(key, is_needed=True)
    found = read_growing(text) if text else None
    if text and found is None:
        fields.problem(key, f"is {quoted(text, limit=80)}, which is no amount", _AN_AMOUNT)
    start, growth = found or (None, Growth())
    rate = growth_share(fields, "growth_per_month")
    added = amount(fields, "adds_per_month", mending=_AN_AMOUNT)
    if rate is not None or added is not None:
        if growth != Growth():
            fields.problem(key, "says how it grows, and a field beside it too", "leave one of them out")
        growth = Growth(rate or 0.0, added_per_month=added.value if added else 0.0)
    return start, _ranged(fields, growth)


def _ranged(fields: Fields, growth: Growth) -> Growth:
    part = fields.part("growth_range")
    if part is None:
        return growth
    low, high = growth_share(part, "low"), growth_share(part, "high")
    part.refuse_others()
    if low is None or high is None or not low <= growth.ratio_per_month <= high:
        part.problem("", "does not hold the growth a month", "give {low: 10 %, high: 20 %} on either side of it")
        return growth
    return with_range(growth, low=low, high=high)


def _following(fields: Fields) -> tuple[DemandRequest, str]:
    of = fields.text("of", is_needed=True)
    times = _number_of(fields, "times")
    held = seconds_held(fields, "seconds_held")
    each = amount(fields, "per_user", mending=_AN_AMOUNT)
    plus = amount(fields, "plus", mending=_AN_AMOUNT)
    if each is not None and (of != USERS or held is not None or times is not None):
        fields.problem("per_user", "goes with of: users alone", "leave times and seconds_held out")
    unit = _unit(fields)
    if each is not None:
        return FollowingDemand(USERS, each.value, plus.value if plus else 0.0, per_user=True), unit or each.unit
    factor = (1.0 if times is None else times) * (1.0 if held is None else held)
    following = FollowingDemand(of, factor, plus.value if plus else 0.0, seconds_held=held)
    same = "per_second" if of == USERS and held is None else ""
    return following, unit or (plus.unit if plus else "") or same


def _number_of(fields: Fields, key: str) -> float | None:
    found = amount(fields, key, mending="give a number, such as 0.05")
    if found is None:
        return None
    if found.unit not in ("", "ratio") or found.value > _LARGEST_FACTOR:
        fields.problem(key, f"is {figure_text(found.value, found.unit)}", "give a plain number")
        return None
    return found.value
