"""The one SLO object: what is measured, over which window, and how good it has to be."""

from dataclasses import dataclass

from sre.slo.windows import SloWindow


@dataclass(frozen=True, slots=True)
class RatioIndicator:
    """An SLI as a share of events, each side a PromQL counter expression (`sre.slo.count_query`).

    Two of the three are set; the third follows from them.

    Attributes:
        good: Counts good events, or None.
        bad: Counts bad events, or None.
        total: Counts all events, or None.
    """

    good: str | None = None
    bad: str | None = None
    total: str | None = None

    def __post_init__(self) -> None:
        if sum(side is not None for side in (self.good, self.bad, self.total)) < 2:
            raise ValueError("a ratio needs two of good, bad and total")


@dataclass(frozen=True, slots=True)
class Slo:
    """A service level objective.

    Attributes:
        name: Unique in its folder; letters, digits and dashes.
        objective_ratio: Share of events that must be good, 0 < x < 1.
        window: Over which the share is measured.
        indicator: How good and bad are counted.
        service: Whose objective it is; empty if not said.
        display_name: For people; empty if not said.
        description: For people; text from outside.
        source_name: Metric source the document refers to, or None.
    """

    name: str
    objective_ratio: float
    window: SloWindow
    indicator: RatioIndicator
    service: str = ""
    display_name: str = ""
    description: str = ""
    source_name: str | None = None
