"""Every request we send and every answer of the fake, held to the published API document of Alertmanager.

The document (Swagger 2.0, whose schemas are JSON Schema draft 4) is not part of this repository; without it the tests
are skipped.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft4Validator, ValidationError

from connectors.alertmanager import AlertmanagerClient
from connectors.http import Endpoint
from sre.core.alerts import LabelMatcher
from sre.core.times import Window
from tests.connectors.alertmanager.conftest import fake_like_config

pytestmark = pytest.mark.anyio

SPEC = Path(__file__).resolve().parents[4] / "shared" / "specs" / "alertmanager-v2.json"


class Held:
    """A transport in front of the fake that fails where a request or an answer is not as the document says."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.fake = fake_like_config()
        self.checked: list[str] = []
        self._document = document

    def transport(self) -> httpx.MockTransport:
        inner = self.fake.transport().handler

        def handled(request: httpx.Request) -> httpx.Response:
            operation = self._document["paths"][request.url.path][request.method.lower()]
            self._check_request(operation, request)
            answer = inner(request)
            assert isinstance(answer, httpx.Response)
            self._check(operation["responses"][str(answer.status_code)]["schema"], json.loads(answer.content))
            self.checked.append(f"{request.method} {request.url.path}")
            return answer

        return httpx.MockTransport(handled)

    def _check_request(self, operation: dict[str, Any], request: httpx.Request) -> None:
        known = {one["name"]: one for one in operation.get("parameters", []) if "name" in one}
        for name, value in request.url.params.multi_items():
            assert known[name]["in"] == "query"
            assert known[name]["type"] != "boolean" or value in {"true", "false"}
        bodies = [one for one in known.values() if one["in"] == "body"]
        assert bool(bodies) == bool(request.content)
        for body in bodies:
            assert request.headers["content-type"] == "application/json"
            self._check(body["schema"], json.loads(request.content))

    def _check(self, schema: dict[str, Any], value: Any) -> None:
        Draft4Validator({**schema, "definitions": self._document["definitions"]}).validate(value)


@pytest.fixture
def held() -> Held:
    if not SPEC.is_file():
        pytest.skip("the API document of Alertmanager is not here")
    return Held(json.loads(SPEC.read_text(encoding="utf-8")))


async def test_what_we_ask_and_what_the_fake_answers_is_as_published(held: Held) -> None:
    """Source: prometheus/alertmanager, api/v2/openapi.yaml."""
    client = AlertmanagerClient(Endpoint("http://fake.invalid"), transport=held.transport())
    held.fake.fire(alertname="A", service="s", severity="page", annotations={"summary": "x"})
    held.fake.fire(alertname="B", service="s", severity="ticket", generator_url="http://prometheus/graph")
    await client.build_info()
    now = datetime.now(tz=UTC)
    matchers = [LabelMatcher("alertname", "A|B", is_regex=True), LabelMatcher("service", "x", is_equal=False)]
    window = Window(now, now + timedelta(hours=1))
    await client.create_silence(matchers, window=window, created_by="me", comment="why")
    assert len(await client.notified_alerts()) == 2
    assert len(await client.silences()) == 1
    assert held.checked == [
        "GET /api/v2/status",
        "POST /api/v2/silences",
        "GET /api/v2/alerts",
        "GET /api/v2/alerts/groups",
        "GET /api/v2/silences",
    ]


async def test_a_request_that_is_wrong_would_be_noticed(held: Held) -> None:
    """Our choice: a check that cannot fail checks nothing."""
    client = AlertmanagerClient(Endpoint("http://fake.invalid"), transport=held.transport())
    now = datetime.now(tz=UTC)
    with pytest.raises(ValidationError):
        await client.create_silence([], window=Window(now, now + timedelta(hours=1)), created_by="me", comment="why")
