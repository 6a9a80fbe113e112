"""The answer of `compare_performance`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tools.answer import EvidencedAnswer, Figure, Part, WindowAnswer

VerdictName = Literal["regression", "improvement", "changed", "no_change", "cannot_tell"]


class TailPart(Part):
    """The typical value stayed, but values are far from it more, or less, often."""

    side: Literal["above", "below"]
    bound: Figure
    before_ratio: Figure = Field(description="Share of the values beyond the bound")
    after_ratio: Figure
    typical: Figure = Field(description="Of the values beyond it")


class MetricPart(Part):
    """One metric before and after."""

    metric: str
    labels: dict[str, str] = Field(default_factory=dict)
    verdict: VerdictName
    before: Figure = Field(description="Typical value: median, or mean where the method says so")
    after: Figure
    unit: str = ""
    effect_ratio: Figure = Field(description="0.35 is 35 % more after than before")
    interval_ratio: list[Figure] = Field(description="Lower and upper end of the effect")
    difference: Figure = Field(description="In the unit")
    difference_interval: list[Figure]
    usual_ratio: Figure = Field(description="How these hours differ on other days; taken out of the effect")
    p_value: Figure
    unseen_ratio: Figure = Field(description="Smaller changes would probably not have been seen")
    tail: TailPart | None = None
    higher_is_worse: bool | None
    before_count: int
    after_count: int
    independent_count: Figure = Field(description="Independent values that before and after are worth")
    method: str
    notes: list[str] = Field(default_factory=list)


class CompareAnswer(EvidencedAnswer):
    """Whether performance changed; `window` is that after the change, the figures on top those of the first metric."""

    RANKED: ClassVar[tuple[str, ...]] = ("metrics",)

    verdict: VerdictName = "no_change"
    effect_ratio: Figure = None
    interval_ratio: list[Figure] = Field(default_factory=list)
    difference: Figure = None
    confidence_ratio: Figure = None
    smallest_change: Figure = None
    before_window: WindowAnswer | None = None
    ranked_by: str = "verdict, regressions first, then size of the effect"
    metrics: list[MetricPart] = Field(default_factory=list)
    deploys: list[str] = Field(default_factory=list, description="Near the change, as the source shows them")
