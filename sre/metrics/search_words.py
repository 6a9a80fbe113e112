"""What people say when they look for a metric, and what metrics are called. Both tables are our own choice."""

from collections.abc import Mapping
from typing import Final

# Words of a question that say nothing about a metric.
STOP_WORDS: Final = frozenset((
    "a", "about", "all", "am", "amount", "an", "and", "any", "are", "as", "at", "be", "been", "before", "being",
    "between", "by", "can", "could", "did", "do", "does", "doing", "each", "else", "every", "find", "for", "from",
    "get", "give", "given", "had", "has", "have", "having", "here", "hosts", "how", "i", "if", "in", "instances",
    "into", "is", "it", "its", "just", "let", "like", "list", "look", "made", "make", "many", "me", "metric",
    "metrics", "much", "my", "need", "no", "not", "now", "number", "of", "often", "on", "one", "or", "our", "out",
    "over", "own", "per", "please", "pods", "see", "services", "should", "show", "so", "some", "something", "such",
    "take", "taken", "takes", "tell", "than", "that", "the", "their", "them", "then", "there", "these", "they",
    "thing", "things", "this", "those", "through", "to", "too", "took", "until", "us", "use", "value", "values",
    "want", "was", "we", "were", "what", "when", "where", "whether", "which", "while", "who", "whose", "why", "will",
    "with", "would", "you", "your",
))  # fmt: skip

_DURATION = ("duration", "latency", "handling", "wait", "response_time")
# The last ones are the counters that tell success from failure by a code label.
_ERRORS = ("error", "fail", "exception", "timeout", "rejected", "requests_total", "responses_total", "handled_total")
_TRAFFIC = ("requests", "handled", "received")
_MEMORY = ("mem", "memory", "memstats", "heap", "rss", "working_set")
_DISK = ("filesystem", "disk", "volume", "fs")
_DATABASE = ("db", "database", "pg", "sql", "mysql", "postgres")
_RESTARTS = ("restarts", "start_time")
_NETWORK = ("network", "transmit", "receive")
_FREE = ("avail", "free")

# By the word a person says, without the s of the plural: how parts of names begin.
SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("latency", "latencie", "slow", "slowest", "long", "longest", "duration"), _DURATION),
    **dict.fromkeys(
        ("error", "fail", "failed", "failing", "failure", "broken", "unsuccessful", "4xx", "5xx", "500", "502", "503"),
        _ERRORS,
    ),
    **dict.fromkeys(("traffic", "rps", "qps", "call", "hit", "response"), _TRAFFIC),
    "throughput": ("requests", "bytes", "handled"),
    "saturation": ("in_use", "usage", "utilization", "queue", "limits"),
    **dict.fromkeys(("memory", "mem", "ram", "oom"), _MEMORY),
    **dict.fromkeys(("disk", "storage", "filesystem", "volume"), _DISK),
    "cpu": ("cpu", "processor", "load"),
    "processor": ("cpu",),
    "load": ("load", "cpu"),
    **dict.fromkeys(("network", "bandwidth"), _NETWORK),
    **dict.fromkeys(("restart", "restarted", "reboot", "crash", "crashed"), _RESTARTS),
    **dict.fromkeys(("database", "db", "sql"), _DATABASE),
    **dict.fromkeys(("queue", "backlog", "lag"), ("queue", "backlog", "lag", "depth")),
    **dict.fromkeys(("waiting", "wait", "waited"), ("wait", "ready", "pending")),
    "pool": ("pool", "connections"),
    **dict.fromkeys(("free", "available", "remaining", "left"), _FREE),
    **dict.fromkeys(("full", "space", "capacity"), (*_FREE, "size")),
    **dict.fromkeys(("deploy", "deployed", "deployment", "release", "version"), ("build_info", "version")),
    **dict.fromkeys(("down", "alive", "healthy", "reachable"), ("up",)),
    "used": ("used", "usage", "in_use", "working_set"),
}
