"""Wide CSV and saved API answers. Provenance: our choice of CSV shape; Prometheus "HTTP API" page for the JSON."""

import json
from pathlib import Path

import numpy as np
import pytest

from connectors.snapshot.load import load_recording
from connectors.snapshot.recording import Recording
from sre.core.errors import ConfigError


def loaded(folder: Path, text: str, *, name: str) -> Recording:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load_recording(path)


def points(recording: Recording) -> dict[str, list[tuple[int, float]]]:
    return {
        str(series.labels): list(zip(series.timestamps_ms.tolist(), series.values.tolist(), strict=True))
        for series in recording.samples
    }


@pytest.mark.parametrize(
    "time",
    ["2023-11-14T22:13:20Z", "2023-11-14T23:13:20+01:00", "1700000000", "1700000000000", "1700000000.0"],
)
def test_csv_times_may_be_rfc3339_seconds_or_milliseconds(tmp_path: Path, time: str) -> None:
    assert points(loaded(tmp_path, f"time,up\n{time},1\n", name="x.csv")) == {"up": [(1_700_000_000_000, 1.0)]}


def test_csv_times_without_zone_are_utc_and_said_so(tmp_path: Path) -> None:
    recording = loaded(tmp_path, "Time,up\n2023-11-14 22:13:20,1\n", name="x.csv")
    assert recording.samples[0].timestamps_ms.tolist() == [1_700_000_000_000]
    assert recording.warnings == ("Times without a zone in CSV files were read as UTC.",)


def test_csv_headers_name_series_and_empty_cells_are_missing_samples(tmp_path: Path) -> None:
    text = 'time,"http_requests_total{job=""api"",code=""200""}",up\n1700000000,5,1\n1700000060,,NaN\n\n1700000120,7,null\n'
    recording = loaded(tmp_path, text, name="x.csv")
    assert points(recording)['http_requests_total{code="200", job="api"}'] == [
        (1_700_000_000_000, 5.0),
        (1_700_000_120_000, 7.0),
    ]
    up = recording.samples[1]
    assert up.timestamps_ms.tolist() == [1_700_000_000_000, 1_700_000_060_000]
    assert np.isnan(up.values[1])


def test_csv_may_be_separated_by_semicolons_or_tabs(tmp_path: Path) -> None:
    assert points(loaded(tmp_path, "time;up\n1700000000;1\n", name="a.csv")) == points(
        loaded(tmp_path, "time\tup\n1700000000\t1\n", name="b.csv")
    )


def test_csv_of_many_rows_keeps_every_sample(tmp_path: Path) -> None:
    count = 45_000
    rows = "".join(f"{1_700_000_000 + 60 * i},{i},{-i}\n" for i in range(count))
    recording = loaded(tmp_path, f"time,a,b\n{rows}", name="x.csv")
    assert [series.values.tolist() for series in recording.samples] == [
        list(range(count)),
        [-i for i in range(count)],
    ]


BROKEN_CSV = {
    "no header": ("1700000000,1\n", "line 1: does not begin with a header"),
    "empty": ("", "does not begin with a header"),
    "free text in the header": (
        "time,p95 of checkout\n1700000000,1\n",
        "line 1: has a header cell that is not a series",
    ),
    "same series twice": ("time,up,up\n1700000000,1,1\n", "has the same series twice"),
    "row too short": ("time,a,b\n1700000000,1,2\n1700000060,1\n", "line 3: has 2 cells where the header has 3"),
    "word for a value": ("time,a\n1700000000,1\n1700000060,12 ms\n", "line 3: has a value that is not a number"),
    "word for a time": ("time,a\nyesterday,1\n", "line 2: has a time that is neither"),
    "time without end": ("time,a\ninf,1\n", "line 2: has a time that is none"),
    "no rows": ("time,a\n", "holds no samples"),
}


@pytest.mark.parametrize(("text", "said"), BROKEN_CSV.values(), ids=BROKEN_CSV)
def test_broken_csv_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, name="x.csv")
    assert said in caught.value.message


def answer(kind: str, result: object) -> str:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}})


def test_json_of_a_range_query_is_read(tmp_path: Path) -> None:
    series = {"metric": {"__name__": "up", "job": "a"}, "values": [[1700000000.5, "1"], [1700000060, "+Inf"]]}
    recording = loaded(tmp_path, answer("matrix", [series]), name="x.json")
    assert points(recording) == {'up{job="a"}': [(1_700_000_000_500, 1.0), (1_700_000_060_000, float("inf"))]}


def test_json_of_an_instant_query_and_the_bare_data_part_are_read(tmp_path: Path) -> None:
    data = {"resultType": "vector", "result": [{"metric": {"__name__": "up"}, "value": [1700000000, "1"]}]}
    assert points(loaded(tmp_path, json.dumps(data), name="x.json")) == {"up": [(1_700_000_000_000, 1.0)]}


def test_json_of_an_expression_is_called_after_its_file(tmp_path: Path) -> None:
    series = {"metric": {"job": "a"}, "values": [[1700000000, "1"]]}
    recording = loaded(tmp_path, answer("matrix", [series]), name="95th percentile.json")
    assert points(recording) == {'_95th_percentile{job="a"}': [(1_700_000_000_000, 1.0)]}
    assert recording.warnings == ("Series without a name were called after their file: _95th_percentile.",)


def test_json_of_the_metadata_endpoint_describes_the_series_of_other_files(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        json.dumps({"status": "success", "data": {"up": [{"type": "gauge", "help": "Is it?", "unit": ""}]}})
    )
    (tmp_path / "b.csv").write_text("time,up\n1700000000,1\n")
    recording = load_recording(tmp_path)
    assert (recording.metadata["up"].type, recording.metadata["up"].help) == ("gauge", "Is it?")


BROKEN_JSON = {
    "not JSON": ('{"status": \n oops', "line 2: is not JSON"),
    "cut off": ('{"status": "success", "data": {"resultType": "matrix", "result": [', "is not JSON"),
    "another document": ('{"hello": "world"}', "is not an answer of the Prometheus API"),
    "an error answer": ('{"status": "error", "error": "boom"}', "is an error answer"),
    "a scalar": (answer("scalar", [1700000000, "1"]), "neither a matrix nor a vector"),
    "numbers as numbers": (answer("matrix", [{"metric": {}, "values": [[1700000000, 1]]}]), "has points that are not"),
    "milliseconds": (answer("matrix", [{"metric": {}, "values": [[1700000000000, "1"]]}]), "not epoch seconds"),
    "label that is a number": (
        answer("matrix", [{"metric": {"a": 1}, "values": [[1, "1"]]}]),
        "labels that are not text",
    ),
    "native histograms": (answer("matrix", [{"metric": {}, "histograms": []}]), "native histograms"),
    "nested without end": ("[" * 100_000, "is n"),
    "nothing in it": (answer("matrix", []), "holds no samples"),
}


@pytest.mark.parametrize(("text", "said"), BROKEN_JSON.values(), ids=BROKEN_JSON)
def test_broken_json_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, name="x.json")
    assert said in caught.value.message
