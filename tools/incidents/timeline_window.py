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
_TARGET_SECONDS = 8.0

AskedStatus: TypeAlias = Literal["answered", "failed", "partly", "not_asked"]


@dataclass(frozen=True, slots=True)
class TimelineWindow:
    """What is looked at.

    Attributes:
        asked: The window of the question, or of the incident.
        searched: With the time before and after it, up to now.
        step: Distance of two looks; times are known no better than this.
    """

    asked: Window
    searched: Window
    step: Duration

    @property
    def with_normal(self) -> Window:
        """The searched window and the time before it that says what is normal."""
        return Window(self.searched.start - NORMAL, self.searched.end)

    @property
    def rate(self) -> Duration:
        """Range of a rate: two samples at least, and no longer than it takes to see a change when it comes."""
        return Duration(max(2 * self.step.seconds, _LEAST_RATE_SECONDS))


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
    spacing = await _spacing(source) if source is not None else _DEFAULT_SPACING_SECONDS
    whole = (end - asked.start + LEAD + NORMAL).total_seconds()
    step = spacing * max(1, math.ceil(whole / spacing / _MAX_POINTS))
    start = asked.start - LEAD
    aligned = start - timedelta(seconds=start.timestamp() % step)
    return TimelineWindow(asked, Window(aligned, end), Duration(step))


async def _spacing(source: MetricSource) -> float:
    told = await attempted(source.sample_spacing, seconds=_TARGET_SECONDS)
    if told is not None:
        return max(1.0, round(told.seconds))
    targets = getattr(source, "targets", None)
    if not callable(targets):
        return _DEFAULT_SPACING_SECONDS
    found = await attempted(cast("TargetSource", source).targets, seconds=_TARGET_SECONDS) or ()
    intervals = sorted(one.scrape_interval_seconds for one in found if one.scrape_interval_seconds)
    return max(1.0, round(intervals[len(intervals) // 2])) if intervals else _DEFAULT_SPACING_SECONDS
