"""What a comparison of before and after is made of."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

BadDirection: TypeAlias = Literal["up", "down"]
Verdict: TypeAlias = Literal["regression", "improvement", "changed", "no_change", "cannot_tell"]

# Chosen on the development data of cloud benchmarks, shuffled anew in blocks: the best macro F1 with at most one false
# alarm in two hundred unchanged series (half of what is promised). One half of the series alone chooses 2 % and 99 %,
# the other 2 % and 99.3 % (`bench/verdicts.py` measures what comes of it).
SMALLEST_RATIO = 0.02
CONFIDENCE_RATIO = 0.99


@dataclass(frozen=True, slots=True)
class Standard:
    """What counts as a change.

    Attributes:
        bad: Which direction is bad; None where nobody knows, and then a change is neither good nor bad.
        smallest_ratio: Smaller effects are no change, however sure; 0.02 is 2 %.
        confidence_ratio: Of the interval, and 1 minus it is the share of unchanged series that may look changed.
    """

    bad: BadDirection | None = None
    smallest_ratio: float = SMALLEST_RATIO
    confidence_ratio: float = CONFIDENCE_RATIO


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison, in the unit of the metric.

    Attributes:
        typical: Median; the mean where most values are zero.
        count: Values it was read from.
        effective_count: How many independent values they are worth.
    """

    typical: float
    count: int
    effective_count: float


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the values after lie above those before, on the scale they were compared on.

    Attributes:
        lower, upper: Ends of the interval.
        p_value: Probability of a shift at least as clear where nothing changed.
        is_by_ranks: Typical values were compared, not means.
    """

    estimate: float
    lower: float
    upper: float
    p_value: float
    is_by_ranks: bool


@dataclass(frozen=True, slots=True)
class Tail:
    """How often values are far from the typical one, on one side.

    Attributes:
        before_ratio, after_ratio: Share of the values beyond the bound, 0..1.
        typical: Of the far values of the side that has more of them, in the unit of the metric.
    """

    side: BadDirection
    bound: float
    before_ratio: float
    after_ratio: float
    typical: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether a metric changed, and by how much.

    Attributes:
        effect_ratio: +0.35 is 35 % more after than before; None where percent say nothing (a level of zero).
        lower_ratio, upper_ratio: Interval of the effect at the confidence asked for; None where it has no end.
        difference: The same in the unit of the metric, with its interval.
        usual_ratio: By how much these hours differ on other days, taken out of the effect; None where not known.
        unseen_ratio: A change smaller than this would probably have gone unnoticed in so few or so noisy values.
        p_value: Probability of an effect at least as clear where nothing changed.
        tail: Where the typical value did not move, but values are far from it more often.
        method: How it was compared, in words.
        notes: What a reader must know to trust it; our words.
    """

    verdict: Verdict
    before: Side
    after: Side
    effect_ratio: float | None
    lower_ratio: float | None
    upper_ratio: float | None
    difference: float
    lower_difference: float | None
    upper_difference: float | None
    unseen_ratio: float | None
    p_value: float
    bad: BadDirection | None
    method: str
    usual_ratio: float | None = None
    tail: Tail | None = None
    notes: tuple[str, ...] = ()
