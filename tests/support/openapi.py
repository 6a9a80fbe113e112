"""A transport that lets no request and no answer through that is not as an OpenAPI 3 document says.

    held = HeldTo(document, inner=fake.transport())
    client = SomeClient(Endpoint(...), transport=held.transport())
    ...
    assert held.checked == ["GET /incidents 200"]

Without `inner` each operation answers with the example of its document.
"""

import json
import re
from functools import lru_cache
from typing import Any

import httpx
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict


class _Request:
    """An `httpx` request as openapi-core reads one."""

    def __init__(self, request: httpx.Request) -> None:
        self.host_url = f"{request.url.scheme}://{request.url.netloc.decode()}"
        self.path = request.url.path
        self.method = request.method.lower()
        self.body = request.content or None
        self.content_type = request.headers.get("content-type", "").lower()
        query = ImmutableMultiDict(request.url.params.multi_items())
        self.parameters = RequestParameters(query=query, header=Headers(list(request.headers.items())))


class _Response:
    """An `httpx` answer as openapi-core reads one."""

    def __init__(self, response: httpx.Response) -> None:
        self.status_code = response.status_code
        self.headers = Headers(list(response.headers.items()))
        self.content_type = response.headers.get("content-type", "").lower()
        self.data = response.content


@lru_cache(maxsize=8)
def _api_of(text: str) -> OpenAPI:
    """Return the reader of a document; that the document itself is in order is checked once."""
    return OpenAPI.from_dict(json.loads(text))


class HeldTo:
    """Checks what goes by.

    Attributes:
        checked: Method, path as in the document, and status of each exchange.
    """

    def __init__(self, document: dict[str, Any], *, inner: httpx.MockTransport | None = None) -> None:
        self._api = _api_of(json.dumps(document, sort_keys=True))
        self._paths = fully_read(document, document["paths"])
        self._inner = inner
        self.checked: list[str] = []

    def transport(self) -> httpx.MockTransport:
        """Return what goes in the place of the network."""
        return httpx.MockTransport(self._handled)

    def _handled(self, request: httpx.Request) -> httpx.Response:
        path, operation = self._operation(request)
        unknown = _unknown_parameters(operation, request)
        assert not unknown, f"{request.method} {path} does not know {unknown}"
        self._api.validate_request(_Request(request))
        answer = self._answer(request, operation)
        self._api.validate_response(_Request(request), _Response(answer))
        self.checked.append(f"{request.method} {path} {answer.status_code}")
        return answer

    def _answer(self, request: httpx.Request, operation: dict[str, Any]) -> httpx.Response:
        if self._inner is not None:
            answer = self._inner.handler(request)
            assert isinstance(answer, httpx.Response)
            return answer
        status, told = next(item for item in operation["responses"].items() if item[0].startswith("2"))
        return httpx.Response(int(status), json=told["content"]["application/json"]["example"])

    def _operation(self, request: httpx.Request) -> tuple[str, dict[str, Any]]:
        for path, operations in self._paths.items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", path)
            if re.fullmatch(pattern, request.url.path) and request.method.lower() in operations:
                return path, operations[request.method.lower()]
        raise AssertionError(f"no such operation: {request.method} {request.url.path}")


def _unknown_parameters(operation: dict[str, Any], request: httpx.Request) -> set[str]:
    known = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
    return set(request.url.params.keys()) - known


def fully_read(document: dict[str, Any], node: Any) -> Any:
    """Return a part of a document with every reference replaced by what it points to."""
    if isinstance(node, list):
        return [fully_read(document, item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return fully_read(document, target)
    return {name: fully_read(document, item) for name, item in node.items()}


def load(text: str) -> dict[str, Any]:
    """Return a document from JSON."""
    document: dict[str, Any] = json.loads(text)
    return document
