"""A Prometheus without a process: the HTTP API over samples in memory, which fails when it is told to.

    fake = FakePrometheus([samples_of_up])
    source = PrometheusClient(Endpoint("http://fake.invalid"), transport=fake.transport())

PromQL is evaluated by `sre.core.promql`. The contract tests ask the fake and a real Prometheus the same questions.
"""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import parse_qsl, unquote

import httpx
import numpy as np

from connectors.http import Json
from connectors.http.fake import FakeSystem
from connectors.prometheus.split import MAX_POINTS
from sre.core.errors import InputError, RefusedError
from sre.core.labels import Labels
from sre.core.promql import EvaluationOptions, Matcher, evaluate_instant, evaluate_range, parse, parse_selector, selects
from sre.core.series import Grid, InstantResult, Samples, SeriesSet

_PREFIX = "/api/v1"
_BUILD: Json = {"version": "2.42.0", "revision": "fake", "goVersion": "go0"}


class FakePrometheus(FakeSystem):
    """Answers `httpx` requests as Prometheus would.

    Args:
        samples: What has been scraped.
        told: Data of the paths that do not come from samples, such as `/rules`, `/alerts`, `/targets`, `/metadata`.
        options: Dialect of PromQL; Prometheus 2 unless told otherwise.
    """

    def __init__(
        self,
        samples: Iterable[Samples] = (),
        *,
        told: Mapping[str, Json] | None = None,
        options: EvaluationOptions | None = None,
    ) -> None:
        super().__init__()
        self._store = _Store(tuple(samples))
        self._told: dict[str, Json] = {"/status/buildinfo": _BUILD, "/metadata": {}, **(told or {})}
        self._options = options or EvaluationOptions(left_open=False)

    def _response(self, request: httpx.Request) -> httpx.Response:
        path = unquote(request.url.path).partition(_PREFIX)[2]
        try:
            return _success(self._data(path, _Params(request)))
        except _ApiError as error:
            return error.response()

    def _data(self, path: str, params: "_Params") -> Json:
        if path in self._told:
            return self._chosen(path, params)
        if path == "/query":
            return self._instant(params)
        if path == "/query_range":
            return self._range(params)
        matching = self._store.alive(params)
        if path == "/series":
            return [dict(labels) for labels in matching]
        if path == "/labels":
            return [*sorted({name for labels in matching for name in labels})]
        if path.startswith("/label/") and path.endswith("/values"):
            name = path.removeprefix("/label/").removesuffix("/values")
            return [*sorted({labels[name] for labels in matching if name in labels})]
        raise _ApiError(404, "not_found", "no such path")

    def _chosen(self, path: str, params: "_Params") -> Json:
        data, metric = self._told[path], params.first("metric")
        if path == "/metadata" and metric and isinstance(data, dict):
            return {name: families for name, families in data.items() if name == metric}
        return data

    def _instant(self, params: "_Params") -> Json:
        query = params.query()
        at_ms = params.milliseconds("time") if params.first("time") else self._store.end_ms
        try:
            result = evaluate_instant(query, store=self._store, at_ms=at_ms, options=self._options)
        except (InputError, RefusedError) as error:
            raise _ApiError(422, "execution", error.message) from None
        return {**_instant_json(result), **params.stats(result.samples_read or 0)}

    def _range(self, params: "_Params") -> Json:
        query, start_ms, end_ms, step_ms = (params.query(), *map(params.milliseconds, ("start", "end", "step")))
        if end_ms < start_ms or step_ms <= 0:
            raise _ApiError(400, "bad_data", "invalid parameter: no such range")
        if (end_ms - start_ms) // step_ms > MAX_POINTS:
            raise _ApiError(400, "bad_data", "exceeded maximum resolution of 11,000 points per timeseries")
        grid = Grid(start_ms, step_ms, (end_ms - start_ms) // step_ms + 1)
        if parse(query).value_type not in {"vector", "scalar"}:
            raise _ApiError(400, "bad_data", "invalid expression type for range query")
        try:
            found = evaluate_range(query, store=self._store, grid=grid, options=self._options)
        except (InputError, RefusedError) as error:
            raise _ApiError(422, "execution", error.message) from None
        return {"resultType": "matrix", "result": _matrix_json(found.series), **params.stats(found.samples_read)}


class _ApiError(Exception):
    """What Prometheus answers instead of data."""

    def __init__(self, status: int, error_type: str, text: str) -> None:
        super().__init__(text)
        self._status = status
        self._body = {"status": "error", "errorType": error_type, "error": text}

    def response(self) -> httpx.Response:
        return httpx.Response(self._status, json=self._body)


class _Params:
    """The parameters of a request, from its address and its form."""

    def __init__(self, request: httpx.Request) -> None:
        form = parse_qsl(request.content.decode(), keep_blank_values=True)
        self._pairs = [*request.url.params.multi_items(), *form]

    def first(self, name: str) -> str:
        return next((value for key, value in self._pairs if key == name), "")

    def query(self) -> str:
        text = self.first("query")
        try:
            parse(text)
        except (InputError, RefusedError) as error:
            raise _ApiError(400, "bad_data", f'invalid parameter "query": parse error: {error.message}') from None
        return text

    def milliseconds(self, name: str) -> int:
        try:
            return round(float(self.first(name)) * 1000)
        except ValueError:
            raise _ApiError(400, "bad_data", f'invalid parameter "{name}": cannot parse it') from None

    def matchers(self) -> list[tuple[Matcher, ...]]:
        texts = [value for key, value in self._pairs if key == "match[]"]
        try:
            return [parse_selector(text) for text in texts]
        except (InputError, RefusedError) as error:
            raise _ApiError(400, "bad_data", f'invalid parameter "match[]": parse error: {error.message}') from None

    def stats(self, samples_read: int) -> dict[str, Json]:
        if not self.first("stats"):
            return {}
        return {"stats": {"samples": {"totalQueryableSamples": samples_read}}}


class _Store:
    """Samples in memory, found by trying each series."""

    def __init__(self, samples: Sequence[Samples]) -> None:
        self._samples = samples

    @property
    def end_ms(self) -> int:
        """When the last sample was: the now of this Prometheus."""
        return max((int(one.timestamps_ms[-1]) for one in self._samples), default=0)

    def select(self, matchers: Sequence[Matcher], *, start_ms: int, end_ms: int) -> Sequence[Samples]:
        """Return the series that pass all matchers and have samples in the window."""
        return [one for one in self._samples if selects(tuple(matchers), one.labels) and _lives(one, start_ms, end_ms)]

    def alive(self, params: _Params) -> list[Labels]:
        """Return the label sets that pass any of the selectors; all where there is none."""
        window = (params.milliseconds("start"), params.milliseconds("end"))
        wanted = params.matchers()
        found = [one.labels for one in self._samples if _lives(one, *window)]
        return [labels for labels in found if not wanted or any(selects(matchers, labels) for matchers in wanted)]


def _lives(samples: Samples, start_ms: int, end_ms: int) -> bool:
    return bool(np.any((samples.timestamps_ms >= start_ms) & (samples.timestamps_ms <= end_ms)))


def _success(data: Json) -> httpx.Response:
    return httpx.Response(200, json={"status": "success", "data": data})


def _instant_json(result: InstantResult) -> dict[str, Json]:
    at = result.at_ms / 1000
    match result.kind:
        case "scalar":
            return {"resultType": "scalar", "result": [at, _number(result.values[0])]}
        case "string":
            return {"resultType": "string", "result": [at, result.text]}
        case "matrix":
            return {"resultType": "matrix", "result": [_raw_json(one) for one in result.samples]}
    pairs = zip(result.labels, result.values, strict=True)
    vector: list[Json] = [{"metric": dict(labels), "value": [at, _number(value)]} for labels, value in pairs]
    return {"resultType": "vector", "result": vector}


def _raw_json(samples: Samples) -> Json:
    pairs = zip(samples.timestamps_ms, samples.values, strict=True)
    return {"metric": dict(samples.labels), "values": [[int(at) / 1000, _number(value)] for at, value in pairs]}


def _matrix_json(series: SeriesSet) -> Json:
    times = series.grid.times_ms()
    rows = zip(series.labels, series.values, series.present, strict=True)
    return [_raw_json(Samples(labels, times[there], values[there])) for labels, values, there in rows]


def _number(value: float) -> str:
    """Return a sample value as Prometheus spells it."""
    number = float(value)
    if np.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    return "NaN" if np.isnan(number) else repr(number)
