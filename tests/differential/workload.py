"""The samples that both Prometheus and the evaluator are asked about: made from one seed, written as OpenMetrics.

Values go through their decimal spelling once, so both sides hold the same doubles.
"""

from collections.abc import Callable, Iterator

import numpy as np

from sre.core.labels import METRIC_NAME, Labels
from sre.core.series import FloatArray, IntArray, Samples

START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
HOURS = 6
SPAN_MS = HOURS * 3_600_000
SCRAPE_MS = 15_000
SEED = 20260101


def workload() -> list[Samples]:
    """Return all series, the same at every call."""
    rng = np.random.default_rng(SEED)
    return [one for family in _FAMILIES for one in family(rng)]


def _labelled(name: str, **labels: str) -> Labels:
    return Labels({METRIC_NAME: name, **labels})


def _scrapes(rng: np.random.Generator, *, jitter_ms: int = 0, start: float = 0.0, end: float = 1.0) -> IntArray:
    """Return scrape times over a share of the span, each moved by up to `jitter_ms`."""
    begin = START_MS + int(SPAN_MS * start) + int(rng.integers(0, SCRAPE_MS))
    times = np.arange(begin, START_MS + int(SPAN_MS * end), SCRAPE_MS, dtype=np.int64)
    return times + (rng.integers(0, jitter_ms, len(times)) if jitter_ms else 0)


def _with_gaps(rng: np.random.Generator, times: IntArray, *, count: int) -> IntArray:
    """Return the times without a few stretches of 2 to 15 minutes."""
    kept = np.ones(len(times), dtype=np.bool_)
    for _ in range(count):
        begin = int(rng.integers(0, len(times)))
        kept[begin : begin + int(rng.integers(8, 60))] = False
    return times[kept]


def _counter(rng: np.random.Generator, count: int, *, resets: int, whole: bool) -> FloatArray:
    steps = rng.poisson(7.0, count).astype(float) if whole else np.round(rng.exponential(3.0, count), 4)
    total = np.cumsum(steps)
    for _ in range(resets):
        at = int(rng.integers(1, count))
        total[at:] -= total[at] - steps[at]
    return total


def _requests(rng: np.random.Generator) -> Iterator[Samples]:
    for job in ("api", "web"):
        for instance in ("a:1", "b:1", "c:2"):
            for code in ("200", "404", "500"):
                times = _with_gaps(rng, _scrapes(rng, jitter_ms=900), count=2)
                values = _counter(rng, len(times), resets=int(rng.integers(0, 4)), whole=True)
                yield Samples(_labelled("requests_total", job=job, instance=instance, code=code), times, values)


def _cpu(rng: np.random.Generator) -> Iterator[Samples]:
    for instance in ("a:1", "b:1", "c:2", "d:2"):
        times = _scrapes(rng)
        yield Samples(
            _labelled("cpu_seconds_total", instance=instance), times, _counter(rng, len(times), resets=1, whole=False)
        )


def _temperatures(rng: np.random.Generator) -> Iterator[Samples]:
    for room, level in (("cellar", -3.0), ("hall", 19.0), ("roof", 4.0)):
        for side in ("north", "south"):
            times = _with_gaps(rng, _scrapes(rng, jitter_ms=200), count=1)
            values = level + np.cumsum(rng.normal(0, 0.2, len(times)))
            yield Samples(_labelled("temperature_celsius", room=room, side=side), times, values)


def _special(rng: np.random.Generator) -> Iterator[Samples]:
    extremes = {"nan": [np.nan], "up": [np.inf], "down": [-np.inf], "mixed": [np.nan, np.inf, -np.inf]}
    for kind, odd in extremes.items():
        times = _scrapes(rng, jitter_ms=100)
        values = np.round(rng.normal(5, 20, len(times)), 3)
        hit = rng.random(len(times)) < 0.04
        values[hit] = rng.choice(odd, int(hit.sum()))
        yield Samples(_labelled("special", kind=kind), times, values)
    times = _scrapes(rng)
    yield Samples(_labelled("special", kind="all_nan"), times, np.full(len(times), np.nan))
    yield Samples(_labelled("special", kind="all_inf"), times, np.full(len(times), np.inf))


def _constants(rng: np.random.Generator) -> Iterator[Samples]:
    for value in ("0", "0.1", "-7", "1e9"):
        times = _scrapes(rng)
        yield Samples(_labelled("constant", value=value), times, np.full(len(times), float(value)))


def _pods(rng: np.random.Generator) -> Iterator[Samples]:
    lives = [("p1", 0.0, 0.4), ("p2", 0.3, 0.62), ("p3", 0.62, 1.0), ("p4", 0.1, 0.11)]
    for pod, start, end in lives:
        times = _scrapes(rng, start=start, end=end)
        values = np.round(rng.gamma(4.0, 30.0, len(times)), 2)
        yield Samples(_labelled("pod_memory_bytes", app="shop", pod=pod), times, values)
        counted = _counter(rng, len(times), resets=0, whole=True)
        yield Samples(_labelled("pod_restarts_total", app="shop", pod=pod), times, counted)


def _sparse(rng: np.random.Generator) -> Iterator[Samples]:
    for kind in ("slow", "slower"):
        gaps = rng.integers(60_000, 600_000 if kind == "slow" else 1_500_000, 300)
        times = START_MS + np.cumsum(gaps)
        times = times[times < START_MS + SPAN_MS]
        yield Samples(_labelled("sparse_value", kind=kind), times, np.round(rng.normal(0, 9, len(times)), 2))


def _queues(rng: np.random.Generator) -> Iterator[Samples]:
    for queue in ("mail", "orders", "thumbs", "video"):
        times = _scrapes(rng, jitter_ms=50)
        values = np.repeat(rng.integers(0, 4, len(times) // 5 + 1), 5)[: len(times)].astype(float)
        yield Samples(_labelled("queue_length", queue=queue), times, values)


def _infos(rng: np.random.Generator) -> Iterator[Samples]:
    for instance, versions in (("a:1", ("1.0", "1.1")), ("b:1", ("1.0",)), ("c:2", ("0.9", "1.0", "1.1"))):
        for number, version in enumerate(versions):
            times = _scrapes(rng, start=number / len(versions), end=(number + 1) / len(versions) - 0.02)
            labels = _labelled("build_info", instance=instance, version=version, team=f"team {version[0]}")
            yield Samples(labels, times, np.ones(len(times)))


def _histograms(rng: np.random.Generator) -> Iterator[Samples]:
    bounds = ("0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf")
    for path in ("/", "/cart"):
        times = _scrapes(rng)
        per_bucket = rng.poisson([3, 5, 6, 4, 2, 1, 0.3], (len(times), len(bounds)))
        counts = np.cumsum(np.cumsum(per_bucket, axis=0), axis=1).astype(float)
        for number, bound in enumerate(bounds):
            # One bucket comes late and one is broken for a while, as real histograms are now and then.
            late = slice(400 if (path, bound) == ("/cart", "0.25") else 0, None)
            values = counts[:, number].copy()
            if (path, bound) == ("/", "0.5"):
                values[500:700] -= 400
            labels = _labelled("latency_seconds_bucket", path=path, le=bound)
            yield Samples(labels, times[late], values[late])
        yield Samples(_labelled("latency_seconds_count", path=path), times, counts[:, -1])
        yield Samples(_labelled("latency_seconds_sum", path=path), times, np.round(counts[:, -1] * 0.31, 3))
    yield from _odd_histograms(rng)


def _odd_histograms(rng: np.random.Generator) -> Iterator[Samples]:
    """No +Inf bucket; negative bounds; one bound spelt twice; only +Inf; an unreadable bound; no observations."""
    odd = {
        "no_inf": {"1": 4, "2": 6},
        "negative": {"-2": 1, "-1": 3, "0": 4, "1": 9, "+Inf": 11},
        "twice": {"1": 2, "1.0": 3, "2": 7, "+Inf": 8},
        "only_inf": {"+Inf": 5},
        "unreadable": {"x": 3, "1": 4, "+Inf": 9},
        "none": {"1": 0, "2": 0, "+Inf": 0},
        "nan": {"1": 2, "2": float("nan"), "4": 5, "+Inf": 8},
    }
    for kind, buckets in odd.items():
        times = _scrapes(rng)
        for bound, count in buckets.items():
            labels = _labelled("odd_bucket", kind=kind, le=bound)
            yield Samples(labels, times, np.full(len(times), float(count)))


def _twins(rng: np.random.Generator) -> Iterator[Samples]:
    """Metrics that differ in name alone, side by side or one after the other."""
    for name, start, end in (
        ("twin_a", 0.0, 1.0),
        ("twin_b", 0.0, 1.0),
        ("early_half", 0.0, 0.45),
        ("late_half", 0.5, 1.0),
    ):
        for zone in ("x", "y"):
            times = _scrapes(rng, start=start, end=end)
            yield Samples(_labelled(name, zone=zone), times, np.round(rng.normal(50, 5, len(times)), 3))


def _big_numbers(rng: np.random.Generator) -> Iterator[Samples]:
    times = _scrapes(rng)
    yield Samples(_labelled("byte_count", disk="sda"), times, np.floor(rng.normal(5e12, 1e9, len(times))))
    yield Samples(
        _labelled("epoch_seconds", of="job"), times, np.floor(times / 1000 - rng.integers(0, 10**8, len(times)))
    )


_FAMILIES: tuple[Callable[[np.random.Generator], Iterator[Samples]], ...] = (
    _requests,
    _cpu,
    _temperatures,
    _special,
    _constants,
    _pods,
    _sparse,
    _queues,
    _infos,
    _histograms,
    _twins,
    _big_numbers,
)
