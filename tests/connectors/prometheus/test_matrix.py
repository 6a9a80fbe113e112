"""From JSON to a dense matrix."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.http import Json, NotTheApiError
from connectors.prometheus.envelope import read_elements
from connectors.prometheus.instant import read_instant
from connectors.prometheus.matrix import joined, read_matrix
from sre.core.errors import RefusedError
from sre.core.labels import Labels
from sre.core.series import Grid

T0 = 1_700_000_000_000


def body(result: Json, *, kind: str = "matrix", **around: Json) -> bytearray:
    return bytearray(
        json.dumps({"status": "success", "data": {"resultType": kind, "result": result}, **around}).encode()
    )


def one(pairs: list[list[Json]], **metric: str) -> Json:
    return {"metric": dict(metric), "values": list(pairs)}


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_white_space_between_the_parts_does_not_matter(indent: int | None) -> None:
    """Source: RFC 8259, 2."""
    document = json.loads(body([one([[T0 / 1000, "1.5"], [T0 / 1000 + 60, "NaN"]], a="b"), one([], c="d")]))
    points = read_matrix(bytearray(json.dumps(document, indent=indent).encode()))
    assert points.labels == (Labels({"a": "b"}), Labels({"c": "d"}))
    assert points.counts.tolist() == [2, 0]
    assert points.timestamps_ms.tolist() == [T0, T0 + 60_000]
    np.testing.assert_array_equal(points.values, [1.5, np.nan])


def test_text_in_labels_that_looks_like_the_result_is_only_text() -> None:
    """Our choice: the list is found by its key, which a JSON string cannot hold unescaped."""
    trap = '"result":[{"metric":{}}],"values":[[1,"2"]]'
    points = read_matrix(body([one([[1, "1"]], trap=trap, result="x")]))
    assert points.labels == (Labels({"trap": trap, "result": "x"}),)


def test_parts_of_the_envelope_may_come_in_any_order() -> None:
    """Source: RFC 8259, 4: members are unordered."""
    text = '{"warnings":["w"],"data":{"stats":{"samples":{"totalQueryableSamples":7}},"result":[],"resultType":"matrix"},"status":"success"}'
    points = read_matrix(bytearray(text.encode()))
    assert points.envelope.samples_read == 7
    assert points.warnings == ("w",)


def test_native_histograms_are_left_out_and_told() -> None:
    """Source: Prometheus HTTP API, native histograms come as `histograms`, and may stand beside floats."""
    histogram: Json = {"metric": {"a": "h"}, "histograms": [[1, {"count": "3", "sum": "1"}]]}
    mixed: Json = {"metric": {"a": "m"}, "values": [[1, "5"]], "histograms": [[2, {"count": "3", "sum": "1"}]]}
    points = read_matrix(body([histogram, mixed]))
    assert points.labels == (Labels({"a": "m"}),)
    assert "Native histograms" in points.warnings[0]
    instant = read_instant(
        body([{"metric": {}, "histogram": [1, {}]}, {"metric": {"a": "b"}, "value": [1, "2"]}], kind="vector"),
        query="q", at_ms=1,
    )  # fmt: skip
    assert instant.values.tolist() == [2.0]
    assert "Native histograms" in instant.warnings[0]


def test_a_list_that_was_never_filled_is_empty() -> None:
    """Source: encoding/json of Go writes a nil slice as null."""
    assert read_matrix(body(None)).labels == ()


def test_parts_are_joined_by_label_set() -> None:
    """Our choice: series that live in one piece only have gaps in the other."""
    first = read_matrix(body([one([[T0 / 1000, "1"], [T0 / 1000 + 1, "2"]], a="x")]))
    second = read_matrix(body([one([[T0 / 1000 + 2, "9"]], a="y"), one([[T0 / 1000 + 3, "4"]], a="x")]))
    series, warnings = joined([first, second], Grid(T0, 1000, 4))
    assert series.labels == (Labels({"a": "x"}), Labels({"a": "y"}))
    np.testing.assert_array_equal(series.values, [[1, 2, np.nan, 4], [np.nan, np.nan, 9, np.nan]])
    assert series.present.tolist() == [[True, True, False, True], [False, False, True, False]]
    assert warnings == ()


def test_nothing_is_a_matrix_without_rows() -> None:
    """Our choice."""
    series, _ = joined([read_matrix(body([]))], Grid(T0, 1000, 4))
    assert (series.labels, series.values.shape, series.present.shape) == ((), (0, 4), (0, 4))


@pytest.mark.parametrize("moved_ms", [-7_000, 8_000])
def test_a_source_that_rounds_the_window_keeps_its_own_grid(moved_ms: int) -> None:
    """Source: VictoriaMetrics rounds start and end to multiples of the step unless told `nocache=1`."""
    seconds = [(T0 + moved_ms + 15_000 * step) / 1000 for step in range(4)]
    points = read_matrix(body([one([[at, str(step)] for step, at in enumerate(seconds)])]))
    series, warnings = joined([points], Grid(T0, 15_000, 4))
    there = series.grid.times_ms()[series.present[0]]
    assert there.tolist() == [round(at * 1000) for at in seconds]
    assert series.values[0][series.present[0]].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert "own grid" in warnings[0]


@pytest.mark.parametrize(
    "seconds", [[0, 15, 31], [0, 15, 3600], [-3600, 0, 15]], ids=["between the steps", "far after", "far before"]
)
def test_points_that_were_not_asked_for_are_no_answer(seconds: list[int]) -> None:
    """Our choice: placing them anyway would answer another question."""
    points = read_matrix(body([one([[T0 / 1000 + at, "1"] for at in seconds])]))
    with pytest.raises(NotTheApiError):
        joined([points], Grid(T0, 15_000, 4))


def test_a_matrix_larger_than_memory_allows_is_refused_before_it_is_made() -> None:
    """Our choice: a thousand series of one point each at 11,000 steps would be mostly gaps."""
    points = read_matrix(body([one([[T0 / 1000, "1"]], a=str(number)) for number in range(1000)]))
    with pytest.raises(RefusedError) as caught:
        joined([points], Grid(T0, 1000, 11_000))
    assert "topk" in caught.value.explained()


@pytest.mark.parametrize(
    "result",
    [
        {"a": 1}, "text", 7, [[1, "2"]], ["x"], [None], [{"metric": {}}], [{"values": [[1, "2"]]}],
        [one([[1]])], [one([[1, "2", 3]])], [one([["x", "2"]])], [one([[1, "two"]])], [one([[1, None]])],
        [one([[1, ["2"]]])], [one([[None, "1"]])], [{"metric": {"a": 1}, "values": []}], [{"metric": [], "values": []}],
        [{"metric": {}, "values": {"1": "2"}}], [one([[1e300, "1"]])], [{"metric": {}, "values": [1, 2]}],
    ],
)  # fmt: skip
def test_data_of_another_shape_is_told(result: Json) -> None:
    """Our choice: never a KeyError, never a number made up."""
    with pytest.raises(NotTheApiError):
        read_matrix(body(result))


@pytest.mark.parametrize("kind", ["vector", "scalar", "string", "", "streams"])
def test_a_range_answer_is_a_matrix(kind: str) -> None:
    """Source: Prometheus HTTP API, range queries."""
    with pytest.raises(NotTheApiError):
        read_matrix(body([], kind=kind))


@pytest.mark.parametrize(
    "text",
    ["", " \n", "null", "[]", "{", '{"status":"success"', "[" * 200_000, '{"a":' * 200_000, "\x00", "1" * 5000,
     '{"status":"success","data":{"resultType":"matrix","result":[' + "[" * 200_000,
     '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"]]} {}]}}',
     '{"status":"error","error":"x"}', "<html></html>"],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_no_body_makes_more_than_the_one_error(text: str) -> None:
    """Our choice: hostile nesting included."""
    with pytest.raises(NotTheApiError):
        read_matrix(bytearray(text.encode()))


def test_bytes_that_are_not_utf8_are_told() -> None:
    """Source: RFC 8259, 8.1."""
    with pytest.raises(NotTheApiError, match="UTF-8"):
        read_matrix(bytearray(b'{"status":"\xff"}'))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    rows=st.lists(st.lists(st.one_of(st.none(), st.floats()), min_size=1, max_size=12), max_size=5),
    step_ms=st.integers(1, 100_000),
)
def test_what_was_written_is_read_back(rows: list[list[float | None]], step_ms: int) -> None:
    """Our choice: an invariant. Each present value comes back bit for bit, each gap stays one."""
    count = 12
    result = [
        one([[(T0 + step_ms * at) / 1000, spelt(value)] for at, value in enumerate(row) if value is not None], n=str(n))
        for n, row in enumerate(rows)
    ]
    series, _ = joined([read_matrix(body(result))], Grid(T0, step_ms, count))
    for labels, values, present in zip(series.labels, series.values, series.present, strict=True):
        row = [*rows[int(labels["n"])], *[None] * count][:count]
        assert present.tolist() == [value is not None for value in row]
        np.testing.assert_array_equal(values[present], [value for value in row if value is not None])


def spelt(value: float) -> str:
    """Return a sample value as Go's strconv does."""
    return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN" if math.isnan(value) else repr(value))


def test_series_are_handed_on_one_at_a_time() -> None:
    """Our choice: the decoder never holds the interpreter, or the whole answer as objects, for more than a series."""
    whole = body([one([[T0 / 1000, "1"]], n=str(n)) for n in range(100)])
    cut = whole[: whole.index(b'"99"')]
    taken: list[Json] = []
    with pytest.raises(NotTheApiError, match="breaks off"):
        read_elements(cut, taken.append)
    assert len(taken) == 99
