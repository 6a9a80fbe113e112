"""What `query_prometheus` answers with, and how series become rows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from sre.core.text import cleaned
from tools.answer import HARD_LIMIT_CHARS, EvidencedAnswer, Figure, Instant, Part, Point

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sre.core.labels import Labels
    from sre.metrics.series_figures import Measured, SeriesFigures, Totals

_MAX_LABEL_CHARS = 120
_MAX_LABELS = 25
# What one point costs in JSON: `[1767225600,0.1234],`.
_CHARS_A_POINT = 20
_CHARS_A_ROW = 400
_FEWEST_POINTS = 60
# Room for what is added after the rows: totals of the others, what is left out.
_RESERVED_BYTES = 500
# Room for summary, queries, warnings and figures beside points.
_RESERVED_BESIDE_POINTS = 6_000
_LEFT_AWAY_IN_ROW = frozenset({"last_at", "points"})
_LEFT_AWAY_IN_ANSWER = frozenset({"others", "text", "empty_because", "nearest", "next_steps"})

DEFAULT_MAX_SERIES = 10
MOST_SERIES = 100


class SeriesRow(Part):
    """One series; figures are over the window, in the unit of the answer."""

    labels: dict[str, str] = Field(description="Without shared_labels")
    last: Figure
    minimum: Annotated[Figure, Field(alias="min")]
    mean: Figure
    maximum: Annotated[Figure, Field(alias="max")]
    p95: Figure
    sparkline: str = Field(description="Highest value of each slice of the window; · is no data")
    last_at: Instant | None = Field(None, description="Only if older than the window's end")
    points: list[Point] | None = Field(None, description="[epoch seconds, value]")

    @model_serializer(mode="wrap")
    def _lean(self, handler: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        return _without_empty(handler(self), _LEFT_AWAY_IN_ROW)


class TotalsRow(Part):
    """What a group of series amounts to, exactly."""

    series_count: int
    last_sum: Figure
    mean: Figure = Field(description="Over all points")
    minimum: Annotated[Figure, Field(alias="min")]
    maximum: Annotated[Figure, Field(alias="max")]


class QueryAnswer(EvidencedAnswer):
    """Series ranked and boiled down; what does not apply is left away."""

    RANKED: ClassVar[tuple[str, ...]] = ("series",)

    unit: str = Field("", description="Guessed from names; empty if unknown")
    series_total: int = 0
    ranked_by: str = ""
    shared_labels: dict[str, str] = Field(default_factory=dict)
    series: list[SeriesRow] = Field(default_factory=list)
    all_series: TotalsRow | None = None
    others: TotalsRow | None = Field(None, description="The series not shown")
    text: str | None = Field(None, description="Value of a string expression")
    empty_because: list[str] = Field(default_factory=list)
    nearest: list[str] = Field(default_factory=list, description="Names that do exist")
    next_steps: list[str] = Field(default_factory=list)

    @model_serializer(mode="wrap")
    def _lean(self, handler: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        return _without_empty(handler(self), _LEFT_AWAY_IN_ANSWER)


def shown_labels(labels: Labels) -> dict[str, str]:
    """Return labels fit to be sent: outside text, cleaned and capped."""
    pairs = list(labels.items())[:_MAX_LABELS]
    return {cleaned(name, limit=_MAX_LABEL_CHARS): cleaned(value, limit=_MAX_LABEL_CHARS) for name, value in pairs}


def series_row(
    measured: Measured, figures: SeriesFigures, *, shared: Labels, end_ms: int, stale_after_ms: float, max_points: int
) -> SeriesRow:
    """Return one row; `max_points` 0 leaves the points out."""
    import numpy as np

    from sre.core.sparkline import sparkline
    from sre.core.times import instant_from_ms
    from sre.metrics.series_figures import points_of

    is_old = figures.last_ms is not None and end_ms - figures.last_ms > stale_after_ms
    points = points_of(measured, figures.row, limit=max_points) if max_points else None
    return SeriesRow(
        labels=shown_labels(figures.labels.without(*shared)),
        last=figures.last,
        minimum=figures.minimum,
        mean=figures.mean,
        maximum=figures.maximum,
        p95=figures.p95,
        sparkline=sparkline(np.where(measured.present[figures.row], measured.values[figures.row], np.nan)),
        last_at=instant_from_ms(figures.last_ms) if is_old and figures.last_ms is not None else None,
        points=[list(point) for point in points] if points is not None else None,
    )


def totals_row(totals: Totals) -> TotalsRow:
    """Return totals as they are sent."""
    return TotalsRow(
        series_count=totals.series_count,
        last_sum=totals.last_sum,
        mean=totals.mean,
        minimum=totals.minimum,
        maximum=totals.maximum,
    )


def with_rows(answer: QueryAnswer, rows: Sequence[SeriesRow], *, budget_bytes: int) -> None:
    """Put in as many rows, at least one if there is any, as fit the size beside everything else."""
    left = budget_bytes - _RESERVED_BYTES - _size(answer)
    for row in rows:
        left -= _size(row) + 1
        if left < 0 and answer.series:
            return
        answer.series.append(row)


def fit_for_points(series_count: int) -> tuple[int, int]:
    """Return how many series can be shown with their points, and how many points each, under the hard limit.

    Fewer series with a readable number of points beat many with two.
    """
    room = HARD_LIMIT_CHARS - _RESERVED_BESIDE_POINTS
    shown = max(1, min(series_count, room // (_CHARS_A_ROW + _FEWEST_POINTS * _CHARS_A_POINT)))
    return shown, (room - shown * _CHARS_A_ROW) // _CHARS_A_POINT // shown


def _without_empty(data: dict[str, object], names: frozenset[str]) -> dict[str, object]:
    return {name: value for name, value in data.items() if name not in names or (value is not None and value != [])}


def _size(part: Part) -> int:
    return len(part.model_dump_json(by_alias=True).encode())
