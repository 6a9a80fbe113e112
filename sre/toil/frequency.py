"""How often people say that something comes up: `3 a week`, `daily`, `every 2 weeks`."""

import re
from typing import Final

from sre.core.errors import InputError
from sre.core.text import quoted

DAYS_A_MONTH: Final = 365.25 / 12
FREQUENCY_EXAMPLES: Final = ("daily", "3 a week", "every 2 weeks", "10 per month")
_DAYS: Final = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": DAYS_A_MONTH, "quarter": DAYS_A_MONTH * 3,
                "year": 365.25}  # fmt: skip
_ADVERBS: Final = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter",
                   "yearly": "year"}  # fmt: skip
_WORDS: Final = {"once": 1.0, "twice": 2.0, "a": 1.0, "one": 1.0, "two": 2.0, "three": 3.0}
_UNITS = "|".join(_DAYS)
_NUMBER = r"\d{1,6}(?:\.\d{1,3})?"
_TIMES_PER = re.compile(
    rf"(?P<count>{_NUMBER}|once|twice|one|two|three)\s*(?:x|times?)?\s*(?:an?|per|each|every|/|in\s+a)\s*"
    rf"(?P<unit>{_UNITS})",
    re.ASCII,
)
_EVERY = re.compile(rf"every\s+(?:(?P<count>{_NUMBER}|two|three)\s+)?(?P<unit>{_UNITS})s?", re.ASCII)
# More often than every minute of a month is no task of a person.
_MOST_PER_MONTH: Final = DAYS_A_MONTH * 24 * 60


def times_per_month(text: str, *, field: str = "how_often") -> float:
    """Return how many times a month a frequency means, a month being 30.44 days.

    Raises:
        InputError: It is none of the spellings, zero, or more often than once a minute.
    """
    spelt = " ".join(text.casefold().split())
    days = _DAYS.get(_ADVERBS.get(spelt, ""), 0.0)
    rate = DAYS_A_MONTH / days if days else _spelt_out(spelt)
    if rate is None or not 0 < rate <= _MOST_PER_MONTH:
        raise InputError(
            f"{field} is not a frequency: {quoted(text, limit=80)}.", field=field, valid=FREQUENCY_EXAMPLES
        )
    return rate


def _spelt_out(spelt: str) -> float | None:
    if match := _TIMES_PER.fullmatch(spelt):
        return _number(match["count"]) * DAYS_A_MONTH / _DAYS[match["unit"]]
    if match := _EVERY.fullmatch(spelt):
        every = _number(match["count"] or "1") * _DAYS[match["unit"]]
        return DAYS_A_MONTH / every if every else None
    return None


def _number(text: str) -> float:
    return _WORDS[text] if text in _WORDS else float(text)
