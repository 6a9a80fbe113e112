"""Asking real Prometheus and the evaluator the same question, and comparing what they say."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import httpx
import numpy as np

from sre.core.errors import InputError, RefusedError
from sre.core.labels import Labels
from sre.core.promql import EvaluationOptions, SampleStore, evaluate_instant, evaluate_range
from sre.core.series import Grid, InstantResult

RELATIVE_TOLERANCE = 1e-9
PROMETHEUS_2 = EvaluationOptions(left_open=False)
_CHOICE = re.compile(r"<<(.*?)>>(?!>)")


@dataclass(frozen=True)
class Outcome:
    """What one side says: a kind of error, or points by series.

    Attributes:
        points: For every label set, (epoch milliseconds, value) pairs.
        order: Label sets in the order given, where the order means something.
    """

    error: str = ""
    kind: str = ""
    points: dict[Labels, list[tuple[int, float]]] = field(default_factory=dict)
    order: tuple[Labels, ...] = ()


def written_queries(path: Path) -> Iterator[str]:
    """Yield the queries of a text file, each line with all its choices."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield from expanded(line)


def expanded(line: str) -> Iterator[str]:
    """Yield the line with every combination of its <<a|b>> choices."""
    pieces = _CHOICE.split(line)
    choices = [piece.split("|") for piece in pieces[1::2]]
    for combination in product(*choices):
        yield "".join(text + choice for text, choice in zip(pieces[0::2], (*combination, ""), strict=True))


class Prometheus:
    """A real Prometheus."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def range(self, query: str, grid: Grid) -> Outcome:
        parameters = {
            "start": f"{grid.start_ms / 1000:.3f}",
            "end": f"{grid.end_ms / 1000:.3f}",
            "step": f"{grid.step_ms / 1000:.3f}",
        }
        return self._asked("/api/v1/query_range", query, parameters)

    def instant(self, query: str, at_ms: int) -> Outcome:
        return self._asked("/api/v1/query", query, {"time": f"{at_ms / 1000:.3f}"})

    def _asked(self, path: str, query: str, parameters: dict[str, str]) -> Outcome:
        answer = self._client.post(path, data={"query": query, **parameters}).json()
        if answer["status"] != "success":
            return Outcome(error="wrong")
        kind, result = answer["data"]["resultType"], answer["data"]["result"]
        if kind in ("scalar", "string"):
            value = float("nan") if kind == "string" else float(result[1])
            return Outcome(kind=kind, points={Labels(): [(round(result[0] * 1000), value)]})
        pairs = {
            Labels(one["metric"]): [
                (round(at * 1000), float(value)) for at, value in one.get("values", [one.get("value")])
            ]
            for one in result
        }
        return Outcome(kind=kind, points=pairs, order=tuple(pairs))


class Ours:
    """The evaluator, in the dialect of Prometheus 2."""

    def __init__(self, store: SampleStore) -> None:
        self._store = store

    def range(self, query: str, grid: Grid) -> Outcome:
        try:
            series = evaluate_range(query, store=self._store, grid=grid, options=PROMETHEUS_2).series
        except InputError:
            return Outcome(error="wrong")
        except RefusedError as error:
            return Outcome(error=f"refused: {error.message}")
        times = grid.times_ms()
        points = {
            labels: list(zip(times[present].tolist(), values[present].tolist(), strict=True))
            for labels, values, present in zip(series.labels, series.values, series.present, strict=True)
        }
        assert len(points) == len(series.labels)
        return Outcome(kind="matrix", points=points, order=series.labels)

    def instant(self, query: str, at_ms: int) -> Outcome:
        try:
            result = evaluate_instant(query, store=self._store, at_ms=at_ms, options=PROMETHEUS_2)
        except InputError:
            return Outcome(error="wrong")
        except RefusedError as error:
            return Outcome(error=f"refused: {error.message}")
        return _instant_outcome(result)


def _instant_outcome(result: InstantResult) -> Outcome:
    at = result.at_ms
    match result.kind:
        case "scalar":
            return Outcome(kind="scalar", points={Labels(): [(at, float(result.values[0]))]})
        case "string":
            return Outcome(kind="string", points={Labels(): [(at, float("nan"))]})
        case "matrix":
            points = {
                one.labels: list(zip(one.timestamps_ms.tolist(), one.values.tolist(), strict=True))
                for one in result.samples
            }
            return Outcome(kind="matrix", points=points)
    points = {labels: [(at, float(value))] for labels, value in zip(result.labels, result.values, strict=True)}
    assert len(points) == len(result.labels)
    return Outcome(kind="vector", points=points, order=result.labels)


def difference(wanted: Outcome, got: Outcome) -> str:
    """Return the first difference in words, or an empty string."""
    if wanted.error or got.error:
        return "" if wanted.error == got.error else f"error {got.error!r}, wanted {wanted.error!r}"
    if wanted.kind != got.kind:
        return f"kind {got.kind}, wanted {wanted.kind}"
    if wanted.points.keys() != got.points.keys():
        extra, missing = got.points.keys() - wanted.points.keys(), wanted.points.keys() - got.points.keys()
        return f"series too many {sorted(map(str, extra))[:3]}, missing {sorted(map(str, missing))[:3]}"
    for labels, points in wanted.points.items():
        if found := _points_difference(points, got.points[labels]):
            return f"{labels}: {found}"
    return ""


def _points_difference(wanted: list[tuple[int, float]], got: list[tuple[int, float]]) -> str:
    if [at for at, _ in wanted] != [at for at, _ in got]:
        steps = sorted({at for at, _ in wanted} ^ {at for at, _ in got})
        return f"{len(got)} points, wanted {len(wanted)}; first step that differs {steps[0]}"
    left, right = np.array([value for _, value in wanted]), np.array([value for _, value in got])
    same = np.isclose(right, left, rtol=RELATIVE_TOLERANCE, atol=0.0, equal_nan=True)
    if same.all():
        return ""
    first = int(np.argmin(same))
    return (
        f"at {wanted[first][0]} {got[first][1]!r}, wanted {wanted[first][1]!r} ({(~same).sum()} of {len(same)} points)"
    )


def is_sorting(query: str) -> bool:
    """Return whether the order of an instant answer means something."""
    return query.startswith(("sort", "topk(", "bottomk("))


def order_difference(wanted: Outcome, got: Outcome) -> str:
    """Return how the values of the ordered answers differ, or an empty string; equals may stand in any order."""
    left = [wanted.points[labels][0][1] for labels in wanted.order]
    right = [got.points[labels][0][1] for labels in got.order]
    agrees = all(
        a == b or (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=RELATIVE_TOLERANCE)
        for a, b in zip(left, right, strict=True)
    )
    return "" if agrees else f"order {right}, wanted {left}"
