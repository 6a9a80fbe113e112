"""What a metric measures, guessed from the words of its name."""

import re
from typing import Final

from sre.incidents.suspects.model import Kind

_WORD: Final = re.compile(r"\d+xx|p\d+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ERRORS: Final = """
    error errors failure failures failed fail exception exceptions panic timeout timeouts dropped rejected retries retry
    5xx 4xx availability success aborted restarts oom
"""
_RESOURCE: Final = """
    cpu mem memory heap disk diskio fs filesystem io iops socket sockets pool connections connection threads thread
    goroutines gc saturation utilization utilisation usage queue waiting pending throttled throttling load fds rss swap
    network net bytes receive transmit syscall inode inodes lag
"""
_LATENCY: Final = "latency duration seconds response delay rt p50 p90 p95 p99 ms"
_TRAFFIC: Final = "request requests workload qps rps throughput traffic ops hits calls rate count messages"
_KINDS: Final[tuple[tuple[Kind, frozenset[str]], ...]] = (
    ("errors", frozenset(_ERRORS.split())),
    ("resource", frozenset(_RESOURCE.split())),
    ("latency", frozenset(_LATENCY.split())),
    ("traffic", frozenset(_TRAFFIC.split())),
)


def kind_of(metric: str) -> Kind:
    """Return what the metric of this name most likely measures.

    The first of errors, resource, latency and traffic that shares a word with the name; `other` where none does.
    """
    words = {word.lower() for word in _WORD.findall(metric)}
    return next((kind for kind, known in _KINDS if words & known), "other")
