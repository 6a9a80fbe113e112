"""A forecast as a person would say it: when it is full, where it stands and goes, how far that can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.figures import figure_text
from sre.core.text import cleaned, listed, quoted
from sre.core.times import format_duration, format_instant, instant_from_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sre.capacity.model import CapacityForecast, Exhaustion
    from tools.capacity.forecast_ranking import NamedForecast

_DAY_MS = 86_400_000
_OUTCOME_WORDS = {"does_not_cross": "does not cross", "already_crossed": "is past", "cannot_cross": "cannot reach"}
_MAX_NAMED_LABELS, _MAX_LABEL_CHARS = 3, 60
_MAX_SEASONS = 2
# A movement this small in a month is none to speak of, in parts of the level (our choice).
_STEADY_RATIO = 0.005
# Beyond a hundredfold a share of the level says nothing: the level is next to nothing.
_MOST_RATIO = 100.0


def forecast_sentences(made: CapacityForecast, *, unit: str, interval: float, now_ms: int) -> str:
    """Return the crossing, where a series stands and ends, its growth, its pattern, and how well it was forecast."""
    sentences = [crossing_sentence(made.exhaustion, unit=unit, now_ms=now_ms) if made.exhaustion else ""]
    sentences += [_brief_only(made, interval=interval)]
    sentences += [_now_and_then(made, unit=unit, interval=interval), _growth(made, unit=unit)]
    sentences += [f"{words[:1].upper()}{words[1:]}." for words in (one.words for one in made.seasons[:_MAX_SEASONS])]
    sentences += [_measured(made, unit=unit), _trust(made)]
    return " ".join(filter(None, sentences))


def crossing_sentence(found: Exhaustion, *, unit: str = "", now_ms: int) -> str:
    """Return when the threshold is met, as a sentence with its interval and probability."""
    limit = figure_text(found.threshold, unit)
    chance = _percent(found.probability_ratio)
    if found.outcome == "crosses" and found.expected_ms is not None:
        early, late = _moment(found.earliest_ms), _moment(found.latest_ms)
        around = f"around {_moment(found.expected_ms)}, {_distance(found.expected_ms - now_ms)}"
        span = f" (earliest {early}, latest {late}; probability within the horizon {chance})"
        return f"Crosses {limit} {around}{span if early != late else ''}."
    words = _OUTCOME_WORDS[found.outcome]
    if found.outcome == "does_not_cross":
        early = f", not before {_moment(found.earliest_ms)}" if found.earliest_ms else ""
        return f"Most likely {words} {limit} within the horizon (probability to cross {chance}{early})."
    return f"It {words} {limit}{' already' if found.outcome == 'already_crossed' else ''}."


def _brief_only(made: CapacityForecast, *, interval: float) -> str:
    """Return that a crossing is one of brief excursions, where at no single time the interval reaches the threshold."""
    found, lower, upper = made.exhaustion, made.lower, made.upper
    if found is None or found.outcome != "crosses" or lower is None or upper is None:
        return ""
    reached = (upper >= found.threshold) if found.direction == "up" else (lower <= found.threshold)
    if reached.any():
        return ""
    return f"That is in brief excursions, as in the past: at no time does the {100 * interval:.3g} % interval reach it."


def lead_of_many(ranked: Sequence[NamedForecast], *, has_threshold: bool, total: int) -> str:
    """Return how many of the series meet the threshold, and which one is told about."""
    if total == 1:
        return ""
    first = f"{{{named_series(ranked[0])}}}"
    if not has_threshold:
        return f"Moving most of {total} series: {first}."
    found = [one.forecast.exhaustion for one in ranked if one.forecast.exhaustion is not None]
    past = sum(one.outcome == "already_crossed" for one in found)
    crossing = sum(one.outcome == "crosses" for one in found)
    of = f"{len(ranked)} forecast" if len(ranked) < total else f"{total}"
    told = (
        f"{past} of {of} series are past it already, {crossing} more cross"
        if past
        else f"{crossing} of {of} series cross"
    )
    return f"{told} within the horizon. Most urgent: {first}."


def compared_sentence(plain: CapacityForecast, *, unit: str, now_ms: int, without: str = "Without it") -> str:
    """Return what the forecast is without its scenario."""
    if plain.exhaustion is None:
        return f"{without}: {figure_text(float(plain.expected[-1]), unit)} at the end."
    sentence = crossing_sentence(plain.exhaustion, unit=unit, now_ms=now_ms)
    return f"{without}: {sentence[0].lower()}{sentence[1:]}"


def _now_and_then(made: CapacityForecast, *, unit: str, interval: float) -> str:
    now = made.present_level if made.history is None else float(made.history.values[-1])
    between = ""
    if made.lower is not None and made.upper is not None:
        low, high = (figure_text(float(edge[-1]), unit) for edge in (made.lower, made.upper))
        between = f" ({100 * interval:.3g} % interval {low} to {high})"
    then = figure_text(float(made.expected[-1]), unit)
    return f"From {figure_text(now, unit)} now to {then}{between} on {_moment(int(made.times_ms[-1]))}."


def _growth(made: CapacityForecast, *, unit: str) -> str:
    growth = made.growth
    if made.history is None or growth.per_month is None:
        return ""
    ratio = growth.ratio_per_month
    if growth.per_month == 0 or (ratio is not None and abs(ratio) < _STEADY_RATIO):
        return "Its level hardly moves."
    share = f" ({100 * abs(ratio):.3g} %)" if ratio is not None and -1 < ratio < _MOST_RATIO else ""
    verb = "rose" if growth.per_month > 0 else "fell"
    return f"So far it {verb} by {figure_text(abs(growth.per_month), unit)} a month{share}."


def _measured(made: CapacityForecast, *, unit: str) -> str:
    accuracy = made.accuracy
    if accuracy is None or made.history is None:
        return ""
    reach = made.history.step.span(accuracy.lead_steps)
    off = figure_text(accuracy.mean_absolute_error, unit)
    return f"Forecasts of its past, up to {reach} ahead, were {off} off on average."


def _trust(made: CapacityForecast) -> str:
    judged = made.judgement
    why = f" ({judged.reasons[0]})" if judged.reasons and judged.trust != "high" else ""
    return f"Trust: {judged.trust}{why}."


def named_series(one: NamedForecast) -> str:
    """Return the labels that tell a series from the others, quoted; of a single series, nothing."""
    named = [f"{cleaned(name)}={quoted(value, limit=_MAX_LABEL_CHARS)}" for name, value in one.telling.items()]
    return listed(named, limit=_MAX_NAMED_LABELS)


def _percent(ratio: float) -> str:
    if 0 < ratio < 0.01:
        return "under 1 %"
    return "over 99 %" if 0.99 < ratio < 1 else f"{100 * ratio:.0f} %"


def _moment(at: int | None) -> str:
    if at is None:
        return "beyond the horizon"
    return format_instant(instant_from_ms(at))[:16] + "Z"


def _distance(milliseconds: int) -> str:
    if milliseconds <= 0:
        return "which is past"
    if milliseconds >= 2 * _DAY_MS:
        return f"in {milliseconds / _DAY_MS:.0f} days"
    return f"in {format_duration(max(60, round(milliseconds / 60_000) * 60))}"
