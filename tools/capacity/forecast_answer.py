"""The answer of `forecast_capacity`: how a forecast is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from pydantic import Field

from sre.core.times import instant_from_ms
from tools.answer import DEFAULT_BUDGET_CHARS, EvidencedAnswer, Figure, Instant, Part, Point

if TYPE_CHECKING:
    from sre.capacity.model import CapacityForecast, Exhaustion, Scenario
    from sre.core.series import FloatArray

# What a row of four numbers takes in JSON, and what the rest of the answer may take.
_ROW_CHARS, _FRAME_CHARS = 62, 6_000
# Ratios of measured quantities pass 1 by rounding and races, not by more than this.
_MOST_OF_A_RATIO = 1.05
# A tenth of the level over the horizon is a direction, not noise (our choice).
_CLEAR_DRIFT = 0.1
_DAY_SECONDS = 86_400.0
# From this share of a day on between rows, they are chosen day by day (our choice).
_ALIASED_SHARE = 0.25


Trust: TypeAlias = Literal["high", "medium", "low", "none"]
Outcome: TypeAlias = Literal["crosses", "does_not_cross", "already_crossed", "cannot_cross"]


class ExhaustionPart(Part):
    """When the threshold is met; null times lie beyond the horizon."""

    threshold: Figure
    direction: Literal["up", "down"]
    outcome: Outcome
    probability_ratio: Figure = Field(description="Of crossing within the horizon")
    crossing_means: str = Field(description="What counts as crossing")
    expected: Instant | None
    earliest: Instant | None = Field(description="Lower end of the interval")
    latest: Instant | None = Field(description="Upper end of the interval")


class GrowthPart(Part):
    """Movement of the level a month (30.44 days), seasons taken out; null where the history is too short for one."""

    per_month: Figure
    ratio_per_month: Figure
    forecast_per_month: Figure
    reason: str = Field("", description="Why there is no figure a month")


class AccuracyPart(Part):
    """Measured on held-back history of this series, forecast the same way."""

    measured_on: str
    mean_absolute_error: Figure
    mase: Figure = Field(description="Error over the in-sample error of the seasonal naive")
    naive_ratio: Figure = Field(description="Error over that of repeating the last season, same points; under 1 wins")
    interval_coverage_ratio: Figure
    bias_ratio: Figure


class OtherSeries(Part):
    """A further series of the query, in short; the crossing is null without a threshold."""

    labels: dict[str, str] = Field(description="Those that differ")
    present_level: Figure
    per_month: Figure
    outcome: Outcome | None = None
    probability_ratio: Figure = None
    expected: Instant | None = None
    earliest: Instant | None = None
    latest: Instant | None = None
    trust: Trust


class WithoutScenario(Part):
    """The same forecast with nothing changed, at the end of the horizon."""

    expected: Figure
    lower: Figure
    upper: Figure
    exhaustion: ExhaustionPart | None


class ForecastAnswer(EvidencedAnswer):
    """A forecast with its interval, its measured accuracy and the crossing of a threshold."""

    RANKED: ClassVar[tuple[str, ...]] = ("others",)

    labels: dict[str, str] = Field(default_factory=dict)
    kind: Literal["level", "stock", "counter"] = Field("level", description="counter: forecast as rate a second")
    exhaustion: ExhaustionPart | None = None
    trust: Trust = "none"
    trust_reasons: list[str] = Field(default_factory=list)
    growth: GrowthPart | None = None
    accuracy: AccuracyPart | None = None
    unit: str = Field("", description="Unit of levels and rows; empty where it is not known")
    last_value: Figure = Field(None, description="Newest value of the history")
    present_level: Figure = Field(None, description="Where it stands, its season taken out")
    interval_ratio: Figure = None
    horizon: str = ""
    step: str = ""
    columns: list[str] = Field(default_factory=lambda: ["time", "expected", "lower", "upper"])
    forecast: list[Point] = Field(default_factory=list)
    seasons: list[str] = Field(default_factory=list)
    method: str = ""
    scenario: str = Field("", description="As it was understood")
    without_scenario: WithoutScenario | None = None
    others: list[OtherSeries] = Field(default_factory=list)
    others_ranked_by: str = ""


def exhaustion_part(found: Exhaustion | None) -> ExhaustionPart | None:
    """Return the crossing with times as instants."""
    if found is None:
        return None
    expected, earliest, latest = (
        None if at is None else instant_from_ms(at) for at in (found.expected_ms, found.earliest_ms, found.latest_ms)
    )
    return ExhaustionPart(
        threshold=found.threshold,
        direction=found.direction,
        outcome=found.outcome,
        probability_ratio=found.probability_ratio,
        crossing_means=f"the first single step at or {'above' if found.direction == 'up' else 'below'} the threshold",
        expected=expected,
        earliest=earliest,
        latest=latest,
    )


def filled_in(answer: ForecastAnswer, forecast: CapacityForecast, *, max_points: int, step_seconds: float) -> None:
    """Put a forecast into the answer, rows thinned to `max_points`."""
    answer.kind = forecast.nature
    answer.exhaustion = exhaustion_part(forecast.exhaustion)
    answer.trust = forecast.judgement.trust
    answer.trust_reasons = list(forecast.judgement.reasons)
    answer.growth = GrowthPart(
        per_month=forecast.growth.per_month,
        ratio_per_month=forecast.growth.ratio_per_month,
        forecast_per_month=forecast.growth.forecast_per_month,
        reason=forecast.growth.reason,
    )
    answer.accuracy = _accuracy_part(forecast)
    answer.last_value = float(forecast.history.values[-1]) if forecast.history is not None else None
    answer.present_level = forecast.present_level
    answer.seasons = [season.words for season in forecast.seasons]
    answer.method = forecast.method
    answer.warnings += list(forecast.warnings)
    _add_rows(answer, forecast, max_points=max_points, step_seconds=step_seconds)


def threshold_doubts(forecast: CapacityForecast, *, is_direction_given: bool, unit: str) -> list[str]:
    """Return what speaks against the threshold being meant as it was read."""
    from sre.capacity.model import MONTH_SECONDS

    found, history = forecast.exhaustion, forecast.history
    if found is None or history is None:
        return []
    doubts = []
    highest = float(history.values.max())
    if unit == "ratio" and highest <= _MOST_OF_A_RATIO and 1 < found.threshold <= 100:
        doubts.append(f"The series is a ratio of 0 to 1: for {found.threshold:g} % pass {found.threshold / 100:g}.")
    months = history.step.seconds * forecast.expected.size / MONTH_SECONDS
    drift = (forecast.growth.ratio_per_month or 0.0) * months
    is_away = drift < -_CLEAR_DRIFT if found.direction == "up" else drift > _CLEAR_DRIFT
    if not is_direction_given and is_away and found.outcome in ("does_not_cross", "cannot_cross"):
        side, other, way = ("an upper", "a lower", "down") if found.direction == "up" else ("a lower", "an upper", "up")
        doubts.append(
            f"The series moves away from the threshold, which was read as {side} limit. If it is {other} one, it is "
            f"passed already: pass direction={way}."
        )
    return doubts


def scenario_notes(scenario: Scenario, forecast: CapacityForecast) -> list[str]:
    """Return what a scenario does not do, or does more coarsely than it was put."""
    from sre.capacity.scenario import short_changes
    from sre.capacity.scenario_text import change_words

    notes = [
        f"{change_words(change)} is shorter than a step, so the whole next step was taken: ask with a smaller step."
        for change in short_changes(scenario, times_ms=forecast.times_ms)
        if forecast.history is not None
    ]
    found = forecast.exhaustion
    is_moving = forecast.nature == "stock" or (found is not None and found.direction == "down")
    if is_moving and (scenario.growth_factor != 1 or any(change.factor != 1 for change in scenario.changes)):
        notes.append("Factors act on how fast it fills or drains, not on the value: that is what more load changes.")
    elif scenario.growth_factor != 1 and (forecast.growth.forecast_per_month or 0.0) <= 0:
        notes.append(
            "The forecast does not grow, so faster or slower growth changes nothing; say +5%/month to add some."
        )
    return notes


def _accuracy_part(forecast: CapacityForecast) -> AccuracyPart | None:
    accuracy = forecast.accuracy
    if accuracy is None or forecast.history is None:
        return None
    reach = forecast.history.step.span(accuracy.lead_steps)
    return AccuracyPart(
        measured_on=f"{accuracy.origin_count} past forecasts of up to {reach} ({accuracy.lead_steps} steps)",
        mean_absolute_error=accuracy.mean_absolute_error,
        mase=accuracy.scaled_error,
        naive_ratio=accuracy.naive_ratio,
        interval_coverage_ratio=accuracy.coverage_ratio,
        bias_ratio=accuracy.bias_ratio,
    )


def _add_rows(answer: ForecastAnswer, forecast: CapacityForecast, *, max_points: int, step_seconds: float) -> None:
    total = int(forecast.times_ms.size)
    shown, how = _chosen_rows(forecast, max_points, a_day=_DAY_SECONDS / step_seconds)
    lower, upper = forecast.lower, forecast.upper
    answer.forecast = [
        [
            int(forecast.times_ms[row]) / 1000,
            float(forecast.expected[row]),
            None if lower is None else float(lower[row]),
            None if upper is None else float(upper[row]),
        ]
        for row in shown
    ]
    answer.with_budget(max(DEFAULT_BUDGET_CHARS, _FRAME_CHARS + _ROW_CHARS * len(shown)))
    if len(shown) < total:
        answer.left_out.append(f"forecast: {len(shown)} of {total} rows, {how}; raise max_points for more.")


def _chosen_rows(forecast: CapacityForecast, wanted: int, *, a_day: float) -> tuple[list[int], str]:
    """Return which rows to show, and how they were chosen: evenly, or where days pass between them, each day's worst.

    Rows that are far apart at one hour of the day would hide its peaks, and at other hours show its swing as movement.
    """
    total = int(forecast.times_ms.size)
    if total <= wanted:
        return list(range(total)), ""
    apart = -(-total // wanted)
    if a_day != int(a_day) or apart <= _ALIASED_SHARE * a_day or wanted == 1:
        even = [total - 1 - round(index * (total - 1) / max(wanted - 1, 1)) for index in range(wanted)]
        return even[::-1], "evenly spread up to the horizon"
    days = -(-apart // int(a_day))
    found = forecast.exhaustion
    is_lowest = found is not None and found.direction == "down"
    span = "day" if days == 1 else f"{days} days"
    rows = _worst_rows(forecast.expected, days * int(a_day), is_lowest=is_lowest)
    return rows, f"the {'lowest' if is_lowest else 'highest'} of each {span}"


def _worst_rows(expected: FloatArray, block: int, *, is_lowest: bool) -> list[int]:
    """Return the row with the worst value of each block, counted back from the end; of equals the last."""
    sign = -1 if is_lowest else 1
    starts = range(expected.size % block - block if expected.size % block else 0, expected.size, block)
    blocks = [(max(start, 0), start + block) for start in starts]
    return [end - 1 - int((sign * expected[start:end][::-1]).argmax()) for start, end in blocks]


def without_scenario(plain: CapacityForecast) -> WithoutScenario:
    """Return the end of the plain forecast beside that of a scenario."""
    return WithoutScenario(
        expected=float(plain.expected[-1]),
        lower=None if plain.lower is None else float(plain.lower[-1]),
        upper=None if plain.upper is None else float(plain.upper[-1]),
        exhaustion=exhaustion_part(plain.exhaustion),
    )


def other_series(forecast: CapacityForecast, labels: dict[str, str]) -> OtherSeries:
    """Return a forecast in short."""
    other = OtherSeries(
        labels=labels,
        present_level=forecast.present_level,
        per_month=forecast.growth.per_month,
        trust=forecast.judgement.trust,
    )
    found = exhaustion_part(forecast.exhaustion)
    if found is not None:
        other.outcome, other.probability_ratio = found.outcome, found.probability_ratio
        other.expected, other.earliest, other.latest = found.expected, found.earliest, found.latest
    return other
