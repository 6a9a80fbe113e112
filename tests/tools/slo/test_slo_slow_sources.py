"""`define_slo` and `list_slos` over a source that is slow or silent: in time, saved all the same, and honest.

The limits are the real ones; the clock of the loop jumps over the waiting.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.types import CallToolResult

from connectors.base import MetricSource
from connectors.prometheus.fake import FakePrometheus
from sre.core.series import Samples
from tests.support.hand_built import series
from tests.support.mcp import deps_with, text_of, tool_client
from tests.support.slo_documents import slo_document
from tests.support.slow_prometheus import KINDS, SlowPrometheus
from tests.support.virtual_time import VirtualTimeLoop

pytestmark = pytest.mark.anyio

DEADLINE_SECONDS = 50.0
MINUTES = 1_440
# Without these a service's metrics, or the bounds of a histogram, are not known.
NEEDS = {"availability": {"/series"}, "latency": {"/series", "/values"}, "document": set()}
DEFINED: dict[str, dict[str, Any]] = {
    "availability": {"service": "cart", "objective": 0.99, "window": "1d"},
    "latency": {"service": "cart", "objective": 0.8, "window": "1d", "threshold_seconds": 0.1},
    "document": {"document": slo_document(name="cart-availability")},
}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualTimeLoop}


def _counter(name: str, per_minute: float, **labels: str) -> Samples:
    values = [per_minute * minute for minute in range(MINUTES + 1)]
    return series({"__name__": name, "service": "cart", **labels}, values, every_seconds=60)


@cache
def cart() -> tuple[Samples, ...]:
    return (
        _counter("http_requests_total", 600, code="200"),
        _counter("http_requests_total", 3, code="500"),
        _counter("reqs_total", 600, code="200"),
        _counter("http_request_duration_seconds_bucket", 500, le="0.1"),
        _counter("http_request_duration_seconds_bucket", 603, le="+Inf"),
        _counter("http_request_duration_seconds_count", 603),
    )


def slow(**trouble: Any) -> MetricSource:
    return SlowPrometheus(FakePrometheus(cart()), **trouble).source()


async def called(
    tool: str, folder: Path, sources: Sequence[MetricSource], **arguments: Any
) -> tuple[CallToolResult, float]:
    async with tool_client(deps_with(*sources, slo_folder=folder)) as client:
        started = anyio.current_time()
        result = await client.call_tool(tool, arguments)
        return result, anyio.current_time() - started


@pytest.mark.parametrize("seconds", [5.0, 8.0, 12.0])
@pytest.mark.parametrize("kind", sorted(DEFINED))
async def test_a_slow_source_leaves_checks_open_and_the_slo_saved(kind: str, seconds: float, tmp_path: Path) -> None:
    result, took = await called("define_slo", tmp_path, [slow(seconds=seconds)], **DEFINED[kind])
    assert not result.is_error, text_of(result)
    assert took < DEADLINE_SECONDS
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("silent", KINDS)
@pytest.mark.parametrize("kind", sorted(DEFINED))
async def test_silence_on_one_kind_of_question_costs_no_more_than_that(kind: str, silent: str, tmp_path: Path) -> None:
    source = slow(seconds=1.0, hangs=lambda path, _query: path.endswith(silent))
    result, took = await called("define_slo", tmp_path, [source], **DEFINED[kind])
    assert took < DEADLINE_SECONDS
    if silent in NEEDS[kind]:
        assert text_of(result).startswith("[upstream_timed_out]")
        assert not list(tmp_path.iterdir())
    else:
        assert not result.is_error, text_of(result)
        assert len(list(tmp_path.iterdir())) == 1


async def test_slos_that_are_not_read_in_time_are_named(tmp_path: Path) -> None:
    for index in range(18):
        text = slo_document(name=f"slo-{index:02}")
        (tmp_path / f"{index}.yaml").write_text(text, encoding="utf-8")
    result, took = await called("list_slos", tmp_path, [slow(seconds=6.0)])
    assert not result.is_error, text_of(result)
    assert took < DEADLINE_SECONDS
    answer = result.structured_content
    assert answer is not None
    unread = [row["name"] for row in answer["slos"] if row["standing"] is None]
    assert 0 < len(unread) < 18
    assert any(unread[0] in line and "slow" in line for line in answer["left_out"])
    assert f"{len(unread)} not known" in answer["summary"]


async def test_a_silent_source_costs_its_own_slos_only(tmp_path: Path) -> None:
    silent = SlowPrometheus(FakePrometheus(cart()), hangs=lambda _path, _query: True).source(name="silent")
    for name, source in (("a", "prod"), ("b", "silent")):
        text = slo_document(name=name).replace(
            "type: Prometheus", f"type: Prometheus\n            metricSourceRef: {source}"
        )
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    result, took = await called("list_slos", tmp_path, [slow(seconds=0.1), silent])
    assert took < DEADLINE_SECONDS
    answer = result.structured_content
    assert answer is not None
    rows = {row["name"]: row for row in answer["slos"]}
    assert rows["a"]["standing"]["total_events"] > 0
    assert rows["b"]["standing"] is None
    assert rows["b"]["notes"]
