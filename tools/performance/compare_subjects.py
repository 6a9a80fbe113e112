"""What is compared: metrics with their values before and after."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from sre.core.labels import Labels
    from sre.core.series import FloatArray
    from sre.core.times import Window
    from sre.performance.cycle import Cycle
    from sre.performance.earlier_days import DayPair
    from sre.performance.model import BadDirection
    from tools.answer import QueryEvidence

# Differences and squares of larger ones leave what a float can hold, and nothing that is measured is as large.
LARGEST_VALUE = 1e150


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One metric.

    Attributes:
        name: Text from outside, or ours for the signals of a service.
        unit: As `sre.core.figures` spells it; empty where it is not known.
        before, after: shape (values,), NaN where missing.
        is_adjoining: Evenly spaced, one right behind the other.
        earlier: The same windows on earlier days.
        cycle: Where windows of several days lie in the day.
        are_runs: Each value is that of a whole run, not one of a series.
    """

    name: str
    unit: str
    bad: BadDirection | None
    before: FloatArray
    after: FloatArray
    labels: Labels | None = None
    is_adjoining: bool = False
    earlier: tuple[DayPair, ...] = ()
    cycle: Cycle | None = None
    are_runs: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """All that a report is made from.

    Attributes:
        change: When it was changed, where that was said.
        services: Those the metrics speak of, to find their deploys.
        warnings, left_out: As in the answer.
    """

    subjects: tuple[Subject, ...]
    source: str | None = None
    before_window: Window | None = None
    after_window: Window | None = None
    step_seconds: float | None = None
    change: datetime | None = None
    evidence: tuple[QueryEvidence, ...] = ()
    warnings: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    deploys: tuple[str, ...] = field(default=())
