"""Writing OpenMetrics text. The judge is promtool and a real Prometheus; reading it back is a property."""

import struct
import subprocess
from pathlib import Path

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.snapshot.export import write_openmetrics
from connectors.snapshot.load import load_recording
from sre.core.labels import Labels
from sre.core.series import Samples
from sre.core.telemetry import MetricMetadata
from tests.support.real_prometheus import backfilled, require_program, running_prometheus

FIRST_MS = 1_700_000_000_000
METADATA = {
    "requests_total": MetricMetadata("counter", "Requests,\nwith a second line and a \\."),
    "latency_seconds": MetricMetadata("histogram", "How long."),
    "pg_stat_database_xact_commit": MetricMetadata("counter", "A counter without the suffix."),
    "temperature": MetricMetadata("gauge"),
}
NASTY = 'a "b" \\ c\nd } # { ü 漢 {x="y"} 1 2'


def series(metric: str, values: list[float], **labels: str) -> Samples:
    times = FIRST_MS + 15_250 * np.arange(len(values), dtype=np.int64)
    return Samples(Labels({"__name__": metric, **labels}), times, np.array(values))


def written_world() -> list[Samples]:
    return [
        series("requests_total", [1, 5, 9, 2], path="/", text=NASTY),
        series("latency_seconds_bucket", [1, 2, 3, 3], le="0.1"),
        series("temperature", [-1.5, float("nan"), float("inf"), float("-inf")], room="1"),
        series("latency_seconds_bucket", [1, 3, 4, 7], le="+Inf"),
        series("latency_seconds_count", [1, 3, 4, 7]),
        series("latency_seconds_sum", [0.05, 0.1 + 0.2, 1e-17, 12345678.901]),
        series("pg_stat_database_xact_commit", [1, 2, 3, 2**53 + 2]),
        series("temperature", [0.1, -0.0, 1e300, 5e-324], room="2"),
    ]


@pytest.mark.real_prometheus
def test_prometheus_takes_the_file_and_holds_the_same_samples(tmp_path: Path) -> None:
    """Source: Prometheus itself, asked for the raw samples it backfilled."""
    path = tmp_path / "x.om"
    world = written_world()
    write_openmetrics(path, world, metadata=METADATA)
    with running_prometheus(openmetrics_path=path) as base_url, httpx.Client(trust_env=False, timeout=30.0) as client:
        params = {"query": '{__name__=~".+"}[5m]', "time": f"{FIRST_MS / 1000 + 120}"}
        held = client.get(f"{base_url}/api/v1/query", params=params).json()["data"]["result"]
    theirs = {
        Labels(entry["metric"]): [(round(t * 1000), bits(float(v))) for t, v in entry["values"]] for entry in held
    }
    ours = {s.labels: [(t, bits(v)) for t, v in zip(s.timestamps_ms.tolist(), s.values, strict=True)] for s in world}
    assert theirs == ours
    read = {
        s.labels: [(t, bits(v)) for t, v in zip(s.timestamps_ms.tolist(), s.values, strict=True)]
        for s in load_recording(path).samples
    }
    assert read == theirs


@pytest.mark.real_prometheus
def test_what_promtool_dumps_can_be_read(tmp_path: Path) -> None:
    """Source: the output of `promtool tsdb dump`, whose lines keep the metric name among the labels."""
    world, data = written_world(), tmp_path / "data"
    write_openmetrics(tmp_path / "x.om", world, metadata=METADATA)
    # promtool opens a data folder only if it has a write-ahead log, which that of a Prometheus does.
    (data / "wal").mkdir(parents=True)
    backfilled(tmp_path / "x.om", data)
    dump = subprocess.run(
        [require_program("promtool"), "tsdb", "dump", str(data)], capture_output=True, timeout=60, check=True
    )
    (tmp_path / "dump.prom").write_bytes(dump.stdout)
    read = {s.labels: s for s in load_recording(tmp_path / "dump.prom").samples}
    assert read.keys() == {s.labels for s in world}
    for series_ in world:
        assert read[series_.labels].timestamps_ms.tolist() == series_.timestamps_ms.tolist()
        assert [bits(v) for v in read[series_.labels].values] == [bits(v) for v in series_.values]


def bits(value: float) -> str:
    """Tell -0 from 0, and call every NaN the same."""
    return "NaN" if value != value else struct.pack(">d", value).hex()


label_names = st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True).filter(lambda name: not name.startswith("__"))
label_values = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
floats = st.floats(allow_nan=False, width=64)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    world=st.dictionaries(
        st.tuples(
            st.sampled_from(["m", "a_total", "ns:rule"]),
            st.frozensets(st.tuples(label_names, label_values), max_size=3),
        ),
        st.lists(floats, min_size=1, max_size=5),
        min_size=1,
        max_size=6,
    )
)
def test_what_is_written_is_read_back_to_the_bit(tmp_path: Path, world: dict) -> None:
    """Our choice: a file we wrote loses nothing."""
    samples = [series(metric, values, **dict(labels)) for (metric, labels), values in world.items()]
    distinct = {s.labels: s for s in samples}
    path = tmp_path / "x.om"
    write_openmetrics(path, list(distinct.values()), metadata=METADATA)
    read = {s.labels: s for s in load_recording(path).samples}
    assert read.keys() == distinct.keys()
    for labels, expected in distinct.items():
        assert read[labels].timestamps_ms.tolist() == expected.timestamps_ms.tolist()
        assert [bits(v) for v in read[labels].values] == [bits(v) for v in expected.values]
