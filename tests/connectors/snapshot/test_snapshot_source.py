"""The snapshot as a source of metrics. Provenance: the protocol in connectors/base.py; hand-computed data."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import numpy as np
import pytest

from connectors.base import MetricSource
from connectors.snapshot import RecordedSource, SnapshotSource
from connectors.snapshot.recording import Recording
from sre.core.errors import ConfigError, InputError, RefusedError
from sre.core.labels import Labels
from sre.core.series import Samples
from sre.core.telemetry import MetricMetadata
from sre.core.times import Duration, Window

START = datetime(2026, 1, 5, tzinfo=UTC)
START_MS = round(START.timestamp() * 1000)
HOUR = Window(START, START + timedelta(hours=1))

pytestmark = pytest.mark.anyio


def series(metric: str, *, first: int = 0, count: int = 61, slope: float = 60.0, **labels: str) -> Samples:
    minutes = np.arange(first, first + count, dtype=np.int64)
    return Samples(Labels({"__name__": metric, **labels}), START_MS + 60_000 * minutes, slope * np.arange(count))


def recording() -> Recording:
    return Recording(
        (
            series("requests_total", job="a", code="200"),
            series("requests_total", job="b", code="500", slope=6.0),
            series("late", first=50, count=11, job="a"),
            series("early", count=5, job="old"),
        ),
        {"requests_total": MetricMetadata("counter", "Requests.")},
        ("A remark.",),
    )


def source(load: Callable[[], Recording] = recording) -> RecordedSource:
    return RecordedSource(name="test", load=load)


async def test_now_is_the_end_of_the_recording_and_coverage_spans_it() -> None:
    snapshot: MetricSource = source()
    assert await snapshot.latest() == HOUR.end
    assert await snapshot.coverage() == HOUR


async def test_a_range_query_gives_rates_warnings_and_the_count_of_samples_read() -> None:
    window = Window(START + timedelta(minutes=10), HOUR.end)
    result = await source().range_query("rate(requests_total[5m])", window=window, step=Duration(600))
    assert [labels["job"] for labels in result.series.labels] == ["a", "b"]
    assert result.series.values[0] == pytest.approx([1.0] * 6)
    assert result.series.values[1] == pytest.approx([0.1] * 6)
    assert result.samples_read is not None
    assert result.samples_read > 0
    assert result.warnings == ("A remark.",)


async def test_without_a_step_a_range_query_has_up_to_250_points() -> None:
    """61 samples, a minute apart: 241 points would say each of them four times."""
    result = await source().range_query("requests_total", window=HOUR)
    assert result.series.grid.step_ms == 60_000
    assert result.series.grid.count == 61
    week = await source().range_query("requests_total", window=Window(HOUR.end - timedelta(days=7), HOUR.end))
    assert week.series.grid.count == 169


@pytest.mark.parametrize(
    ("spacings", "usual"), [([60], 60), ([15, 60, 60, 60], 15), ([1, *[30] * 9], 30), ([60, 60, 60, 3600], 60)]
)
async def test_the_usual_distance_of_samples_is_that_of_the_finer_quarter(spacings: list[int], usual: int) -> None:
    """Our choice: a point too many is a repetition, a point too few a loss; one odd series decides nothing."""
    grid = np.arange(10, dtype=np.int64)
    parts = [
        Samples(Labels({"__name__": "m", "n": str(n)}), START_MS + 1000 * every * grid, grid * 1.0)
        for n, every in enumerate(spacings)
    ]
    assert await source(lambda: Recording(tuple(parts))).sample_spacing() == Duration(usual)


async def test_holes_do_not_change_the_distance_and_single_samples_have_none() -> None:
    whole = series("m")
    holed = Samples(whole.labels, whole.timestamps_ms[[0, 1, 2, 3, 60]], whole.values[[0, 1, 2, 3, 60]])
    assert await source(lambda: Recording((holed,))).sample_spacing() == Duration(60)
    assert await source(lambda: Recording((series("m", count=1),))).sample_spacing() is None


async def test_an_instant_query_answers_at_its_instant() -> None:
    result = await source().instant_query("sum(requests_total)", at=START + timedelta(minutes=30))
    assert result.kind == "vector"
    assert result.values.tolist() == [30 * 66.0]


async def test_the_dialect_decides_about_the_sample_on_the_left_edge() -> None:
    at, query = START + timedelta(minutes=30), "count_over_time(requests_total{job='a'}[5m])"
    three = await source().instant_query(query, at=at)
    two = await RecordedSource(name="two", load=recording, left_open=False).instant_query(query, at=at)
    assert (three.values.tolist(), two.values.tolist()) == ([5.0], [6.0])


async def test_series_are_found_by_selector_and_only_where_they_have_samples() -> None:
    snapshot = source()
    found = await snapshot.series(['{job="a"}', "early"], window=HOUR)
    assert [labels.metric for labels in found] == ["early", "late", "requests_total"]
    morning = Window(START + timedelta(minutes=10), START + timedelta(minutes=20))
    assert await snapshot.series(['{__name__=~"late|early"}'], window=morning) == ()
    assert len(await snapshot.series(['{__name__=~".+"}'], window=HOUR, limit=2)) == 2


async def test_a_series_with_a_hole_is_not_found_inside_the_hole() -> None:
    whole = series("m")
    kept = np.abs(np.arange(61) - 30) > 20
    holed = Samples(whole.labels, whole.timestamps_ms[kept], whole.values[kept])
    snapshot = source(lambda: Recording((holed,)))
    inside = Window(START + timedelta(minutes=15), START + timedelta(minutes=45))
    touching = Window(START + timedelta(minutes=15), START + timedelta(minutes=51))
    assert await snapshot.series(["m"], window=inside) == ()
    assert await snapshot.series(["m"], window=touching) == (whole.labels,)


async def test_label_names_and_values_are_sorted_and_narrowed_by_matchers() -> None:
    snapshot = source()
    assert await snapshot.label_names(window=HOUR) == ("__name__", "code", "job")
    assert await snapshot.label_values("job", window=HOUR) == ("a", "b", "old")
    assert await snapshot.label_values("__name__", ['{job="a"}'], window=HOUR) == ("late", "requests_total")
    assert await snapshot.label_values("nowhere", window=HOUR) == ()


async def test_metadata_is_found_by_family_and_by_sample_name() -> None:
    snapshot = source()
    assert (await snapshot.metadata())["requests_total"].type == "counter"
    assert list(await snapshot.metadata("requests_total")) == ["requests_total"]
    assert await snapshot.metadata("unheard_of") == {}


async def test_build_info_tells_what_is_held() -> None:
    info = await source().build_info()
    assert info.product == "snapshot"
    assert info.details["series"] == "4"
    assert info.details["samples"] == str(61 + 61 + 11 + 5)
    assert info.details["warnings"] == "A remark."


@pytest.mark.parametrize("query", ["sum(", "requests_total[", "rate(requests_total)", ""])
async def test_promql_that_does_not_parse_is_the_callers_to_mend(query: str) -> None:
    with pytest.raises(InputError) as caught:
        await source().range_query(query, window=HOUR)
    assert caught.value.field == "query"


async def test_no_selector_and_a_selector_that_is_none_are_the_callers_to_mend() -> None:
    with pytest.raises(InputError):
        await source().series([], window=HOUR)
    with pytest.raises(InputError):
        await source().label_values("job", ["sum(up)"], window=HOUR)


async def test_more_points_than_anyone_can_use_are_refused_with_the_step_that_works() -> None:
    with pytest.raises(RefusedError) as caught:
        await source().range_query("vector(1)", window=Window(START, START + timedelta(days=30)), step=Duration(1))
    assert "Use a step of 26s or more." in caught.value.next_steps


async def test_callers_at_the_same_time_load_the_recording_once() -> None:
    calls = []

    def load() -> Recording:
        calls.append(threading.get_ident())
        return recording()

    snapshot = source(load)
    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(snapshot.latest)
    assert len(calls) == 1
    assert calls[0] != threading.get_ident()


async def test_a_recording_that_cannot_be_read_is_said_each_time_and_can_be_put_right(tmp_path: Path) -> None:
    path = tmp_path / "x.om"
    snapshot = SnapshotSource(name="files", path=path)
    for _ in range(2):
        with pytest.raises(ConfigError, match="There is no file or folder"):
            await snapshot.latest()
    path.write_text("m 1 1700000000\n# EOF\n")
    assert await snapshot.latest() == datetime.fromtimestamp(1_700_000_000, tz=UTC)


async def test_a_cancelled_caller_does_not_wait_and_the_next_one_is_served() -> None:
    entered, gate = threading.Event(), threading.Event()

    def load() -> Recording:
        entered.set()
        assert gate.wait(timeout=30)
        return recording()

    snapshot = source(load)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(snapshot.latest)
            await anyio.to_thread.run_sync(entered.wait, 10)
            group.cancel_scope.cancel()
        gate.set()
        assert await snapshot.latest() == HOUR.end


async def test_a_cancelled_evaluation_is_told_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The flag that the evaluator asks for turns true when the caller is gone."""
    snapshot = source()
    await snapshot.latest()
    entered, seen = threading.Event(), threading.Event()

    def endless(_store: object, options: object) -> None:
        entered.set()
        for _ in range(2_000):
            if options.should_stop():  # type: ignore[attr-defined]
                seen.set()
                return
            seen.wait(0.01)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(snapshot._evaluated, endless)
            await anyio.to_thread.run_sync(entered.wait, 10)
            group.cancel_scope.cancel()
        assert await anyio.to_thread.run_sync(seen.wait, 10)
