"""The same configuration in a fake and in a real Alertmanager."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connectors.alertmanager import AlertmanagerClient
from connectors.alertmanager.fake import FakeAlertmanager, Inhibition
from connectors.http import Endpoint
from tests.support.real_alertmanager import running_alertmanager

CONFIG = """\
route:
  receiver: pages
  group_by: [alertname, service]
  group_wait: 0s
receivers:
  - name: pages
inhibit_rules:
  - source_matchers: [severity="page"]
    target_matchers: [severity="ticket"]
    equal: [service]
"""


def fake_like_config() -> FakeAlertmanager:
    """Return a fake that is set up as `CONFIG` says."""
    inhibition = Inhibition({"severity": "page"}, {"severity": "ticket"}, ("service",))
    return FakeAlertmanager(
        now=lambda: datetime.now(tz=UTC), group_by=("alertname", "service"), inhibitions=[inhibition]
    )


@dataclass
class Subject:
    """An Alertmanager to ask, and the way alerts get into it."""

    client: AlertmanagerClient
    post: Callable[[list[dict[str, Any]]], None]

    def fire(self, annotations: Mapping[str, str] | None = None, **labels: str) -> None:
        self.post([{"labels": labels, "annotations": dict(annotations or {})}])


@pytest.fixture(scope="session")
def real_url() -> Iterator[str]:
    with running_alertmanager(config=CONFIG) as url:
        yield url


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real_prometheus)])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    if request.param == "fake":
        transport: Any = fake_like_config().transport()
        base = "http://fake.invalid"
    else:
        transport, base = None, request.getfixturevalue("real_url")
    client = AlertmanagerClient(Endpoint(base), transport=transport)
    with httpx.Client(base_url=base, transport=transport, trust_env=False) as http:

        def post(alerts: list[dict[str, Any]]) -> None:
            assert http.post("/api/v2/alerts", json=alerts).status_code == httpx.codes.OK

        yield Subject(client, post)
    await client.aclose()
