"""The search for changes and anomalies, in one series and in many."""

from collections.abc import Sequence

import numpy as np

from sre.core.changes.anomalies import anomalies_of, touched
from sre.core.changes.levels import changes_between, level_line
from sre.core.changes.memory import long_run_factor
from sre.core.changes.model import AnomalyWindow, Change, Found
from sre.core.changes.scan import SIDE_MIN
from sre.core.changes.seasons import Deseasoned, deseasoned
from sre.core.changes.segments import Step, steps_of
from sre.core.changes.spread import noise_spread, ranks
from sre.core.series import FloatArray, IntArray

STEPS_MIN = 16
# A level that is left again after this share of the series, back to within half of where it was, is a passing window.
PASSING_SHARE = 0.05
_BACK_SHARE = 0.5
_GAPS_SHARE = 0.05
_FEW_VALUES = 4
_LONG_MEMORY = 30.0
# Squares of larger values overflow; nothing that is measured is as large.
_LARGEST = 1e140


def found_changes(values: FloatArray, *, periods: Sequence[int] = (), hints: Sequence[int] = ()) -> Found:
    """Return the lasting changes of level and the passing anomalies of one series.

    Args:
        values: shape (steps,), evenly spaced, any unit; NaN or infinite where there is none. Values beyond 1e140 are
            taken for none.
        periods: Seasons that the series may have, in steps (a day, a week); each is taken out only where the series
            shows it. Where none is named, one that is plain to see is found.
        hints: Indices where a change is likely for reasons outside the series (deploys). A change that cannot be told
            from one at a hint is placed there; none is made up.
    """
    is_known = np.abs(np.where(np.isfinite(values), values, np.inf)) < _LARGEST
    known = np.flatnonzero(is_known)
    if len(known) < STEPS_MIN:
        return Found(notes=(f"only {len(known)} values: at least {STEPS_MIN} are needed to tell a change from noise",))
    clean = np.where(is_known, values, np.nan).astype(np.float64)
    season = deseasoned(clean, periods)
    kept = season.values[known]
    steps, passing = _lasting(kept, steps_of(kept))
    level = np.full(len(clean), np.nan)
    level[known] = level_line(kept, steps)
    windows = [_passing_window(clean, season, level, known, pair) for pair in passing]
    changes = changes_between(kept, steps, known)
    others = [each for each in anomalies_of(clean, season, level) if not _is_transition(each, changes)]
    return Found(
        changes=tuple(_hinted(change, hints) for change in changes),
        anomalies=tuple(_together(windows, others)),
        periods=season.periods,
        notes=tuple(_notes(clean, kept, steps)),
    )


def found_in_each(rows: FloatArray, *, periods: Sequence[int] = (), hints: Sequence[int] = ()) -> list[Found]:
    """Return what `found_changes` returns for each row of an array of shape (series, steps)."""
    return [found_changes(row, periods=periods, hints=hints) for row in rows]


def _lasting(values: FloatArray, steps: list[Step]) -> tuple[list[Step], list[tuple[Step, Step]]]:
    """Return the steps that last, and the pairs that are a passing window."""
    lasting: list[Step] = []
    passing: list[tuple[Step, Step]] = []
    for step in steps:
        if lasting and _is_passing(values, lasting, step):
            passing.append((lasting.pop(), step))
        else:
            lasting.append(step)
    return lasting, passing


def _is_passing(values: FloatArray, lasting: Sequence[Step], step: Step) -> bool:
    """Return whether the step takes back the last one soon."""
    last = lasting[-1]
    start, stop = last.place.at, step.place.at
    if stop - start > PASSING_SHARE * len(values) or last.place.is_up == step.place.is_up:
        return False
    before = float(np.median(values[lasting[-2].place.at if len(lasting) > 1 else 0 : start]))
    within, after = float(np.median(values[start:stop])), float(np.median(values[stop : step.stop]))
    return abs(after - before) < _BACK_SHARE * abs(within - before)


def _passing_window(
    values: FloatArray, season: Deseasoned, level: FloatArray, known: IntArray, pair: tuple[Step, Step]
) -> AnomalyWindow:
    first, last = known[pair[0].place.at], known[pair[1].place.at - 1]
    around = (season.values - level)[first : last + 1]
    is_up = pair[0].place.is_up
    worst = int(first) + int(np.nanargmax(around if is_up else -around))
    usual = (values * level / season.values if season.is_ratio else values - season.values + level)[first : last + 1]
    spread = noise_spread((season.values - level)[known])
    return AnomalyWindow(
        start_index=int(first),
        end_index=int(last),
        expected=float(np.nanmedian(usual)),
        worst=float(values[worst]),
        direction="up" if is_up else "down",
        score=float(abs(np.nanmedian(around))) / spread,
    )


def _together(passing: list[AnomalyWindow], others: list[AnomalyWindow]) -> list[AnomalyWindow]:
    """Return both in the order of time; where they touch, the one whose ends were proven."""
    apart = [each for each in others if not len(touched(passing, each.start_index, each.end_index + 1))]
    return sorted([*passing, *apart], key=lambda each: each.start_index)


def _is_transition(window: AnomalyWindow, changes: Sequence[Change]) -> bool:
    """Return whether the window is merely the way from one level to the next."""
    return any(
        window.start_index <= change.latest_index + SIDE_MIN
        and window.end_index >= change.earliest_index - SIDE_MIN
        and min(change.before, change.after) <= window.worst <= max(change.before, change.after)
        for change in changes
    )


def _hinted(change: Change, hints: Sequence[int]) -> Change:
    """Return the change at the nearest hint that it cannot be told from."""
    likely = [hint for hint in hints if change.earliest_index <= hint <= change.latest_index]
    return change.at(min(likely, key=lambda hint: abs(hint - change.index))) if likely else change


def _notes(values: FloatArray, kept: FloatArray, steps: Sequence[Step]) -> list[str]:
    notes = []
    missing = 1 - len(kept) / len(values)
    if missing > _GAPS_SHARE:
        notes.append(f"{missing:.0%} of the steps have no value; a change within a gap is dated to its end")
    if len(np.unique(kept)) <= _FEW_VALUES:
        notes.append("the series takes few distinct values, so small changes cannot be seen")
    if long_run_factor(ranks(kept - level_line(kept, steps))[None, :])[0] > _LONG_MEMORY:
        notes.append("the series wanders slowly by itself, so only changes well beyond that can be told")
    return notes
