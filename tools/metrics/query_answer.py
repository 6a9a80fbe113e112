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
# Room for all that is not rows: summary, queries, warnings, totals.
RESERVED_CHARS = 3_500


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
        row = handler(self)
        return {name: value for name, value in row.items() if value is not None or name not in ("last_at", "points")}


class TotalsRow(Part):
    """What a group of series amounts to, exactly."""

    series_count: int
    last_sum: Figure
    mean: Figure = Field(description="Over all points")
    minimum: Annotated[Figure, Field(alias="min")]
    maximum: Annotated[Figure, Field(alias="max")]


class QueryAnswer(EvidencedAnswer):
    """Series ranked and boiled down."""

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


def shown_labels(labels: Labels) -> dict[str, str]:
    """Return labels fit to be sent: outside text, cleaned and capped."""
    pairs = list(labels.items())[:_MAX_LABELS]
    return {cleaned(name, limit=_MAX_LABEL_CHARS): cleaned(value, limit=_MAX_LABEL_CHARS) for name, value in pairs}


def series_row(
    measured: Measured, figures: SeriesFigures, *, shared: Labels, end_ms: int, stale_after_ms: float, max_points: int
) -> SeriesRow:
    """Return one row; `max_points` 0 leaves the points out."""
    from sre.core.sparkline import sparkline
    from sre.core.times import instant_from_ms
    from sre.metrics.series_figures import points_of

    shown = measured.present[figures.row]
    values = [float(v) if there else None for v, there in zip(measured.values[figures.row], shown, strict=True)]
    is_old = figures.last_ms is not None and end_ms - figures.last_ms > stale_after_ms
    points = points_of(measured, figures.row, limit=max_points) if max_points else None
    return SeriesRow(
        labels=shown_labels(figures.labels.without(*shared)),
        last=figures.last,
        minimum=figures.minimum,
        mean=figures.mean,
        maximum=figures.maximum,
        p95=figures.p95,
        sparkline=sparkline(values),
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


def rows_that_fit(rows: Sequence[SeriesRow], *, budget_chars: int) -> int:
    """Return how many rows, at least one, fit an answer of that size beside everything else."""
    left = budget_chars - RESERVED_CHARS
    for count, row in enumerate(rows):
        left -= len(row.model_dump_json(by_alias=True)) + 1
        if left < 0:
            return max(count, 1)
    return len(rows)


def points_that_fit(series_count: int) -> int:
    """Return how many points each of so many series may have under the hard limit."""
    rows_chars = 400 * series_count
    return max(2, (HARD_LIMIT_CHARS - RESERVED_CHARS - rows_chars) // _CHARS_A_POINT // max(series_count, 1))
