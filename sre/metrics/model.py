"""The words of the metrics room, light enough to be imported when tools are registered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias


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


RankKey: TypeAlias = Literal["max", "min", "last", "mean", "change"]
# How a list of series is ordered, as a sentence for the reader.
RANK_MEANINGS: Final[Mapping[RankKey, str]] = {
    "max": "max: largest absolute value in the window first",
    "min": "min: lowest value in the window first",
    "last": "last: largest last value first",
    "mean": "mean: largest mean first",
    "change": "change: largest difference between first and last value first",
}
