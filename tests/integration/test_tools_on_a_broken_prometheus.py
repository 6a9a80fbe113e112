"""Every reading tool against a Prometheus that fails in each way: a clear error, in time, and no secret in it."""

import anyio
import pytest

from connectors.http import BearerToken, Endpoint
from connectors.prometheus import PrometheusClient
from tests.support.broken_server import MODES, Mode, broken_server
from tests.support.mcp import deps_with, text_of, tool_client

TOKEN = "secret-token-for-the-broken-one"
TIMEOUT_SECONDS = 1.0
CALL_SECONDS = 30

CALLS = {
    "query_prometheus": {"query": "up"},
    "find_metrics": {"search": "requests"},
    "check_service_health": {"service": "checkout"},
    "compute_error_budget": {"objective": 0.999, "window": "1d", "total": "requests_total", "bad": "errors_total"},
    "forecast_capacity": {"query": "disk_free_bytes", "horizon": "30d"},
}


@pytest.mark.anyio
@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "echo_secrets"])
@pytest.mark.parametrize("tool", sorted(CALLS))
async def test_a_broken_prometheus_is_a_clear_error(tool: str, mode: Mode) -> None:
    with broken_server(mode) as url:
        endpoint = Endpoint(url, timeout_seconds=TIMEOUT_SECONDS, auth=BearerToken(TOKEN), max_body_bytes=1024 * 1024)
        source = PrometheusClient(endpoint, name="prod")
        with anyio.fail_after(CALL_SECONDS):
            async with tool_client(deps_with(source)) as client:
                result = await client.call_tool(tool, CALLS[tool])
    text = text_of(result)
    assert result.is_error, text
    assert text.startswith("[upstream_"), text
    assert "System: prod" in text
    assert "Next: " in text
    assert TOKEN not in text


@pytest.mark.anyio
@pytest.mark.parametrize("tool", sorted(CALLS))
async def test_a_refusal_that_repeats_our_headers_gives_no_secret_away(tool: str) -> None:
    with broken_server("echo_secrets") as url:
        source = PrometheusClient(Endpoint(url, timeout_seconds=TIMEOUT_SECONDS, auth=BearerToken(TOKEN)), name="prod")
        async with tool_client(deps_with(source)) as client:
            result = await client.call_tool(tool, CALLS[tool])
    assert result.is_error
    assert TOKEN not in text_of(result)


@pytest.mark.anyio
async def test_a_postmortem_survives_without_its_live_data() -> None:
    """The facts were given by a person and must not be lost because a system is down."""
    arguments = {
        "title": "Checkout fails",
        "start": "2026-10-29T14:05:00Z",
        "end": "2026-10-29T15:00:00Z",
        "services": ["checkout"],
    }
    with broken_server("503") as url:
        source = PrometheusClient(Endpoint(url, timeout_seconds=TIMEOUT_SECONDS), name="prod")
        async with tool_client(deps_with(source)) as client:
            result = await client.call_tool("draft_postmortem", arguments)
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    assert "Checkout fails" in result.structured_content["markdown"]
    assert any("prod" in warning for warning in result.structured_content["warnings"])
