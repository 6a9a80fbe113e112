"""Which window a timeline looks at, how finely, and who has to be asked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from sre.core.times import Duration, Window
from tools.concurrent import attempted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connectors.base import MetricSource, TargetSource
    from sre.incidents.chronicle import Happening

# Most outages begin within an hour of a change (handbook: incident-management); what follows is watched for half.
LEAD = timedelta(hours=1)
TRAIL = timedelta(minutes=30)
# What is normal is read from the hours before (our choice): long enough to know the noise, short enough to know the
# time of day.
NORMAL = timedelta(hours=3)
_MAX_POINTS = 2_000
_DEFAULT_SPACING_SECONDS = 60.0
_LEAST_RATE_SECONDS = 60.0
_TARGET_SECONDS = 5.0
# What every target has: how often it is there shows how often targets are scraped.
_COUNTED_SECONDS = 900.0
_SAMPLES = 'quantile(0.5, count_over_time({__name__=~"up|process_start_time_seconds|build_info"}[15m]))'

AskedStatus: TypeAlias = Literal["answered", "failed", "partly", "not_asked"]


@dataclass(frozen=True, slots=True)
class TimelineWindow:
    """What is looked at.

    Attributes:
        asked: The window of the question, or of the incident.
        searched: With the time before and after it, up to now.
        step: Distance of two looks; times are known no better than this.
        spacing: Distance of two samples, as far as known.
    """

    asked: Window
    searched: Window
    step: Duration
    spacing: Duration

    @property
    def with_normal(self) -> Window:
        """The searched window and the time before it that says what is normal."""
        return Window(self.searched.start - NORMAL, self.searched.end)

    @property
    def rate(self) -> Duration:
        """Range of a rate: two samples at least, and no longer than it takes to see a change when it comes."""
        return Duration(max(2 * self.step.seconds, _LEAST_RATE_SECONDS))

    @property
    def hangover(self) -> timedelta:
        """How long a rate still holds what happened at the beginning of its range, beyond one step."""
        return timedelta(seconds=max(0.0, self.rate.seconds - self.step.seconds - self.spacing.seconds))


@dataclass(slots=True)
class Asked:
    """Who was asked for happenings, and what came of it; `note` says why nothing or not everything did."""

    system: str
    what: str
    status: AskedStatus = "answered"
    note: str = ""
    happenings: Sequence[Happening] = field(default_factory=tuple)
    queries: list[tuple[str, int, int]] = field(default_factory=list)


async def timeline_window(source: MetricSource | None, asked: Window, *, now: datetime) -> TimelineWindow:
    """Return what to look at, aligned to whole steps so that the same question sees the same samples."""
    end = min(max(asked.end + TRAIL, asked.end), max(now, asked.end))
    spacing = await _spacing(source, at=end) if source is not None else _DEFAULT_SPACING_SECONDS
    whole = (end - asked.start + LEAD + NORMAL).total_seconds()
    step = spacing * max(1, math.ceil(whole / spacing / _MAX_POINTS))
    start = asked.start - LEAD
    aligned = start - timedelta(seconds=start.timestamp() % step)
    return TimelineWindow(asked, Window(aligned, end), Duration(step), Duration(spacing))


async def _spacing(source: MetricSource, *, at: datetime) -> float:
    told = await attempted(source.sample_spacing, seconds=_TARGET_SECONDS)
    if told is not None:
        return max(1.0, round(told.seconds))
    targets = getattr(source, "targets", None)
    found = (
        await attempted(cast("TargetSource", source).targets, seconds=_TARGET_SECONDS) if callable(targets) else None
    )
    intervals = sorted(one.scrape_interval_seconds for one in found or () if one.scrape_interval_seconds)
    if intervals:
        return max(1.0, round(intervals[len(intervals) // 2]))
    counted = await attempted(lambda: source.instant_query(_SAMPLES, at=at), seconds=_TARGET_SECONDS)
    count = float(counted.values[0]) if counted is not None and counted.values.size else 0.0
    return max(1.0, round(_COUNTED_SECONDS / count)) if count > 1 else _DEFAULT_SPACING_SECONDS
