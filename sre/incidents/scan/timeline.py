"""When is normal, and when is the incident: the windows that a scan reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from sre.core.series import Grid
from sre.core.steps import FRIENDLY_STEPS_SECONDS
from sre.core.times import Duration, Window, epoch_ms
from sre.incidents.suspects.model import Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

_HOUR: Final = 3600.0
_DAY: Final = 86_400.0
# How much before the window is normal time (our choice): so many windows that it can be told how often one looks as
# unusual by chance, some hours at least so that a few odd minutes do not make up all of it, and not more than two days,
# in which much else changes.
_LEAD_RATIO: Final = 8.0
_LEAST_LEAD, _MOST_LEAD = 3 * _HOUR, 48 * _HOUR
# People notice late: what changed so shortly before the window is not normal any more (our choice).
_MARGIN_RATIO: Final = 0.25
_LEAST_MARGIN, _MOST_MARGIN = 300.0, 1800.0
# Steps of lead and window together: fine enough to order onsets, few enough for what is held at once.
_MOST_POINTS, _LEAST_POINTS = 720, 240
_MOST_CELLS: Final = 3_600_000
_LEAST_STEPS_OF_WINDOW: Final = 8
# Same time a day and a week ago, where there are data: what is usual at this hour.
SEASONS: Final = (Duration(_DAY), Duration(7 * _DAY))


@dataclass(frozen=True, slots=True)
class ScanWindows:
    """What a scan reads.

    Attributes:
        asked: The window as the caller gave it.
        main: From the start of normal time to the end of the window.
        incident_start: From here on things are no longer taken as normal: a little before the window.
        seasons: The same hours of earlier days, oldest first, all before `main`.
        step: Distance of points in all of them.
        rate_window: Range of rates.
    """

    asked: Window
    main: Window
    incident_start: datetime
    seasons: tuple[Window, ...]
    step: Duration
    rate_window: Duration

    @property
    def windows(self) -> tuple[Window, ...]:
        """All windows, oldest first."""
        return (*self.seasons, self.main)

    @property
    def grids(self) -> tuple[Grid, ...]:
        """The instants of each window, in the same order."""
        return tuple(Grid.covering(window, step_seconds=self.step.seconds) for window in self.windows)

    def timeline(self) -> Timeline:
        """Return the instants of all windows one after another, and which are normal."""
        times = np.concatenate([grid.times_ms() for grid in self.grids])
        return Timeline.around(
            times,
            incident_start_ms=epoch_ms(self.incident_start),
            incident_end_ms=int(times[-1]) + 1,
            step_ms=round(self.step.seconds * 1000),
        )


def scan_windows(
    asked: Window,
    *,
    spacing: Duration,
    data_start: datetime | None,
    has_season: Sequence[Window] = (),
    series_count: int = 1,
) -> ScanWindows:
    """Return what to read for a window.

    Args:
        spacing: Distance of the samples.
        data_start: From when on there are data; None where unknown.
        has_season: Windows of `season_candidates` in which there are data.
        series_count: Series to be read: of very many, fewer points.
    """
    lead = lead_seconds(asked)
    start = asked.start - timedelta(seconds=lead)
    if data_start is not None and data_start > start:
        start = min(data_start, asked.start - timedelta(seconds=spacing.seconds))
    margin = min(max(_MARGIN_RATIO * asked.seconds, _LEAST_MARGIN), _MOST_MARGIN)
    # Where there is little normal time, it is not used up by caution.
    margin = min(margin, 0.25 * (asked.start - start).total_seconds())
    main = Window(start, asked.end)
    points = min(max(_MOST_CELLS / max(series_count, 1), _LEAST_POINTS), _MOST_POINTS)
    step = _step(asked, main, spacing, points=points)
    return ScanWindows(
        asked=asked,
        main=main,
        incident_start=asked.start - timedelta(seconds=margin),
        seasons=tuple(sorted(has_season, key=lambda one: one.start)),
        step=step,
        rate_window=_rate_window(step, spacing),
    )


def lead_seconds(asked: Window) -> float:
    """Return how long before a window things are taken as normal."""
    return min(max(_LEAD_RATIO * asked.seconds, _LEAST_LEAD), _MOST_LEAD)


def season_candidates(asked: Window) -> tuple[Window, ...]:
    """Return the same hours of earlier days that do not touch the lead of this window."""
    lead = timedelta(seconds=lead_seconds(asked))
    shifts = [timedelta(seconds=season.seconds) for season in SEASONS]
    return tuple(
        Window(asked.start - shift, asked.end - shift) for shift in shifts if asked.end - shift < asked.start - lead
    )


def _step(asked: Window, main: Window, spacing: Duration, *, points: float) -> Duration:
    wanted = max(main.seconds / points, spacing.seconds * 0.9)
    # A short window after a long lead still has to have some steps.
    finest = max(spacing.seconds * 0.9, asked.seconds / _LEAST_STEPS_OF_WINDOW)
    wanted = min(wanted, finest)
    return Duration(
        float(next((step for step in FRIENDLY_STEPS_SECONDS if step >= wanted), FRIENDLY_STEPS_SECONDS[-1]))
    )


def _rate_window(step: Duration, spacing: Duration) -> Duration:
    """Return a range with four samples (`sre.metrics.scrape_spacing` says why), and no sample between two ranges."""
    seconds = max(4 * spacing.seconds, step.seconds + spacing.seconds)
    return Duration(float(-(-seconds // 60) * 60))
