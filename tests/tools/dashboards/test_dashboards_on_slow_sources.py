"""A source that is slow, or silent for one kind of question: the dashboard comes in time and says what was not tried."""

from typing import Any

import anyio
import pytest

from connectors.prometheus.fake import FakePrometheus
from tests.support.mcp import deps_with, text_of, tool_client
from tests.support.slo_documents import slo_document
from tests.support.slow_prometheus import SlowPrometheus
from tests.support.virtual_time import VirtualTimeLoop
from tests.tools.test_slow_sources import DEADLINE_SECONDS, cart, hanging

pytestmark = pytest.mark.anyio

SLO = slo_document(ratio={"bad": 'http_requests_total{code="500"}', "total": "http_requests_total"})
RULES = "groups: [{name: a, rules: [{alert: Slow, expr: 'http_request_duration_seconds_count > 5'}]}]"
SUBJECTS: dict[str, dict[str, str]] = {"service": {"service": "cart"}, "slo": {"slo": SLO}, "rules": {"rules": RULES}}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualTimeLoop}


async def result_of(subject: str, **trouble: Any) -> tuple[bool, dict[str, Any], str]:
    source = SlowPrometheus(FakePrometheus(cart()), **trouble).source()
    async with tool_client(deps_with(source)) as client:
        started = anyio.current_time()
        result = await client.call_tool("generate_dashboard", SUBJECTS[subject])
        assert anyio.current_time() - started < DEADLINE_SECONDS
    return result.is_error, result.structured_content or {}, text_of(result)


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("kind", ["/query", "/query_range", "/series", "/labels"])
async def test_silence_for_one_kind_of_question_costs_only_what_it_would_have_answered(subject: str, kind: str) -> None:
    """Source: design.md, 3, time limits; a service cannot be found without its series."""
    is_error, answer, text = await result_of(subject, hangs=hanging(kind))
    if subject == "service" and kind == "/series":
        assert is_error
        assert text.startswith("[upstream_timed_out]")
        return
    assert not is_error, text
    assert answer["files"][0]["content"] is not None
    (check,) = [one for one in answer["checks"] if one["name"] == "every panel shows data"]
    silent = kind in {"/query", "/query_range"}
    assert (check["ok"] is None) == (silent and not (subject == "rules" and kind == "/query")), check
    if check["ok"] is None:
        assert "could not be tried" in answer["summary"]


async def test_labels_that_were_not_told_in_time_are_missed_aloud() -> None:
    """Our choice: rows that are not there must not look as if there was nothing to break down."""
    asked = 0

    def hangs(path: str, _query: str) -> bool:
        nonlocal asked
        asked += path.endswith("/series")
        return path.endswith("/series") and asked > 1

    is_error, answer, text = await result_of("service", hangs=hangs)
    assert not is_error, text
    assert any("No rows by route or instance" in warning for warning in answer["warnings"])


@pytest.mark.parametrize("subject", SUBJECTS)
async def test_a_source_that_takes_12_s_for_each_question_is_waited_for(subject: str) -> None:
    """Source: design.md, 3, time limits."""
    is_error, answer, text = await result_of(subject, seconds=12.0)
    assert not is_error, text
    assert answer["files"][0]["content"] is not None
