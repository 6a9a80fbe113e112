"""Which direction is bad, by the words in a metric's name, its unit, or a query.

Names follow conventions (Prometheus documentation, "Metric and label naming"; benchmark suites name units), so a few
words decide most: time and failures should not grow, work done should not shrink.
"""

import re

from sre.performance.model import BadDirection

_GROWING_IS_BAD = frozenset(
    {
        "latency", "duration", "durations", "delay", "lag", "wait", "waiting", "blocked", "response", "elapsed", "time",
        "error", "errors", "failed", "failure", "failures", "fail", "exception", "exceptions", "timeout", "timeouts",
        "retries", "dropped", "drops", "rejected", "rejections", "evictions", "misses", "restarts", "oom", "throttled",
        "5xx", "queue", "queued", "backlog", "pending", "depth", "saturation", "utilization", "utilisation", "usage",
        "used", "use", "busy", "pause", "gc", "steal", "allocated", "rss", "resident", "memory", "cpu", "cost",
        "seconds", "second", "sec", "secs", "milliseconds", "millisecond", "ms", "msec", "microseconds", "us", "usec",
        "nanoseconds", "ns", "nsec", "minutes", "p50", "p75", "p90", "p95", "p99", "p999", "percentile",
    }
)  # fmt: skip
_SHRINKING_IS_BAD = frozenset(
    {
        "throughput", "rps", "qps", "tps", "iops", "ops", "requests", "request", "reqs", "transactions", "queries",
        "operations", "bandwidth", "goodput", "hits", "hit", "success", "successes", "successful", "availability",
        "available", "avail", "free", "idle", "checks", "iterations", "up", "healthy", "score", "fps",
    }
)  # fmt: skip
# A rate names its work and its time: `MB/s`, `MiB_s`, `req/s`, `requests per second`, `ops/sec`.
_RATE = re.compile(
    r"\b(?:per[ _-]+(?:s|sec|second|min|minute|hour)|[kmgt]?i?b(?:it|yte)?s?[/_]s(?:ec)?|\w+/s(?:ec|econd)?)\b",
    re.IGNORECASE,
)
# Time a piece of work takes: `us per event`, `ms/op`, `seconds per request`.
_TIME_PER_WORK = re.compile(
    r"\b(?:[mnuµ]s|[mun]?sec|(?:milli|micro|nano)?seconds?|minutes?)(?:[ _-]+per[ _-]+|/)(?!s\b|sec)\w+", re.IGNORECASE
)
_ERRORS = frozenset(
    {"error", "errors", "failed", "failure", "failures", "5xx", "exceptions", "timeouts", "dropped", "rejected"}
)
_WORDS = re.compile(r"[A-Za-z0-9µ]+")


def bad_direction(text: str, *, unit: str = "") -> BadDirection | None:
    """Return which direction of a metric is bad, or None where its name does not tell.

    Args:
        text: Name, unit or query, from outside.
        unit: As `sre.core.figures` spells it, where it is known.
    """
    words = {word.lower() for name in _WORDS.findall(text) for word in _parts(name)}
    if words & _ERRORS:
        return "up"
    if _TIME_PER_WORK.search(text) or unit in ("seconds", "milliseconds"):
        return "up"
    if _RATE.search(text) or unit in ("per_second", "bytes_per_second"):
        return "down"
    if words & _SHRINKING_IS_BAD:
        # `request_duration` is about the duration, whatever it is of.
        return "up" if words & _GROWING_IS_BAD else "down"
    return "up" if words & _GROWING_IS_BAD else None


def _parts(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return spaced.split()
