"""The golden signals of one service, as queries."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignalQueries:
    """PromQL for the golden signals; an empty string leaves the signal to the conventions.

    `$window` in a query stands for the range it is asked over, for example `5m`.

    Attributes:
        traffic: Requests per second.
        errors: Share of failed requests, 0..1.
        latency: A high percentile of the time a request takes, seconds.
        saturation: Share of the scarcest resource in use, 0..1.
    """

    traffic: str = ""
    errors: str = ""
    latency: str = ""
    saturation: str = ""
