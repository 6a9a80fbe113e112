"""The same counters in a real Prometheus and in memory give the same budget; and a source that refuses is asked less."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from connectors.base import MetricSource
from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from connectors.snapshot import RecordedSource
from connectors.snapshot.recording import Recording
from sre.core.errors import RefusedError
from sre.core.labels import Labels
from sre.core.series import InstantResult, Samples
from tests.support.hand_built import END_MS, source_of
from tests.support.mcp import answer_of, deps_with, tool_client
from tests.support.openmetrics_file import written
from tests.support.real_prometheus import running_prometheus

pytestmark = pytest.mark.anyio

MINUTES = 9 * 1_440
CALL: dict[str, Any] = {"objective": 0.99, "total": "reqs_total", "bad": 'reqs_total{code="500"}'}


def samples() -> list[Samples]:
    """Nine days of requests with a daily wave, a restart on day 4, an outage of two hours, errors from day 3 on."""
    rng = np.random.default_rng(7)
    minute = np.arange(MINUTES)
    good = rng.poisson(60 + 40 * np.sin(2 * np.pi * minute / 1_440))
    bad = rng.poisson(0.2, MINUTES)
    bad[8 * 1_440 : 8 * 1_440 + 120] = 30
    times = END_MS - 60_000 * np.arange(MINUTES - 1, -1, -1, dtype=np.int64)
    return [
        _counter("200", times, good, restart=4 * 1_440),
        _counter("500", times[3 * 1_440 :], bad[3 * 1_440 :], restart=1_440),
    ]


def _counter(code: str, times: Any, steps: Any, *, restart: int) -> Samples:
    values = np.cumsum(steps).astype(float)
    values[restart:] -= values[restart - 1]
    return Samples(Labels({"__name__": "reqs_total", "code": code, "job": "api"}), times, values)


async def budget(source: MetricSource, **arguments: Any) -> Any:
    async with tool_client(deps_with(source)) as client:
        return await answer_of(client, "compute_error_budget", **{**CALL, **arguments})


@pytest.mark.real_prometheus
async def test_a_real_prometheus_and_a_recording_give_the_same_answer(tmp_path: Path) -> None:
    """2.42 has windows closed on the left, so the recording is asked the same way."""
    series = samples()
    written(series, tmp_path / "world.om")
    end = str(END_MS // 1000)
    with running_prometheus(openmetrics_path=tmp_path / "world.om") as url:
        live = [await budget(_client(url), at=end, window=window) for window in ("7d", "6h", "30d", "calendar-month")]
    recorded = [
        await budget(closed_on_the_left(series), at=end, window=window)
        for window in ("7d", "6h", "30d", "calendar-month")
    ]
    for one, other in zip(live, recorded, strict=True):
        assert _comparable(one) == _comparable(other)
    assert [answer["counting"].split(":")[0] for answer in live] == ["estimate", "exact", "estimate", "exact"]


def closed_on_the_left(series: list[Samples]) -> RecordedSource:
    return RecordedSource(name="hand", load=lambda: Recording(tuple(series), {}), left_open=False)


def _client(url: str) -> PrometheusClient:
    return PrometheusClient(Endpoint(base_url=url), name="hand")


def _comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """All but the number of samples read, which the two count differently, and how now was told."""
    queries = [row["query"] for row in answer["queries"]]
    warnings = [warning for warning in answer["warnings"] if "Recorded data" not in warning]
    return {**answer, "queries": queries, "warnings": warnings}


class Stingy(RecordedSource):
    """Refuses to look at more than a day at once, as a Prometheus with a low sample limit does."""

    async def instant_query(self, query: str, *, at: datetime) -> InstantResult:
        if "[7d]" in query or "[8d]" in query:
            raise RefusedError("too many samples")
        return await super().instant_query(query, at=at)


async def test_a_window_that_is_refused_whole_is_counted_in_parts_and_said() -> None:
    series = samples()
    whole = await budget(source_of(series), window="7d")
    stingy = Stingy(name="hand", load=lambda: Recording(tuple(series), {}))
    parts = await budget(stingy, window="7d")
    assert parts["total_events"] == pytest.approx(whole["total_events"], rel=5e-3)
    assert parts["bad_events"] == pytest.approx(whole["bad_events"], rel=2e-2)
    assert any("48 parts of 3h30m" in warning for warning in parts["warnings"])
