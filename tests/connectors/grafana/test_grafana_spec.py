"""Every request we send and every answer of the fake, held to a written contract of Grafana's API.

The contract (OpenAPI 3.0, written from the HTTP API documentation) is not part of this repository; without it the tests
are skipped.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator, ValidationError

from connectors.grafana import GrafanaClient
from connectors.grafana.fake import FakeGrafana
from connectors.http import BearerToken, Endpoint
from sre.core.times import Window
from tests.connectors.grafana.conftest import MODEL, SECRET

pytestmark = pytest.mark.anyio

SPEC = Path(__file__).resolve().parents[4] / "shared" / "specs" / "grafana-contract.json"


class Held:
    """A transport in front of the fake that fails where a request or an answer is not as the contract says."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.fake = FakeGrafana(folders={"sre": "SRE"}, token=SECRET)
        self.checked: list[str] = []
        self._paths = document["paths"]

    def transport(self) -> httpx.MockTransport:
        inner = self.fake.transport().handler

        def handled(request: httpx.Request) -> httpx.Response:
            path, operation = self._operation(request)
            self._check_request(operation, request)
            answer = inner(request)
            assert isinstance(answer, httpx.Response)
            told = operation["responses"].get(str(answer.status_code))
            if told is not None:
                _check(told["content"]["application/json"]["schema"], json.loads(answer.content))
            self.checked.append(f"{request.method} {path} {answer.status_code}")
            return answer

        return httpx.MockTransport(handled)

    def _operation(self, request: httpx.Request) -> tuple[str, dict[str, Any]]:
        for path, operations in self._paths.items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", path)
            if re.fullmatch(pattern, request.url.path) and request.method.lower() in operations:
                return path, operations[request.method.lower()]
        raise AssertionError(f"no such operation: {request.method} {request.url.path}")

    def _check_request(self, operation: dict[str, Any], request: httpx.Request) -> None:
        known = {one["name"]: one for one in operation.get("parameters", []) if one["in"] == "query"}
        for name, value in request.url.params.multi_items():
            schema = known[name]["schema"]
            _check(schema, int(value) if schema["type"] == "integer" else value)
        assert ("requestBody" in operation) == bool(request.content)
        if request.content:
            assert request.headers["content-type"] == "application/json"
            _check(operation["requestBody"]["content"]["application/json"]["schema"], json.loads(request.content))


def _check(schema: dict[str, Any], value: Any) -> None:
    Draft202012Validator(_without_nullable(schema)).validate(value)


def _without_nullable(schema: Any) -> Any:
    """Return a schema of OpenAPI 3.0 as JSON Schema, where null is a type."""
    if isinstance(schema, list):
        return [_without_nullable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _without_nullable(item) for name, item in schema.items() if name != "nullable"}
    return {**plain, "type": [plain["type"], "null"]} if schema.get("nullable") else plain


@pytest.fixture
def held() -> Held:
    if not SPEC.is_file():
        pytest.skip("the contract of Grafana's API is not here")
    return Held(json.loads(SPEC.read_text(encoding="utf-8")))


async def test_what_we_ask_and_what_the_fake_answers_is_as_agreed(held: Held) -> None:
    """Source: Grafana HTTP API documentation."""
    client = GrafanaClient(Endpoint("http://fake.invalid", auth=BearerToken(SECRET)), transport=held.transport())
    await client.build_info()
    assert len(await client.folders()) == 1
    assert await client.dashboard("slo-checkout") is None
    await client.save_dashboard(MODEL, folder_uid="sre", message="why", replaces=0)
    assert await client.dashboard("slo-checkout") is not None
    await client.save_dashboard(MODEL, folder_uid="", message="", replaces=1)
    start = datetime(2026, 10, 29, 14, tzinfo=UTC)
    held.fake.annotate(start, "deploy", tags=["deploy"])
    assert len(await client.annotations(window=Window(start, start + timedelta(hours=1)), limit=10)) == 1
    assert held.checked == [
        "GET /api/health 200",
        "GET /api/search 200",
        "GET /api/search 200",
        "GET /api/dashboards/uid/{uid} 404",
        "POST /api/dashboards/db 200",
        "GET /api/dashboards/uid/{uid} 200",
        "POST /api/dashboards/db 200",
        "GET /api/annotations 200",
    ]


async def test_a_request_that_is_wrong_would_be_noticed(held: Held) -> None:
    """Our choice: a check that cannot fail checks nothing."""
    client = GrafanaClient(Endpoint("http://fake.invalid", auth=BearerToken(SECRET)), transport=held.transport())
    with pytest.raises(ValidationError):
        await client.save_dashboard({**MODEL, "uid": "x" * 41}, folder_uid="", message="", replaces=0)
