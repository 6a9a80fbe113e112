"""What is known of a service when its alerts are planned."""

from collections.abc import Iterable
from dataclasses import dataclass

from sre.core.golden_signals import ServiceSignals, service_signals
from sre.core.labels import Labels
from sre.core.promql_text import selector


@dataclass(frozen=True, slots=True)
class FilesystemFacts:
    """A filesystem that is the service's own: selectors of its free and of its whole bytes."""

    free: str
    size: str
    what: str = "disk"


@dataclass(frozen=True, slots=True)
class History:
    """How a value was distributed in history, one value a five-minute window.

    Attributes:
        high: 99 of 100 values were at most this; None where there was none.
        low: 99 of 100 values were at least this.
        windows: How many windows had a value.
        days: Length of the history.
    """

    high: float | None
    low: float | None
    windows: int
    days: float


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """A service, its signals, and what its own history says.

    Attributes:
        series: Label sets of the series its signals read, for tests of the rules.
        up: Selector of the `up` series of its targets; empty where there is none.
        covered: By signal (errors, latency), the SLO whose alerts page for it already.
        latency_history: Of the main latency, seconds.
        traffic_history: Of traffic as a share of the same time a week earlier.
        resource_history: Of the share in use, by resource.
    """

    service: str
    signals: ServiceSignals
    series: tuple[Labels, ...]
    up: str = ""
    filesystems: tuple[FilesystemFacts, ...] = ()
    covered: tuple[tuple[str, str], ...] = ()
    latency_history: History | None = None
    traffic_history: History | None = None
    resource_history: tuple[tuple[str, History], ...] = ()

    def slo_covering(self, signal: str) -> str:
        """Return the SLO whose alerts page for a signal, or an empty string."""
        return dict(self.covered).get(signal, "")

    def history_of(self, resource: str) -> History | None:
        """Return the history of a resource."""
        return dict(self.resource_history).get(resource)


def conventional_facts(service: str) -> ServiceFacts:
    """Return the facts of a service that nobody can look at yet, as if it followed the plainest convention.

    The convention is that of Prometheus client libraries for HTTP: `http_requests_total` with `code`, and
    `http_request_duration_seconds` as a histogram with the client library's own buckets.
    """
    series = tuple(_conventional_series(service))
    return ServiceFacts(
        service, service_signals(service, series), series, up=selector("up", [("service", "=", service)])
    )


def _conventional_series(service: str) -> Iterable[Labels]:
    base = {"service": service, "job": service, "instance": f"{service}-0:8080"}
    for code in ("200", "500"):
        yield Labels({"__name__": "http_requests_total", "code": code, **base})
    # Default buckets of the official client libraries (client_golang, DefBuckets).
    for bound in ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"):
        yield Labels({"__name__": "http_request_duration_seconds_bucket", "le": bound, **base})
    for suffix in ("sum", "count"):
        yield Labels({"__name__": f"http_request_duration_seconds_{suffix}", **base})
    for number in (0, 1):
        yield Labels({"__name__": "up", **base, "instance": f"{service}-{number}:8080"})
