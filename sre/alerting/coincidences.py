"""Alerts that call at the same moments: one of them is enough."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from sre.alerting.causes import cause_of
from sre.alerting.interruptions import RuleHistory
from sre.alerting.review_model import Assumptions, Finding, assumptions
from sre.core.series import IntArray
from sre.core.text import quoted

_MINUTE_MS: Final = 60_000


def coincidences(histories: Sequence[RuleHistory], should_stop: Callable[[], bool]) -> Iterator[Finding]:
    """Find the alerts that call with another one that is worth more."""
    known = assumptions()
    calls = [
        (history, np.array([one.start_ms for one in found]))
        for history in histories
        if history.reviewed.urgency != "none" and len(found := history.interruptions()) >= known.least_coincidences
    ]
    gone: set[int] = set()
    for place, (first, first_starts) in enumerate(calls):
        if should_stop():
            return
        for second, second_starts in calls[place + 1 :]:
            if {first.reviewed.index, second.reviewed.index} & gone:
                continue
            if _share(first_starts, second_starts, known) < known.coincident_ratio:
                continue
            if _share(second_starts, first_starts, known) < known.coincident_ratio:
                continue
            kept, other = sorted((first, second), key=_worth)
            gone.add(other.reviewed.index)
            mine, theirs = (first_starts, second_starts) if other is first else (second_starts, first_starts)
            yield _coincidence(kept, other, _share(mine, theirs, known))


def _share(some: IntArray, others: IntArray, known: Assumptions) -> float:
    """Return the share of some begins that lie near one of the others; both in order, not empty."""
    near_ms = round(known.coincident_minutes * _MINUTE_MS)
    first = np.searchsorted(others, some - near_ms, side="left")
    return float(np.mean(first < np.searchsorted(others, some + near_ms, side="right")))


def _worth(history: RuleHistory) -> tuple[bool, bool, int, int]:
    """Return what sorts the alert that is worth more first: symptoms, runbooks, and who is sooner."""
    starts = [one.start_ms for one in history.interruptions()]
    has_runbook = any("runbook" in name for name in history.rule.annotations)
    return bool(cause_of(history.reviewed)), not has_runbook, sum(starts) // len(starts), history.reviewed.index


def _coincidence(kept: RuleHistory, other: RuleHistory, share: float) -> Finding:
    mine, known = other.interruptions(), assumptions()
    return Finding(
        "coincident",
        other.reviewed.index,
        f"{share:.0%} of its {len(mine)} calls came within {known.coincident_minutes:g} min of those of "
        f"{quoted(kept.rule.alert, limit=80)}.",
        f"Keep {quoted(kept.rule.alert, limit=80)}, remove this one.",
        removes=True,
        minutes_per_week=other.minutes_per_week(mine),
    )
