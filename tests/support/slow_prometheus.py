"""A Prometheus in memory that takes its time: for all questions alike, or for those of one kind."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, unquote

import anyio
import httpx

from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from connectors.prometheus.fake import FakePrometheus

# Kinds of questions, by the end of their path.
KINDS = ("/query", "/query_range", "/series", "/labels", "/values", "/metadata")


class SlowPrometheus(httpx.AsyncBaseTransport):
    """Stands between a client and a fake.

    Args:
        seconds: How long each answer takes.
        hangs: Whether a question is never answered.
        fails: The answer to a question in place of the right one, or None.
    """

    def __init__(
        self,
        fake: FakePrometheus,
        *,
        seconds: float = 0.0,
        hangs: Callable[[str, str], bool] = lambda _path, _query: False,
        fails: Callable[[str, str], httpx.Response | None] = lambda _path, _query: None,
    ) -> None:
        self._inner = fake.transport()
        self._seconds, self._hangs, self._fails = seconds, hangs, fails

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer late, never, or wrongly."""
        path, query = unquote(request.url.path), _params(request).get("query", "")
        if self._hangs(path, query):
            await anyio.sleep_forever()
        await anyio.sleep(self._seconds)
        failure = self._fails(path, query)
        return failure or await self._inner.handle_async_request(request)

    def source(self, *, name: str = "prod", timeout_seconds: float = 30.0) -> PrometheusClient:
        """Return a client that asks through this."""
        endpoint = Endpoint("http://fake.invalid", timeout_seconds=timeout_seconds)
        return PrometheusClient(endpoint, name=name, transport=self)


def _params(request: httpx.Request) -> Mapping[str, str]:
    return dict([*request.url.params.multi_items(), *parse_qsl(request.content.decode())])
