"""A backtest over a source that is slow or refuses: in time, the newest part first, and the rest named."""

from typing import Any

import anyio
import httpx
import pytest

from connectors.prometheus.fake import FakePrometheus
from sre.core.series import Samples
from tests.support.hand_built import series
from tests.support.mcp import answer_of, deps_with, error_of, tool_client
from tests.support.slo_documents import slo_document
from tests.support.slow_prometheus import SlowPrometheus
from tests.support.virtual_time import VirtualTimeLoop

pytestmark = pytest.mark.anyio

DEADLINE_SECONDS = 50.0
DAY = 1_440
DAYS = 14


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualTimeLoop}


def requests() -> tuple[Samples, ...]:
    """600 requests a minute; a day before the end all fail for half an hour."""
    minutes = DAYS * DAY
    bad = [600.0 if DAY - 30 < minutes - minute <= DAY else 0.0 for minute in range(minutes + 1)]
    failed, good, total = [0.0], [0.0], 0.0
    for each in bad[1:]:
        total += each
        failed.append(total)
        good.append(600.0 * len(good) - total)
    return tuple(
        series({"__name__": "reqs_total", "code": code}, values, every_seconds=60)
        for code, values in (("200", good), ("500", failed))
    )


SLO = slo_document(window="30d")


def slow(**trouble: Any) -> Any:
    return deps_with(SlowPrometheus(FakePrometheus(requests()), **trouble).source(timeout_seconds=60.0))


async def test_under_a_slow_source_the_newest_part_is_replayed_and_the_rest_named() -> None:
    """Three questions a side at once, 25 s each: the second round would end after the deadline."""
    async with tool_client(slow(seconds=25.0)) as client:
        started = anyio.current_time()
        answer = await answer_of(client, "backtest_slo", slo=SLO, start="now-13d")
        assert anyio.current_time() - started < DEADLINE_SECONDS
    assert answer["page_count"] == 1
    assert answer["window"]["end"] == "2026-11-02T12:00:00Z"
    assert "2026-10-20T12:00:00Z" < answer["window"]["start"] < "2026-11-01T00:00:00Z"
    assert any(left.startswith(f"everything before {answer['window']['start']}") for left in answer["left_out"])


async def test_a_source_that_answers_nothing_in_time_is_an_error() -> None:
    async with tool_client(slow(hangs=lambda path, _query: path.endswith("/query_range"))) as client:
        started = anyio.current_time()
        told = await error_of(client, "backtest_slo", slo=SLO, start="now-5d")
        assert anyio.current_time() - started < DEADLINE_SECONDS
    assert told.startswith("[upstream_timed_out]")


async def test_a_source_that_refuses_is_quoted_and_not_asked_over_and_over() -> None:
    refusal = httpx.Response(
        422, json={"status": "error", "errorType": "execution", "error": "query processing would load too many samples"}
    )
    asked: list[str] = []

    def fails(path: str, _query: str) -> httpx.Response | None:
        asked.append(path)
        return refusal if path.endswith("/query_range") else None

    async with tool_client(slow(fails=fails)) as client:
        told = await error_of(client, "backtest_slo", slo=SLO, start="now-13d")
    assert "too many samples" in told
    assert len([path for path in asked if path.endswith("/query_range")]) <= 6


async def test_a_time_that_is_too_long_is_refused_with_what_is_possible() -> None:
    async with tool_client(slow()) as client:
        told = await error_of(client, "backtest_slo", slo=SLO, start="now-300d")
    assert "at most 173d" in told


async def test_a_long_time_is_read_in_coarser_steps_and_that_is_said() -> None:
    async with tool_client(slow()) as client:
        answer = await answer_of(client, "backtest_slo", slo=SLO, start="now-60d")
    assert answer["window"]["step_seconds"] == 300
    assert any(warning.startswith("Read every 5m") for warning in answer["warnings"])
    assert answer["page_count"] == 1


async def test_too_many_groups_are_refused_before_they_are_read() -> None:
    """A thousand groups over two months, even in steps of five minutes, are too many."""
    samples = [
        series({"__name__": "reqs_total", "code": "200", "shop": str(shop)}, [0.0, 60.0, 120.0], every_seconds=60)
        for shop in range(1_000)
    ]
    deps = deps_with(SlowPrometheus(FakePrometheus(samples)).source())
    async with tool_client(deps) as client:
        told = await error_of(client, "backtest_slo", slo=slo_document(group_by=["shop"]), start="now-60d")
    assert "1,000 groups" in told
    assert "group by fewer labels" in told
