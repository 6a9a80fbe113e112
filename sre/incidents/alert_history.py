"""When alerts fired, from the series that Prometheus writes about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sre.core.labels import METRIC_NAME, Labels
from sre.core.rules.alert_states import FIRING, PENDING, AlertEpisode, runs

if TYPE_CHECKING:
    from sre.core.series import BoolArray, SeriesSet

_NAME: Final = "alertname"
_STATE: Final = "alertstate"


def recorded_episodes(series: SeriesSet) -> tuple[AlertEpisode, ...]:
    """Return each time an alert fired, by when it did; an alert that only was pending is not told.

    Args:
        series: The answer to a range query for `ALERTS`. What fires at the first step began at some time before:
            its `pending_ms` is that step.
    """
    states: dict[Labels, dict[str, BoolArray]] = {}
    for row, labels in enumerate(series.labels):
        own = states.setdefault(labels.without(METRIC_NAME, _STATE), {})
        own[labels.get(_STATE, "")] = series.present[row]
    times = series.grid.times_ms()
    found = []
    for labels, by_state in states.items():
        pending = by_state.get(PENDING, np.zeros(series.grid.count, dtype=np.bool_))
        for start, end in zip(*(part.tolist() for part in runs(by_state.get(FIRING, ~pending & pending))), strict=True):
            waited = start
            while waited > 0 and pending[waited - 1]:
                waited -= 1
            found.append(
                AlertEpisode(
                    alert=labels.get(_NAME, ""),
                    labels=labels.without(_NAME),
                    pending_ms=int(times[waited]),
                    firing_ms=int(times[start]),
                    resolved_ms=int(times[end]) if end < series.grid.count else None,
                    peak_value=float("nan"),
                    last_value=float("nan"),
                )
            )
    return tuple(sorted(found, key=lambda one: (one.firing_ms or 0, one.alert)))
