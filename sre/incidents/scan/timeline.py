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
# in which much else changes. Of very many series less is read.
_LEAD_RATIO, _LEAD_RATIO_OF_MANY = 8.0, 4.0
_LEAST_LEAD, _MOST_LEAD = 3 * _HOUR, 48 * _HOUR
# Samples, where they are sparse: three hours of one every five minutes are too few to know a normal by. Of 38 recorded
# incidents, a day instead of three hours names the true service first in 68 % instead of 55 %.
_LEAST_LEAD_SAMPLES: Final = 288
# The same hours of these earlier days, where there are data, and some time before them: what usually happens between
# that time and the window is no change (our choice).
_SEASON_DAYS, _SEASON_DAYS_OF_MANY = (1, 2, 7), (1, 7)
_RUN_UP_RATIO, _LEAST_RUN_UP = 2.0, _HOUR
# From here on series are very many.
_MANY_SERIES: Final = 8_000
# People notice late: what changed so shortly before the window is not normal any more (our choice).
_MARGIN_RATIO: Final = 0.25
_LEAST_MARGIN, _MOST_MARGIN = 300.0, 1800.0
# Steps of all windows together: fine enough to order onsets, few enough for what is held at once.
_MOST_POINTS, _LEAST_POINTS = 1_500, 500
_MOST_CELLS: Final = 8_000_000
_LEAST_STEPS_OF_WINDOW: Final = 8


@dataclass(frozen=True, slots=True)
class ScanWindows:
    """What a scan reads.

    Attributes:
        asked: The window as the caller gave it.
        main: From the start of normal time to the end of the window.
        incident_start: From here on things are no longer taken as normal: a little before the window.
        seasons: The same hours of earlier days with their run-up, oldest first, all before `main`.
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

    @property
    def has_same_hours(self) -> bool:
        """Whether a time of normal is a day or more before the window."""
        return bool(self.seasons) or (self.asked.start - self.main.start).total_seconds() > _DAY

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
        series_count: Series to be read: of very many, less and fewer points.
    """
    start = asked.start - timedelta(seconds=lead_seconds(asked, series_count=series_count, spacing=spacing))
    if data_start is not None and data_start > start:
        # A recording that begins with the window leaves one step to be normal, and nothing to judge by.
        start = min(data_start, asked.start - timedelta(seconds=spacing.seconds))
    main = Window(start, asked.end)
    chosen = season_candidates(asked, series_count=series_count)
    seasons = tuple(sorted((one for one in has_season if one in chosen and one.end < start), key=lambda one: one.start))
    step = _step(asked, sum(one.seconds for one in (*seasons, main)), spacing, series_count=series_count)
    main = _to_the_step(asked, start, step)
    margin = min(max(_MARGIN_RATIO * asked.seconds, _LEAST_MARGIN), _MOST_MARGIN)
    return ScanWindows(
        asked=asked,
        main=main,
        # Where there is little normal time, it is not used up by caution.
        incident_start=asked.start - timedelta(seconds=min(margin, 0.25 * (asked.start - start).total_seconds())),
        seasons=seasons,
        step=step,
        rate_window=_rate_window(step, spacing),
    )


def _to_the_step(asked: Window, start: datetime, step: Duration) -> Window:
    """Return the window from `start`, or a little later, whose steps meet the start of the window that was asked."""
    steps = max(1, int((asked.start - start).total_seconds() // step.seconds))
    return Window(asked.start - timedelta(seconds=steps * step.seconds), asked.end)


def lead_seconds(asked: Window, *, series_count: int = 1, spacing: Duration | None = None) -> float:
    """Return how long before a window things are taken as normal.

    Where that nearly reaches the same hours of the day before, it goes on until their run-up.
    """
    ratio = _LEAD_RATIO_OF_MANY if series_count > _MANY_SERIES else _LEAD_RATIO
    least = max(_LEAST_LEAD, _LEAST_LEAD_SAMPLES * spacing.seconds if spacing else 0.0)
    lead = min(max(ratio * asked.seconds, least), _MOST_LEAD)
    day_before = _DAY + _run_up(asked, series_count)
    return min(max(lead, day_before), _MOST_LEAD) if lead + asked.seconds >= _DAY else lead


def season_candidates(asked: Window, *, series_count: int = 1) -> tuple[Window, ...]:
    """Return the same hours of earlier days, with their run-up, that do not touch the lead of this window."""
    start = asked.start - timedelta(seconds=lead_seconds(asked, series_count=series_count))
    run_up = timedelta(seconds=_run_up(asked, series_count))
    days = _SEASON_DAYS_OF_MANY if series_count > _MANY_SERIES else _SEASON_DAYS
    shifted = [Window(asked.start - run_up - timedelta(days=day), asked.end - timedelta(days=day)) for day in days]
    apart: list[Window] = []
    for one in shifted:
        if one.end < (apart[-1].start if apart else start):
            apart.append(one)
    return tuple(apart)


def _run_up(asked: Window, series_count: int) -> float:
    ratio = 1.0 if series_count > _MANY_SERIES else _RUN_UP_RATIO
    return min(max(ratio * asked.seconds, _LEAST_RUN_UP), 0.5 * _DAY)


def _step(asked: Window, all_seconds: float, spacing: Duration, *, series_count: int) -> Duration:
    points = min(max(_MOST_CELLS / max(series_count, 1), _LEAST_POINTS), _MOST_POINTS)
    # A short window after a long lead still has to have some steps.
    coarsest = max(spacing.seconds * 0.9, asked.seconds / _LEAST_STEPS_OF_WINDOW)
    wanted = min(max(all_seconds / points, spacing.seconds * 0.9), coarsest)
    return Duration(
        float(next((step for step in FRIENDLY_STEPS_SECONDS if step >= wanted), FRIENDLY_STEPS_SECONDS[-1]))
    )


def _rate_window(step: Duration, spacing: Duration) -> Duration:
    """Return a range with four samples (`sre.metrics.scrape_spacing` says why), and no sample between two ranges."""
    seconds = max(4 * spacing.seconds, step.seconds + spacing.seconds)
    return Duration(float(-(-seconds // 60) * 60))
