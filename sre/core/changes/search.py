"""The search for changes and anomalies, in one series and in many."""

from collections.abc import Sequence

from sre.core.changes.model import Found
from sre.core.series import FloatArray


def found_changes(values: FloatArray, *, periods: Sequence[int] = (), hints: Sequence[int] = ()) -> Found:
    """Return the lasting changes of level and the passing anomalies of one series.

    Args:
        values: shape (steps,), evenly spaced, any unit; NaN or infinite where there is none.
        periods: Seasons that the series may have, in steps (a day, a week); each is taken out only where the series
            shows it at least twice.
        hints: Indices where a change is likely for reasons outside the series (deploys). A change that cannot be told
            from one at a hint is placed there; none is made up.
    """
    return Found()


def found_in_each(rows: FloatArray, *, periods: Sequence[int] = (), hints: Sequence[int] = ()) -> list[Found]:
    """Return what `found_changes` returns for each row of an array of shape (series, steps), and faster."""
    return [found_changes(row, periods=periods, hints=hints) for row in rows]
