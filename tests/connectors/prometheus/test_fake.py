"""The fake itself: what the contract tests cannot see."""

import httpx
import pytest

from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from connectors.prometheus.fake import FakePrometheus
from sre.core.errors import UnavailableError
from sre.core.telemetry import MetricMetadata

pytestmark = pytest.mark.anyio


async def test_faults_come_first_and_in_order_and_then_it_answers() -> None:
    """Our choice."""
    fake = FakePrometheus()
    fake.faults.extend([httpx.Response(500, text="one"), httpx.ConnectError("two")])
    source = PrometheusClient(Endpoint("http://fake.invalid"), transport=fake.transport())
    with pytest.raises(UnavailableError, match="one"):
        await source.build_info()
    with pytest.raises(UnavailableError, match="cannot be reached"):
        await source.build_info()
    assert (await source.build_info()).product == "prometheus"
    assert [request.url.path for request in fake.requests] == ["/api/v1/status/buildinfo"] * 3


async def test_it_tells_what_it_was_given() -> None:
    """Our choice: rules, alerts, targets and metadata do not come from samples."""
    told = {
        "/rules": {"groups": [{"name": "g", "rules": [{"type": "recording", "name": "a", "query": "b"}]}]},
        "/alerts": {"alerts": [{"labels": {"alertname": "x"}, "state": "pending"}]},
        "/targets": {"activeTargets": [{"labels": {"job": "j"}}]},
        "/metadata": {"a": [{"type": "gauge"}], "b": [{"type": "counter"}]},
    }
    source = PrometheusClient(Endpoint("http://fake.invalid"), transport=FakePrometheus(told=told).transport())
    assert (await source.rules())[0].name == "a"
    assert (await source.alerts())[0].state == "pending"
    assert (await source.targets())[0].job == "j"
    assert await source.metadata("b") == {"b": MetricMetadata("counter")}
