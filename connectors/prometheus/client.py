"""Prometheus and everything that speaks its HTTP API, as a source of metrics, rules and targets."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

import anyio

from connectors.http import ByteBudget, Endpoint, Pacing
from connectors.prometheus.api import PrometheusApi, Question, repeated
from sre.core.errors import BadResponseError, InputError, SreError
from sre.core.telemetry import ActiveAlert, BuildInfo, MetricMetadata, Rule, Target
from sre.core.times import Duration, Window, epoch_ms

if TYPE_CHECKING:
    import httpx

    from connectors.http import Json
    from connectors.prometheus.matrix import Points
    from sre.core.labels import Labels
    from sre.core.series import Grid, InstantResult, RangeResult

Read = TypeVar("Read")

_LEGACY_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# The source gives up a little before we do, so that it stops working and says why.
_SERVER_SHARE = 0.9
_MAX_LABEL_CHARACTERS = 1024


class PrometheusClient:
    """Implements `MetricSource`, `RuleSource` and `TargetSource` over the HTTP API.

    Nothing is opened before the first question. One client serves any number of concurrent callers on one event loop.

    Args:
        name: Name in the configuration.
        pacing, transport: Replaced in tests.
    """

    kind = "prometheus"

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        name: str = "prometheus",
        pacing: Pacing | None = None,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self.name = name
        self._api = PrometheusApi(endpoint, name=name, pacing=pacing, transport=transport)

    def __repr__(self) -> str:
        return f"PrometheusClient({self.name!r}, {self._api.endpoint.origin!r})"

    async def aclose(self) -> None:
        """Release connections."""
        await self._api.aclose()

    async def latest(self) -> datetime | None:
        """Return None: a live system, whose now is that of the clock."""
        return None

    async def coverage(self) -> Window | None:
        """Return None: there is no cheap way to ask."""
        return None

    async def sample_spacing(self) -> Duration | None:
        """Return None: there is no cheap way to ask."""
        return None

    async def build_info(self) -> BuildInfo:
        """Return product and version; where the source does not tell, a trivial query proves that it answers."""
        from connectors.prometheus.wire import read_build_info

        try:
            return await self._told(Question("/status/buildinfo"), read_build_info)
        except BadResponseError as error:
            if error.status != 404:
                raise
        await self._api.ask(Question("/query", (("query", "vector(1)"),)))
        return BuildInfo("prometheus-compatible", "unknown")

    async def instant_query(self, query: str, *, at: datetime) -> "InstantResult":
        """Evaluate PromQL at one instant."""
        from connectors.prometheus.instant import read_instant

        at_ms = epoch_ms(at)
        params = (("query", query), ("time", _seconds(at_ms)), *self._bounds())
        return await self._api.ask_decoded(
            Question("/query", params, may_post=True), decode=partial(read_instant, query=query, at_ms=at_ms)
        )

    async def range_query(self, query: str, *, window: Window, step: Duration | None = None) -> "RangeResult":
        """Evaluate PromQL over a window; one that is too long for a single request is asked in pieces and joined."""
        from connectors.prometheus.split import pieces_of
        from sre.core.series import Grid
        from sre.core.steps import default_step

        chosen = step or default_step(window)
        grid = Grid.covering(window, step_seconds=chosen.seconds)
        budget = ByteBudget(self._api.endpoint.max_body_bytes)
        asked = [partial(self._piece, query, piece, budget) for piece in pieces_of(grid, query=query)]
        return self._joined(query, await _all_of(asked), window=window, grid=grid)

    async def metadata(self, metric: str | None = None) -> Mapping[str, MetricMetadata]:
        """Return metadata by metric family; empty where the source keeps none."""
        from connectors.prometheus.wire import read_metadata

        params = (("metric", metric),) if metric else ()
        try:
            return await self._told(Question("/metadata", params), read_metadata)
        except BadResponseError as error:
            if error.status != 404:
                raise
        return {}

    async def series(
        self, matchers: Sequence[str], *, window: Window, limit: int | None = None
    ) -> "tuple[Labels, ...]":
        """Return the label sets that match any of `matchers`, at most `limit`."""
        from connectors.prometheus.wire import read_label_sets

        if not matchers:
            raise InputError("At least one series selector is needed.", field="query", valid=("up", '{job="api"}'))
        # Prometheus before 2.53 does not know the limit, so it is applied here as well.
        bound = (("limit", str(limit)),) if limit is not None else ()
        params = (*repeated("match[]", matchers), *_ends(window), *bound)
        found = await self._told(Question("/series", params, may_post=True), read_label_sets)
        return found[:limit]

    async def label_names(self, matchers: Sequence[str] = (), *, window: Window) -> tuple[str, ...]:
        """Return label names in use, sorted."""
        from connectors.prometheus.wire import read_texts

        params = (*repeated("match[]", matchers), *_ends(window))
        return await self._told(Question("/labels", params, may_post=True), read_texts)

    async def label_values(self, label: str, matchers: Sequence[str] = (), *, window: Window) -> tuple[str, ...]:
        """Return the values of one label, sorted."""
        from connectors.prometheus.wire import read_texts

        params = (*repeated("match[]", matchers), *_ends(window))
        return await self._told(Question(f"/label/{_label_in_path(label)}/values", params), read_texts)

    async def rules(self) -> tuple[Rule, ...]:
        """Return all loaded rules with their state."""
        from connectors.prometheus.wire import read_rules

        return await self._told(Question("/rules"), read_rules)

    async def alerts(self) -> tuple[ActiveAlert, ...]:
        """Return pending and firing alerts."""
        from connectors.prometheus.wire import read_alerts

        return await self._told(Question("/alerts"), read_alerts)

    async def targets(self) -> tuple[Target, ...]:
        """Return active targets with the health of their last scrape."""
        from connectors.prometheus.wire import read_targets

        return await self._told(Question("/targets", (("state", "active"),)), read_targets)

    def _bounds(self) -> tuple[tuple[str, str], ...]:
        timeout = self._api.endpoint.timeout_seconds * _SERVER_SHARE
        return (("timeout", f"{round(timeout * 1000)}ms"), ("stats", "true"))

    async def _told(self, question: Question, read: "Callable[[Json], Read]") -> Read:
        """Ask for plain data and turn it into our types, off the event loop where it is large."""
        from connectors.prometheus.envelope import read_envelope

        def decode(body: bytearray) -> Read:
            return read(read_envelope(body).data)

        return await self._api.ask_decoded(question, decode=decode)

    async def _piece(self, query: str, piece: "Grid", budget: ByteBudget) -> "Points":
        from connectors.prometheus.matrix import read_matrix

        ends = (("start", _seconds(piece.start_ms)), ("end", _seconds(piece.end_ms)))
        params = (("query", query), *ends, ("step", _seconds(piece.step_ms)), *self._bounds())
        question = Question("/query_range", params, may_post=True)
        return await self._api.ask_decoded(question, decode=read_matrix, budget=budget)

    def _joined(self, query: str, parts: "Sequence[Points]", *, window: Window, grid: "Grid") -> "RangeResult":
        from connectors.http import NotTheApiError
        from connectors.prometheus.matrix import joined
        from sre.core.series import RangeResult

        problem = ""
        try:
            series, moved = joined(parts, grid)
        except NotTheApiError as error:
            problem = error.problem
        if problem:
            raise self._api.bad(f"{self.name} {problem}.")
        warnings = dict.fromkeys((*moved, *(text for part in parts for text in part.warnings)))
        counts = [part.envelope.samples_read for part in parts]
        read = sum(count for count in counts if count is not None) if None not in counts else None
        return RangeResult(query, window, series, samples_read=read, warnings=tuple(warnings))


async def _all_of(calls: Sequence[Callable[[], Awaitable[Read]]]) -> list[Read]:
    """Run `calls` at the same time; the first error ends the others and is raised alone."""
    results: dict[int, Read] = {}
    failures: list[SreError] = []

    async def run(index: int) -> None:
        try:
            results[index] = await calls[index]()
        except SreError as error:
            failures.append(error)
            group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for index in range(len(calls)):
            group.start_soon(run, index)
    if failures:
        raise failures[0]
    return [results[index] for index in range(len(calls))]


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"


def _ends(window: Window) -> tuple[tuple[str, str], ...]:
    return (("start", _seconds(epoch_ms(window.start))), ("end", _seconds(epoch_ms(window.end))))


def _label_in_path(label: str) -> str:
    """Return a label name as a path segment; one outside the classic alphabet is spelt as Prometheus 3 wants it.

    Source:
        Prometheus, "UTF-8 in Prometheus" guide: values escaping, `U__` and each other character as its code point.
    """
    if not 0 < len(label) <= _MAX_LABEL_CHARACTERS:
        raise InputError("A label name is empty or too long.", field="label")
    if _LEGACY_LABEL.fullmatch(label):
        return quote(label, safe="")
    return "U__" + "".join(_escaped(character) for character in label)


def _escaped(character: str) -> str:
    if character == "_":
        return "__"
    return character if character.isascii() and character.isalnum() else f"_{ord(character):x}_"
