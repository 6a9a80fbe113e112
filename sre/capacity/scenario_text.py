"""Scenarios as people write them: `growth +20%, +15%/month, x3 on 2026-11-27, +500 from 2026-12-01`."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from sre.capacity.model import DAY_SECONDS, MONTH_SECONDS, Change, Scenario
from sre.capacity.scenario import checked
from sre.core.errors import InputError
from sre.core.figures import figure_text
from sre.core.text import quoted
from sre.core.times import epoch_ms, format_instant, instant_from_ms, parse_duration, parse_instant

EXAMPLES = (
    "growth +20% (faster than forecast)",
    "+15%/month (on top)",
    "x3 on 2026-11-27 for 2d",
    "+30% from 2026-12-01",
    "+500 from 2026-12-01 until 2026-12-15",
)
MAX_SCENARIO_CHARS = 500
_FIELD = "scenario"
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
# A name before an item is for people; `3x` and `2 days` can mean but one thing.
_NAME = re.compile(r"[A-Za-z][\w '&-]{0,39}: (?=.)")
_TIMES = re.compile(r"(\d+(?:\.\d+)?) ?x(?= )", re.IGNORECASE)
_SPAN = re.compile(r"(?<= for )(\d+) (minute|hour|day|week)s?$", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,;\n]")
_NUMBER = r"\d+(?:\.\d+)?"
_MONTHS = {"week": 7 * DAY_SECONDS / MONTH_SECONDS, "month": 1.0, "quarter": 3.0, "year": 12.0}
_ON_TOP = re.compile(
    rf"(?:growth )?(?P<sign>[+-]?) ?(?P<number>{_NUMBER}) ?% ?(?:/|per|an?) ?(?P<span>{'|'.join(_MONTHS)})",
    re.IGNORECASE,
)
_FASTER = re.compile(rf"growth (?:(?P<sign>[+-]) ?(?P<number>{_NUMBER}) ?%|x ?(?P<factor>{_NUMBER}))", re.IGNORECASE)
# Powers of 1000 and of 1024 as they stand before a unit. A small m could mean a thousandth, so it means nothing.
_SCALES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "p": 1e15}
_SCALES |= {f"{prefix}i": 1024.0**power for power, prefix in enumerate("kmgtp", start=1)}
_TIME = r"[^ ]+(?: \d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?"
_CHANGE = re.compile(
    rf"(?:x ?(?P<factor>{_NUMBER})|(?P<sign>[+-]) ?(?P<number>{_NUMBER}) ?"
    r"(?:(?P<percent>%)|(?P<scale>(?-i:[kKMGTP]i?)?) ?(?:B|rps|qps|req/s|/s)?))"
    rf"(?P<when> (?P<word>on|from) (?P<start>{_TIME})(?: for (?P<span>[^ ]+)| until (?P<end>{_TIME}))?)?",
    re.IGNORECASE,
)


def parsed_scenario(text: str, *, now: datetime) -> Scenario:
    """Return the scenario that a text spells; an empty one changes nothing.

    Items are parted by commas, semicolons or lines. `growth +20%` multiplies the growth that is forecast, `+15%/month`
    (or a week, quarter, year) comes on top of it, and `x3`, `+30%` or `+500` hold `on` a day (or `for` some time),
    `from` a day on, or `until` another, which is no longer part of it. A name may stand before an item:
    `Black Friday: x3 on 2026-11-27`.

    Raises:
        InputError: Something is not understood or out of range; all of it is named.
    """
    if len(text) > MAX_SCENARIO_CHARS:
        raise InputError(f"scenario is longer than {MAX_SCENARIO_CHARS} characters.", field=_FIELD)
    scenario, faults = Scenario(), []
    for item in _items(text):
        try:
            scenario = checked(_with_item(scenario, item, now=now))
        except InputError as error:
            faults.append(f"{quoted(item, limit=60)}: {error.message.removeprefix('scenario: ').rstrip('.')}")
    if faults:
        raise InputError(f"scenario: {'; '.join(faults)}.", field=_FIELD, valid=EXAMPLES)
    return scenario


def scenario_words(scenario: Scenario, *, unit: str = "") -> str:
    """Return the scenario in words with all times resolved, empty for none."""
    words = []
    if scenario.growth_factor != 1:
        words.append(f"growth {100 * (scenario.growth_factor - 1):+.4g} % of what is forecast")
    if scenario.extra_growth_ratio_per_month:
        words.append(f"{100 * scenario.extra_growth_ratio_per_month:+.4g} % a month")
    return ", ".join([*words, *(change_words(change, unit=unit) for change in scenario.changes)])


def change_words(change: Change, *, unit: str = "") -> str:
    """Return a change in words, for example `x3 from 2026-11-27T00:00:00Z until 2026-11-28T00:00:00Z`."""
    effect = f"x{change.factor:.4g}" if change.factor != 1 else _signed(change.added, unit)
    until = "" if change.end_ms is None else f" until {format_instant(instant_from_ms(change.end_ms))}"
    return f"{effect} from {format_instant(instant_from_ms(change.start_ms))}{until}"


def _signed(value: float, unit: str) -> str:
    return f"{'-' if value < 0 else '+'}{figure_text(abs(value), unit)}"


def _items(text: str) -> list[str]:
    plain = _THOUSANDS.sub("", text.replace("×", "x"))
    items = [" ".join(part.split()) for part in _SEPARATOR.split(plain)]
    return [_spelt(_NAME.sub("", item, count=1) if _NAME.match(item) else item) for item in items if item]


def _spelt(item: str) -> str:
    """Return `3x on 2026-11-27 for 2 days` as `x3 on 2026-11-27 for 2d`."""
    item = _TIMES.sub(r"x\1", item, count=1) if _TIMES.match(item) else item
    return _SPAN.sub(lambda match: match[1] + match[2][0].lower(), item)


def _with_item(scenario: Scenario, item: str, *, now: datetime) -> Scenario:
    if match := _ON_TOP.fullmatch(item):
        ratio = _signed_ratio(match)
        if ratio <= -1:
            raise InputError("a loss must be under 100 %", field=_FIELD)
        factor = (1 + scenario.extra_growth_ratio_per_month) * (1 + ratio) ** (1 / _MONTHS[match["span"].lower()])
        return replace(scenario, extra_growth_ratio_per_month=factor - 1)
    if match := _FASTER.fullmatch(item):
        return replace(scenario, growth_factor=scenario.growth_factor * _factor(match))
    if match := _CHANGE.fullmatch(item):
        return replace(scenario, changes=(*scenario.changes, _change(match, now=now)))
    raise InputError("not understood", field=_FIELD)


def _signed_ratio(match: re.Match[str]) -> float:
    return float(match["number"]) / 100 * (-1 if match["sign"] == "-" else 1)


def _factor(match: re.Match[str]) -> float:
    return 1 + _signed_ratio(match) if match["factor"] is None else float(match["factor"])


def _change(match: re.Match[str], *, now: datetime) -> Change:
    if match["when"] is None:
        raise InputError("say when (on a day, or from a time on), or that it is growth or a month's", field=_FIELD)
    start = parse_instant(match["start"], now=now, field="its start").at
    end = _end(match, start, now=now)
    end_ms = None if end is None else epoch_ms(end)
    if match["factor"] is not None or match["percent"]:
        return Change(epoch_ms(start), end_ms, factor=_factor(match))
    size = float(match["number"]) * _SCALES[match["scale"].lower()]
    return Change(epoch_ms(start), end_ms, added=-size if match["sign"] == "-" else size)


def _end(match: re.Match[str], start: datetime, *, now: datetime) -> datetime | None:
    """Return the first moment after a change: a day after it began, if it is on a day; None where it stays."""
    if match["end"] is not None:
        return parse_instant(match["end"], now=now, field="its end").at
    if match["span"] is not None:
        return start + timedelta(seconds=parse_duration(match["span"], field="its length").seconds)
    return start + timedelta(days=1) if match["word"].lower() == "on" else None
