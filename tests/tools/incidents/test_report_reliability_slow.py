"""`report_reliability` over sources that are slow or silent: in time, with what there is."""

from functools import cache
from pathlib import Path
from typing import Any

import anyio
import pytest

from connectors.prometheus.fake import FakePrometheus
from sre.core.series import Samples
from tests.support.hand_built import series
from tests.support.incident_records import demo_incident
from tests.support.mcp import deps_with, text_of, tool_client
from tests.support.memory_journal import MemoryJournal
from tests.support.slow_prometheus import KINDS, SlowPrometheus
from tests.support.virtual_time import VirtualTimeLoop

pytestmark = pytest.mark.anyio

DEADLINE_SECONDS = 50.0
HOURS = 48


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualTimeLoop}


@cache
def cart() -> tuple[Samples, ...]:
    return tuple(
        series(
            {"__name__": "http_requests_total", "service": "cart", "code": code},
            [each * minute for minute in range(HOURS * 60 + 1)],
            every_seconds=60,
        )
        for code, each in (("200", 597.0), ("500", 3.0))
    )


async def answered(**trouble: Any) -> dict[str, Any]:
    journal = MemoryJournal()
    await demo_incident(journal)
    source = SlowPrometheus(FakePrometheus(cart()), **trouble).source()
    async with tool_client(deps_with(source, journal=journal)) as client:
        started = anyio.current_time()
        result = await client.call_tool("report_reliability", {"service": "cart", "window": "1d"})
        assert anyio.current_time() - started < DEADLINE_SECONDS
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return result.structured_content


async def test_a_source_that_takes_6_s_for_each_answer_is_read_in_full() -> None:
    """By hand: 3 of 600 fail."""
    answer = await answered(seconds=6.0)
    assert answer["availability"][0]["ratio"] == pytest.approx(0.995, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
async def test_silence_on_one_kind_of_question_costs_no_more_than_that(kind: str) -> None:
    answer = await answered(seconds=1.0, hangs=lambda path, _query: path.endswith(kind))
    assert answer["incident_count"] == 0
    assert bool(answer["availability"]) == (kind not in ("/query_range", "/series"))
    if kind == "/query_range":
        assert any(line.startswith("availability of") for line in answer["left_out"])
        assert any(line.startswith("alert volume") for line in answer["left_out"])


async def test_alerts_that_hang_leave_availability_alone() -> None:
    answer = await answered(hangs=lambda _path, query: "ALERTS" in query)
    assert answer["availability"][0]["ratio"] == pytest.approx(0.995, abs=1e-6)
    assert any("alert volume: prod did not answer within the 20 s" in line for line in answer["left_out"])


async def test_a_hanging_slo_leaves_the_others_alone(tmp_path: Path) -> None:
    from tests.support.slo_documents import slo_document

    for name, metric in (("good", "http_requests_total"), ("stuck", "stuck_total")):
        ratio = {"bad": f'{metric}{{code="500"}}', "total": metric}
        (tmp_path / f"{name}.yaml").write_text(slo_document(name=name, ratio=ratio, objective=0.99))
    source = SlowPrometheus(FakePrometheus(cart()), hangs=lambda _path, query: "stuck" in query).source(
        timeout_seconds=120.0
    )
    deps = deps_with(source, journal=MemoryJournal(), slo_folder=tmp_path)
    async with tool_client(deps) as client:
        result = await client.call_tool("report_reliability", {"window": "1d"})
    assert result.structured_content is not None
    assert [row["slo"] for row in result.structured_content["availability"]] == ["good"]
    assert any('availability by "stuck"' in line for line in result.structured_content["left_out"])
