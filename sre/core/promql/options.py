"""What an evaluation may be told, and what it gives back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sre.core.promql.matcher import Matcher
from sre.core.series import Samples, SeriesSet


class SampleStore(Protocol):
    """Where raw samples are."""

    def select(self, matchers: Sequence[Matcher], *, start_ms: int, end_ms: int) -> Sequence[Samples]:
        """Return the series that pass all matchers, with at least their samples in [start_ms, end_ms].

        Whole series may be returned; staleness markers are kept in the values as scraped.
        """
        ...


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """Limits and dialect of one evaluation.

    Attributes:
        lookback_ms: How far back an instant selector looks for a sample (Prometheus: 5 minutes).
        left_open: Prometheus 3 when true, 2 when false. In 3 a window does not hold the sample exactly on its
            left edge; `rate` caps an extrapolation to zero after, not before, the half-interval rule; `atan2` drops
            the metric name; the deviation of one infinite value is NaN, not 0; the dot of a regular expression takes a
            line break.
        max_samples: Most samples a selector may load, and most points a part of the query may have.
        default_subquery_step_ms: Step of `[1h:]`; in Prometheus the global evaluation interval.
        should_stop: Asked between parts of the work; the evaluation ends when it says true.
    """

    lookback_ms: int = 300_000
    left_open: bool = True
    max_samples: int = 50_000_000
    default_subquery_step_ms: int = 60_000
    should_stop: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """The answer to a range query, series in the order of their labels.

    Attributes:
        samples_read: Raw samples looked at.
        warnings: What the reader should know about the answer.
    """

    series: SeriesSet
    samples_read: int
    warnings: tuple[str, ...] = ()
