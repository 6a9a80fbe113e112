"""The objective and the budgeting method of an OpenSLO document."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, get_args

from connectors.openslo.fields import OBJECTIVE_FIELDS, check_fields, nearest_field
from connectors.openslo.time_window import read_slice_window
from sre.core.errors import InputError
from sre.core.problems import Findings
from sre.core.slo.budget import budget_ratio
from sre.core.slo.model import Budgeting, Occurrences, ThresholdOp, TimeSlices
from sre.core.text import quoted

PATH = "spec.objectives[0]"
METHODS: Final = ("Occurrences", "Timeslices")
_OPERATORS: tuple[ThresholdOp, ...] = get_args(ThresholdOp)
_COMPOSITE_FIELDS = ("indicator", "indicatorRef", "compositeWeight")
_SLICE_FIELDS = ("timeSliceTarget", "timeSliceWindow")
# A raw ratio or a threshold is looked at once a minute, so a shorter slice could be empty.
_MIN_SLICE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a threshold metric is held against: a sample is good when `metric op value`."""

    op: ThresholdOp
    value: float


def read_target(spec: Mapping[str, object], found: Findings) -> float:
    """Return the share that must be good, 0 < x < 1; 0 where it has a problem."""
    if not spec:
        return 0.0
    check_fields(spec, OBJECTIVE_FIELDS, path=PATH, found=found)
    for key in _COMPOSITE_FIELDS:
        if key in spec:
            found.add(f"{PATH}.{key}", "makes a composite SLO, which is not supported", "make one SLO of each part")
    target, percent = spec.get("target"), spec.get("targetPercent")
    if (target is None) == (percent is None):
        found.add(PATH, "needs one of target and targetPercent", "for example target: 0.999")
        return 0.0
    key, value = ("target", target) if percent is None else ("targetPercent", percent)
    number = _number(value)
    if number is None:
        found.add(f"{PATH}.{key}", "is not a number", f"for example {key}: {'0.999' if percent is None else '99.9'}")
        return 0.0
    # Through decimals: 99.95 / 100 as floats is not 0.9995.
    ratio = number if percent is None else float(Decimal(str(number)) / 100)
    try:
        budget_ratio(ratio, field=key)
    except InputError as error:
        found.add(f"{PATH}.{key}", error.message.rstrip("."), "give a share of good events between 0 and 1")
    return ratio


def read_budgeting(method: object, objective: Mapping[str, object], found: Findings) -> Budgeting:
    """Return what the budget counts."""
    if method == "Timeslices":
        return _time_slices(objective, found)
    if method == "RatioTimeslices":
        found.add(
            "spec.budgetingMethod",
            "RatioTimeslices is not supported: in its mean of ratios a minute with one request weighs as much as one "
            "with a million",
            "use Occurrences to count requests, or Timeslices to count bad minutes",
        )
    elif method != "Occurrences":
        nearest = nearest_field(str(method or ""), METHODS)
        what = "is missing" if method is None else f"{quoted(str(method))} is not a method"
        found.add("spec.budgetingMethod", what, f"use {nearest or ' or '.join(METHODS)}")
    if method == "Occurrences":
        for key in _SLICE_FIELDS:
            if key in objective:
                found.add(f"{PATH}.{key}", "belongs to Timeslices", "remove it, or use budgetingMethod: Timeslices")
    return Occurrences()


def read_threshold(objective: Mapping[str, object], found: Findings) -> Threshold | None:
    """Return what a threshold metric is held against, or None where it has a problem."""
    op = next((known for known in _OPERATORS if objective.get("op") == known), None)
    if op is None:
        said = "is missing" if objective.get("op") is None else f"{quoted(str(objective['op']))} is not an operator"
        found.add(f"{PATH}.op", said, "use lt, lte, gt or gte: a sample is good when metric op value")
    value = _number(objective.get("value"))
    if value is None:
        found.add(f"{PATH}.value", "is not a number", "give the limit in the metric's own unit")
    return None if op is None or value is None else Threshold(op, value)


def check_no_threshold(objective: Mapping[str, object], found: Findings) -> None:
    """Record problems for what only a threshold metric is held against."""
    # `op: gt` beside a ratio says what is meant anyway, and the specification's own examples have it.
    if objective.get("op") not in (None, "gt", "gte"):
        found.add(f"{PATH}.op", "belongs to a thresholdMetric", "remove it: a ratio must be at least its target")
    if "value" in objective:
        found.add(f"{PATH}.value", "belongs to a thresholdMetric", "remove it: a ratio is held against its target")


def _time_slices(objective: Mapping[str, object], found: Findings) -> Budgeting:
    target = _number(objective.get("timeSliceTarget"))
    if target is None or not 0 < target <= 1:
        what = "is missing" if objective.get("timeSliceTarget") is None else "is not above 0 and at most 1"
        found.add(f"{PATH}.timeSliceTarget", what, "give the share of good events of a good slice, such as 0.99")
    window = read_slice_window(objective.get("timeSliceWindow"), path=f"{PATH}.timeSliceWindow", found=found)
    if window is not None and window.seconds < _MIN_SLICE_SECONDS:
        found.add(f"{PATH}.timeSliceWindow", "is shorter than a minute", "use 1m or longer")
    return Occurrences() if target is None or window is None else TimeSlices(window, target)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
