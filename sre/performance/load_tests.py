"""End-of-test summaries of k6, read into one value a metric and run.

Three shapes are in use: that of `--summary-export` (metric -> its figures), the data handed to `handleSummary`
(metric -> type, contains, values), and the machine-readable one of newer versions (results.metrics, a list; counters
without their rate, which is the count over the length of the test). In a rate metric `passes` (`matches`) counts the
values that were true, so the passes of `http_req_failed` are failures; only its share is used here.

Source: Grafana k6 documentation, "End of test", "Custom summary" and "Built-in metrics"; k6 source,
internal/lib/summary/machine_readable.go.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sre.core.errors import InputError
from sre.performance.model import BadDirection

_PERCENTILES = ("med", "p(90)", "p(95)", "p(99)")
_GOOD_RATES = frozenset({"checks", "checks_succeeded"})
_BAD_COUNTERS = frozenset({"dropped_iterations"})
# What a run was made with, and what follows from it; not how well it went.
_SETTINGS = frozenset(
    {
        "checks_total",
        "checks_failed",
        "vus",
        "vus_max",
        "iteration_duration",
        "data_sent",
        "data_received",
        "group_duration",
    }
)
_MOST_METRICS = 40
# k6 measures times in milliseconds; custom trends without `contains: time` have no unit.
_TIMES = frozenset({"time"})


@dataclass(frozen=True, slots=True)
class LoadTestMetric:
    """One figure of a load test.

    Attributes:
        name: Of the metric and the figure, `http_req_duration p(95)`; text from outside.
        unit: `seconds`, `per_second`, `ratio` or empty.
        bad: None where the metric's name does not tell.
        values: One a run; None where a run lacks it.
    """

    name: str
    unit: str
    bad: BadDirection | None
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class _Figure:
    unit: str
    bad: BadDirection | None
    value: float


def is_summary(document: object) -> bool:
    """Return whether this looks like a summary of k6."""
    return isinstance(document, Mapping) and (
        isinstance(document.get("metrics"), Mapping) or isinstance(_inner(document, "results").get("metrics"), list)
    )


def load_test_metrics(
    before: Sequence[Mapping[str, object]], after: Sequence[Mapping[str, object]]
) -> list[tuple[LoadTestMetric, LoadTestMetric]]:
    """Return the metrics that runs before and after both have, times in seconds.

    Raises:
        InputError: They have no metric in common.
    """
    old, new = [_figures(run) for run in before], [_figures(run) for run in after]
    shared = [name for name in _names(old) if name in _names(new)]
    if not shared:
        raise InputError(
            "The load tests before and after have no metric in common.",
            field="after",
            next_steps=("pass summaries of the same script: `k6 run --summary-export=run.json script.js`",),
        )
    return [(_metric(name, old), _metric(name, new)) for name in shared[:_MOST_METRICS]]


def _names(runs: Sequence[Mapping[str, _Figure]]) -> list[str]:
    return list(dict.fromkeys(name for run in runs for name in run))


def _metric(name: str, runs: Sequence[Mapping[str, _Figure]]) -> LoadTestMetric:
    figures = [run.get(name) for run in runs]
    known = next(one for one in figures if one is not None)
    return LoadTestMetric(name, known.unit, known.bad, tuple(None if one is None else one.value for one in figures))


def _figures(run: Mapping[str, object]) -> dict[str, _Figure]:
    found: dict[str, _Figure] = {}
    seconds = _number(_inner(run, "config").get("duration"))
    for name, entry in _entries(run):
        plain = name.split("{", 1)[0]
        if plain not in _SETTINGS:
            found |= _of_metric(name, plain, entry, seconds)
    return found


def _entries(run: Mapping[str, object]) -> list[tuple[str, Mapping[str, object]]]:
    metrics = run.get("metrics")
    if isinstance(metrics, Mapping):
        return [(str(name), entry) for name, entry in metrics.items() if isinstance(entry, Mapping)]
    results = _inner(run, "results")
    listed = [results.get("metrics"), _inner(results, "checks").get("metrics")]
    every = [entry for part in listed if isinstance(part, list) for entry in part]
    return [(str(entry.get("name")), entry) for entry in every if isinstance(entry, Mapping)]


def _inner(document: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = document.get(key)
    return found if isinstance(found, Mapping) else {}


def _of_metric(name: str, plain: str, entry: Mapping[str, object], seconds: float | None) -> dict[str, _Figure]:
    values = entry.get("values", entry)
    if not isinstance(values, Mapping):
        return {}
    trend = {figure: number for figure in _PERCENTILES if (number := _number(values.get(figure))) is not None}
    if trend:
        return _trend(name, plain, entry, trend)
    share = _share(values)
    if share is not None:
        return {name: _Figure("ratio", "down" if plain in _GOOD_RATES else _bad_share(plain), share)}
    rate, count = _number(values.get("rate")), _number(values.get("count"))
    if rate is None and count is not None and seconds:
        rate = count / seconds
    if rate is not None:
        return {name: _Figure("per_second", "up" if plain in _BAD_COUNTERS else "down", rate)}
    return {}


def _trend(name: str, plain: str, entry: Mapping[str, object], figures: Mapping[str, float]) -> dict[str, _Figure]:
    is_time = entry.get("contains") in _TIMES or (plain.startswith(("http_", "grpc_", "ws_", "browser_")))
    unit, factor = ("seconds", 0.001) if is_time else ("", 1.0)
    return {
        f"{name} {figure}": _Figure(unit, "up" if is_time else None, factor * value)
        for figure, value in figures.items()
    }


def _share(values: Mapping[str, object]) -> float | None:
    """Return the share of true values of a rate metric, else None."""
    if "matches" in values:
        return _number(values.get("rate"))
    if "passes" not in values or "fails" not in values:
        return None
    given = _number(values.get("value", values.get("rate")))
    passes, fails = _number(values["passes"]), _number(values["fails"])
    if given is not None or passes is None or fails is None or passes + fails == 0:
        return given
    return passes / (passes + fails)


def _bad_share(plain: str) -> BadDirection | None:
    return "up" if "fail" in plain or "error" in plain else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
