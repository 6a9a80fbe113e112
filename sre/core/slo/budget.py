"""The error budget: how many bad events an objective allows, and how many of them are spent."""

from dataclasses import dataclass

from sre.core.errors import InputError, NoDataError

# 0.999 as a float makes 1 - 0.999 = 0.0010000000000000009; objectives have far fewer digits than this.
_BUDGET_DIGITS = 12
# Spent to the last event must read as spent, whatever the last bit of a division says.
_EXHAUSTED_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class EventCounts:
    """Events in one window.

    Attributes:
        total: All events, >= 0; a fraction when it is an estimate.
        bad: Bad events, 0 <= bad <= total.
    """

    total: float
    bad: float


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """An error budget and what is left of it.

    Attributes:
        sli_ratio: Share of good events, 0..1.
        budget_ratio: Share of events that may be bad, 1 - objective.
        allowed_bad: Bad events the whole period can bear.
        consumed_ratio: Bad events over allowed; above 1 when overspent.
        remaining_minutes: The rest as minutes of full outage at even traffic; negative when overspent.
    """

    sli_ratio: float
    budget_ratio: float
    allowed_bad: float
    consumed_ratio: float
    remaining_minutes: float

    @property
    def remaining_ratio(self) -> float:
        """1 - consumed; negative when overspent."""
        return 1.0 - self.consumed_ratio

    @property
    def is_exhausted(self) -> bool:
        """Whether nothing is left."""
        return self.consumed_ratio >= 1.0 - _EXHAUSTED_SLACK


def budget_ratio(objective_ratio: float, *, field: str = "objective") -> float:
    """Return the share of events that may be bad: 1 - objective.

    Raises:
        InputError: The objective is not between 0 and 1; a percentage gets told its ratio.
    """
    if 1 < objective_ratio < 100:
        raise InputError(
            f"{field} is a ratio between 0 and 1; for {objective_ratio:g} % pass {objective_ratio / 100:.10g}.",
            field=field,
        )
    if not 0 < objective_ratio < 1:
        raise InputError(f"{field} must lie between 0 and 1, both excluded.", field=field, valid=("0.99", "0.999"))
    return round(1.0 - objective_ratio, _BUDGET_DIGITS)


def error_budget(
    counts: EventCounts, *, objective_ratio: float, period_seconds: float, elapsed_ratio: float = 1.0
) -> ErrorBudget:
    """Return the budget of a period and how much of it these events have spent.

    Args:
        counts: Events from the start of the period until now.
        objective_ratio: Share of events that must be good, 0 < x < 1.
        period_seconds: Length of the whole period.
        elapsed_ratio: Share of the period that has passed, 0 < x <= 1. Below 1 (a calendar period under way) the
            allowance of the whole period is projected from the traffic so far.

    Raises:
        NoDataError: No events, so no ratio exists.

    Source:
        Beyer et al., The Site Reliability Workbook (2018), ch. 2 and appendix B, "Example Error Budget Policy":
        budget = (1 - SLO) x events in the window. The projection for a period under way is our choice.
    """
    if counts.total <= 0:
        raise NoDataError("There were no events in the window, so neither an SLI nor a budget exists.")
    allowed_share = budget_ratio(objective_ratio)
    allowed_bad = allowed_share * counts.total / elapsed_ratio
    consumed = counts.bad / allowed_bad
    return ErrorBudget(
        sli_ratio=1.0 - counts.bad / counts.total,
        budget_ratio=allowed_share,
        allowed_bad=allowed_bad,
        consumed_ratio=consumed,
        remaining_minutes=(1.0 - consumed) * allowed_share * period_seconds / 60.0,
    )
