"""The words of a scan: what is asked of each metric, in which queries, and how the rows come back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sre.core.labels import METRIC_NAME
from sre.core.promql_text import LabelMatch, selector
from sre.core.times import Duration, format_duration

# What is read of a metric. `total` and `count` are the two halves of a mean.
# `highest` and `lowest` are of many copies the one that stands out: a mean of twenty hides one that is full.
Part: TypeAlias = Literal["level", "worst", "highest", "lowest", "rate", "total", "count", "quantile"]
# The label that tells the rows of several metrics in one answer apart.
ITEM_LABEL = "scan_item"
# An instant looks back five minutes for a sample. Ranges of rates hold four samples: beyond four times that, samples
# are too far apart for it, or steps are; half a range then holds one.
_MANY_LOOKBACKS_SECONDS = 1_200.0
_PLAIN_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


@dataclass(frozen=True, slots=True)
class Found:
    """A metric at the source.

    Attributes:
        type: As metadata say; `unknown` where they do not.
        series_count: As far as known, else 1.
    """

    name: str
    type: str = "unknown"
    series_count: int = 1


@dataclass(frozen=True, slots=True)
class ScanItem:
    """One metric as it is read: summed up on the server to whom it speaks about, and a few details.

    Attributes:
        by: Labels that are kept.
        only: Matchers beside the name.
        series_count: Series of the source behind it.
        priority: 0 is read first.
        family: Name without the suffix of its type: what the halves of a mean share.
        status: The label of `by` that says how a request ended, or an empty string.
        errors: Pattern of its values that mean failure.
        may_count: Nothing says whether it is a counter; its values will tell.
    """

    metric: str
    part: Part
    by: tuple[str, ...]
    only: tuple[LabelMatch, ...] = ()
    series_count: int = 1
    priority: int = 3
    family: str = ""
    status: str = ""
    errors: str = ""
    may_count: bool = False

    def expression(self, window: Duration, *more: LabelMatch) -> str:
        """Return the PromQL of it.

        Args:
            window: Range of rates.
            more: Further matchers, such as those of one service.
        """
        return aggregated(self.part, self.by, series_of(self.metric, (*self.only, *more)), window)


def series_of(metric: str, matches: Sequence[LabelMatch]) -> str:
    """Return the selector of a metric, whatever its name holds."""
    if _PLAIN_NAME.fullmatch(metric):
        return selector(metric, matches)
    return selector("", [(METRIC_NAME, "=", metric), *matches])


def aggregated(part: Part, by: tuple[str, ...], series: str, window: Duration) -> str:
    """Return the PromQL that sums series up: levels as a mean, quantiles as the worst, rates as a sum."""
    over = f" by ({', '.join(by)})" if by else ""
    rate = f"rate({series}[{format_duration(window.seconds)}])"
    if part in ("level", "worst", "highest", "lowest") and window.seconds > _MANY_LOOKBACKS_SECONDS:
        series = f"last_over_time({series}[{format_duration(window.seconds / 2)}])"
    match part:
        case "level":
            return f"avg{over} ({series})"
        case "highest" | "worst":
            return f"max{over} ({series})"
        case "lowest":
            return f"min{over} ({series})"
        case "quantile":
            return f"histogram_quantile(0.95, sum by ({', '.join((*by, 'le'))}) ({rate}))"
        case _:
            return f"sum{over} ({rate})"


@dataclass(frozen=True, slots=True)
class ScanQuery:
    """Several metrics in one question.

    Attributes:
        items: What is read; a row belongs to one by its metric name, or by `ITEM_LABEL`.
    """

    text: str
    items: Mapping[str, ScanItem] = field(default_factory=dict)

    @property
    def series_count(self) -> int:
        """Series of the source that it reads."""
        return sum(item.series_count for item in self.items.values())
