"""The functions that read only a window, and the ones whose value depends on the step."""

from collections.abc import Mapping

from sre.core.promql.dates import DATE_FUNCTIONS
from sre.core.promql.over_time import (
    avg_over_time,
    count_over_time,
    deriv,
    last_over_time,
    max_over_time,
    min_over_time,
    present_over_time,
    stddev_over_time,
    stdvar_over_time,
    sum_over_time,
)
from sre.core.promql.rates import changes, extrapolated, last_change, resets
from sre.core.promql.windows import Kernel

WINDOW_FUNCTIONS: Mapping[str, Kernel] = {
    "rate": extrapolated(is_counter=True, is_rate=True),
    "increase": extrapolated(is_counter=True, is_rate=False),
    "delta": extrapolated(is_counter=False, is_rate=False),
    "irate": last_change(is_rate=True),
    "idelta": last_change(is_rate=False),
    "resets": resets,
    "changes": changes,
    "deriv": deriv,
    "sum_over_time": sum_over_time,
    "avg_over_time": avg_over_time,
    "min_over_time": min_over_time,
    "max_over_time": max_over_time,
    "count_over_time": count_over_time,
    "last_over_time": last_over_time,
    "present_over_time": present_over_time,
    "stddev_over_time": stddev_over_time,
    "stdvar_over_time": stdvar_over_time,
}

# Their value depends on the step even where all their arguments are pinned by `@`.
STEP_DEPENDENT_FUNCTIONS = frozenset({*DATE_FUNCTIONS, "predict_linear", "time", "timestamp"})
