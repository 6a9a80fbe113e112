"""A fake Grafana, and the connector in front of it."""

from collections.abc import AsyncIterator

import pytest

from connectors.grafana import GrafanaClient
from connectors.grafana.fake import FakeGrafana
from connectors.http import BearerToken, Endpoint, Pacing

SECRET = "glsa-s3cret-Token-42"


async def no_wait(_: float) -> None:
    return


@pytest.fixture
def fake() -> FakeGrafana:
    return FakeGrafana(folders={"sre": "SRE", "shop": "Shop"}, token=SECRET)


@pytest.fixture
async def client(fake: FakeGrafana) -> AsyncIterator[GrafanaClient]:
    endpoint = Endpoint("http://fake.invalid", auth=BearerToken(SECRET))
    made = GrafanaClient(endpoint, transport=fake.transport(), pacing=Pacing(sleep=no_wait))
    yield made
    await made.aclose()


MODEL: dict[str, object] = {
    "uid": "slo-checkout",
    "title": "SLO checkout",
    "tags": ["sre-mcp"],
    "schemaVersion": 42,
    "panels": [],
}
