"""The six approaches to alerting on an SLO that the Workbook goes through, made for any objective and period."""

from dataclasses import dataclass, replace

from sre.core.slo.burn_rate import BurnRateTier, detection_seconds, factor_for_share
from sre.core.times import format_duration
from sre.slo.backtest import AlertSetting

HOUR_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class Frame:
    """What all settings of one SLO share.

    Attributes:
        period_seconds: Length of the period that factors are made for.
        base_seconds: Windows are multiples of this.
    """

    period_seconds: float
    base_seconds: float


@dataclass(frozen=True, slots=True)
class TierMaker:
    """Makes tiers of an objective and a period."""

    objective_ratio: float
    frame: Frame

    def plain(self, name: str, seconds: float) -> BurnRateTier | None:
        """Return a page at a burn rate of 1 over one window."""
        return self.tier(name, seconds, seconds, seconds / self.frame.period_seconds)

    def ticket(self, name: str, long: float, short: float) -> BurnRateTier | None:
        """Return the chapter's ticket: a tenth of the budget."""
        tier = self.tier(name, long, short, 0.10)
        return replace(tier, severity="ticket") if tier is not None else None

    def tier(self, name: str, long: float, short: float, share: float) -> BurnRateTier | None:
        """Return a page tier, or None where its window does not fit into the period."""
        base = self.frame.base_seconds
        if long >= self.frame.period_seconds:
            return None
        long, short = (base * max(1, -(-seconds // base)) for seconds in (long, short))
        factor = factor_for_share(budget_share=share, window_seconds=long, period_seconds=self.frame.period_seconds)
        return self.with_factor(name, long, short, factor)

    def with_factor(self, name: str, long: float, short: float, factor: float) -> BurnRateTier:
        """Return a page tier of a burn rate."""
        delay = detection_seconds(factor=factor, objective_ratio=self.objective_ratio, long_seconds=long)
        share = factor * long / self.frame.period_seconds
        return BurnRateTier(name, "page", long, short, share, factor, delay if delay < long else None)


def book_settings(base: AlertSetting, *, frame: Frame) -> tuple[AlertSetting, ...]:
    """Return the six approaches of the chapter for an objective, the least useful first.

    Shares of the budget are the book's; factors follow from the period. The one-minute window of the third approach
    is as long as a base window here.

    Source:
        Beyer et al., The Site Reliability Workbook (2018), ch. 5, "Ways to Alert on Significant Events", 1 to 6.
    """
    make = TierMaker(base.objective_ratio, frame)
    slow_seconds = frame.base_seconds * max(1, round(0.05 * frame.period_seconds / frame.base_seconds))
    hour, six, days = HOUR_SECONDS, 6 * HOUR_SECONDS, 72 * HOUR_SECONDS
    pages = [("1h", hour, hour / 12, 0.02), ("6h", six, six / 12, 0.05)]
    approaches: list[tuple[str, list[BurnRateTier | None], float]] = [
        ("1 error rate over 10m", [make.plain("10m", 600.0)], 0.0),
        (f"2 error rate over {format_duration(slow_seconds)}", [make.plain("long", slow_seconds)], 0.0),
        ("3 error rate for 1h", [make.plain("held", frame.base_seconds)], hour),
        ("4 burn rate over 1h", [make.tier("1h", hour, hour, 0.05)], 0.0),
        (
            "5 several burn rates",
            [*(make.tier(name, long, long, share) for name, long, _, share in pages), make.ticket("3d", days, days)],
            0.0,
        ),
        (
            "6 several windows and burn rates",
            [*(make.tier(*page) for page in pages), make.ticket("3d", days, days / 12)],
            0.0,
        ),
    ]
    return tuple(
        AlertSetting(name, base.objective_ratio, kept, 0.0, for_seconds={tier.name: held for tier in kept})
        for name, tiers, held in approaches
        if (kept := tuple(tier for tier in tiers if tier is not None))
    )
