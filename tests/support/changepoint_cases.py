"""Real series with known changes and anomalies, and how finding them is scored; the data lie beside the repository."""

import csv
import gzip
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

FOLDER = (
    Path(os.environ.get("SRE_MCP_DEVELOPMENT_DATA", Path(__file__).parents[3] / "shared" / "data")) / "changepoints"
)
DAY, WEEK = 86_400.0, 604_800.0

Finder = Callable[[np.ndarray], Sequence[int]]
WindowFinder = Callable[[np.ndarray, Sequence[int]], Sequence[tuple[int, int]]]


@dataclass(frozen=True)
class Score:
    """How well points or windows were found.

    Attributes:
        false_rate: False ones a series.
        false_alarm_rate: Share of the series without any true one in which one was found.
    """

    f1: float
    recall: float
    false_rate: float
    false_alarm_rate: float = 0.0


@dataclass(frozen=True)
class Labelled:
    """A series on an even grid with the windows that people called anomalous, first and last step."""

    name: str
    values: np.ndarray
    windows: Sequence[tuple[int, int]]
    periods: Sequence[int]


def perf_cases() -> list[tuple[np.ndarray, int | None]]:
    """Return noisy benchmarks, each with the step from which on it was scaled; None where it was not."""
    cases = json.loads((FOLDER / "perf_noise.json").read_text())
    return [(np.array(case["values"], dtype=float), case["change_index"]) for case in cases]


def perf_score(find: Finder, *, margin: int, cases: Sequence[tuple[np.ndarray, int | None]] | None = None) -> Score:
    """Return the score of single changes: one is found where a point lies within the margin, all other points are false."""
    cases = cases or perf_cases()
    hits = false = alarms = 0
    for values, truth in cases:
        points = find(values)
        is_hit = truth is not None and any(abs(point - truth) <= margin for point in points)
        hits += is_hit
        false += len(points) - is_hit
        alarms += truth is None and len(points) > 0
    true = sum(truth is not None for _, truth in cases)
    return Score(_f1(hits, false, true - hits), hits / true, false / len(cases), alarms / max(1, len(cases) - true))


def tcpd_scores(find: Finder) -> Mapping[str, float]:
    """Return the F1 of each human-annotated series."""
    series = json.loads((FOLDER / "tcpd.json").read_text())
    return {
        name: annotated_f1(find(np.array(each["values"], dtype=float)), each["annotations"])
        for name, each in series.items()
    }


def annotated_f1(found: Sequence[int], annotations: Mapping[str, Sequence[int]], *, margin: int = 5) -> float:
    """Return F1 as van den Burg and Williams define it ("An Evaluation of Change Point Detection Algorithms", 2020).

    Index 0 is always a change and always found. Precision is against all annotators together, recall is averaged over
    them; a found point counts for one annotated point at most.
    """
    truths = [{0, *points} for points in annotations.values()]
    points = {0, *found}
    precision = _matched(set().union(*truths), points, margin) / len(points)
    recall = float(np.mean([_matched(truth, points, margin) / len(truth) for truth in truths]))
    return 2 * precision * recall / (precision + recall)


def _matched(truth: set[int], found: set[int], margin: int) -> int:
    left, matched = set(found), 0
    for each in sorted(truth):
        near = sorted((abs(each - point), point) for point in left if abs(each - point) <= margin)
        if near:
            matched += 1
            left.remove(near[0][1])
    return matched


def labelled_series() -> list[Labelled]:
    """Return the labelled series, gaps as NaN."""
    windows = json.loads((FOLDER / "nab_windows.json").read_text())
    samples: dict[str, list[tuple[float, float]]] = {}
    with gzip.open(FOLDER / "nab_series.csv.gz", "rt") as lines:
        for row in csv.DictReader(lines):
            samples.setdefault(row["series_id"], []).append((_seconds(row["timestamp"]), float(row["value"])))
    return [_labelled(name, np.array(points), windows[name]) for name, points in samples.items()]


def _labelled(name: str, points: np.ndarray, windows: Sequence[tuple[str, str]]) -> Labelled:
    step = float(np.median(np.diff(points[:, 0])))
    places = np.round((points[:, 0] - points[0, 0]) / step).astype(int)
    values = np.full(places[-1] + 1, np.nan)
    values[places] = points[:, 1]
    ends = [[round((_seconds(each) - points[0, 0]) / step) for each in window] for window in windows]
    return Labelled(name, values, [(first, last) for first, last in ends], [round(DAY / step), round(WEEK / step)])


def window_score(find: WindowFinder, series: Sequence[Labelled] | None = None, *, is_inside: bool = False) -> Score:
    """Return the score of windows: a labelled one is found where a reported one overlaps it, and one that overlaps none
    is false; stricter, the middle of the reported one must lie inside.
    """
    series = series or labelled_series()
    hits = false = true = 0
    for each in series:
        found = [_middle(window) if is_inside else window for window in find(each.values, each.periods)]
        hits += sum(any(_overlap(label, window) for window in found) for label in each.windows)
        false += sum(not any(_overlap(label, window) for label in each.windows) for window in found)
        true += len(each.windows)
    return Score(_f1(hits, false, true - hits), hits / true, false / len(series))


def _middle(window: tuple[int, int]) -> tuple[int, int]:
    return (sum(window) // 2, sum(window) // 2)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _f1(hits: int, false: int, missed: int) -> float:
    return 2 * hits / (2 * hits + false + missed)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
