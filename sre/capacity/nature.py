"""What kind of quantity a series is: a counter, a stock that accumulates, or a level; and what bounds it."""

from dataclasses import dataclass

import numpy as np

from sre.capacity.model import History, Nature
from sre.core.series import BoolArray, FloatArray

# A counter that restarts comes back near zero; a cleaned disk does not.
_RESTART_SHARE = 0.1
# Share of steps that must not fall before a series counts as accumulating.
_MONOTONE_SHARE = 0.995
# A stock has to move this often: as many moves of a level would hardly all go up. Where some fall, so many times as
# many have to rise.
_MOVING_COUNT, _RISES_A_FALL = 8, 4
# How often a series must sit exactly on 1 or 100 before that is taken for its ceiling.
_CEILING_TOUCHES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A history ready for the fit.

    Attributes:
        values: shape (steps,), NaN in gaps; a counter as rate a second.
        lower_bound, upper_bound: Values the series cannot pass, or None.
    """

    nature: Nature
    values: FloatArray
    lower_bound: float | None
    upper_bound: float | None
    notes: tuple[str, ...] = ()


def prepared(history: History) -> Prepared:
    """Return the series as what should be forecast: counters as rates, everything else as it is."""
    known = history.values[np.isfinite(history.values)]
    moves = np.diff(known)
    drops = moves < 0
    if _is_counter(history, known, drops):
        return _as_rate(history, int(drops.sum()))
    nature: Nature = "stock" if _is_stock(moves) else "level"
    notes: tuple[str, ...] = ()
    if nature == "level" and _is_sawtooth(known, moves):
        notes += ("The series falls back sharply now and then (clean-ups or restarts); a limit may be met in between.",)
    return Prepared(nature, history.values, _lower_bound(known), _upper_bound(history, known), notes)


def _is_counter(history: History, known: FloatArray, drops: BoolArray) -> bool:
    if (known < 0).any():
        return False
    if history.is_counter_name:
        return True
    if not drops.any() or drops.mean() > 1 - _MONOTONE_SHARE + 1 / drops.size:
        return False
    before, after = known[:-1][drops], known[1:][drops]
    return bool((after <= _RESTART_SHARE * before).all())


def _as_rate(history: History, resets: int) -> Prepared:
    values = history.values
    moves = np.diff(values)
    # After a restart the counter has risen from zero to what it shows (the convention of PromQL rate()).
    moves = np.where(moves < 0, values[1:], moves)
    note = "The series is a counter; the forecast is of its rate a second"
    note += f", with {resets} {'reset' if resets == 1 else 'resets'} taken out." if resets else "."
    return Prepared("counter", moves / history.step.seconds, 0.0, None, (note,))


def _is_stock(moves: FloatArray) -> bool:
    if moves.size == 0:
        return False
    rises, falls = int((moves > 0).sum()), int((moves < 0).sum())
    return falls <= (1 - _MONOTONE_SHARE) * moves.size and rises >= max(_MOVING_COUNT, _RISES_A_FALL * falls)


def _is_sawtooth(known: FloatArray, moves: FloatArray) -> bool:
    spread = np.ptp(known)
    falls = moves < -0.3 * spread
    return bool(spread > 0 and 1 <= falls.sum() <= 0.02 * moves.size and (moves > 0).mean() > 0.8)


def _lower_bound(known: FloatArray) -> float | None:
    return 0.0 if (known >= 0).all() else None


def _upper_bound(history: History, known: FloatArray) -> float | None:
    top = float(known.max())
    if history.upper_bound is not None:
        return history.upper_bound if top <= history.upper_bound else None
    for ceiling in (1.0, 100.0):
        if top == ceiling and (known == ceiling).sum() >= _CEILING_TOUCHES and (known != np.round(known)).any():
            return ceiling
    return None
