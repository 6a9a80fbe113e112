"""SLOs of every kind over made-up metrics, for tests of what is generated from them."""

from datetime import UTC, datetime

from sre.core.slo.model import (
    AlertingSettings,
    Indicator,
    MaintenanceWindow,
    RatioIndicator,
    RawRatioIndicator,
    Slo,
    ThresholdIndicator,
    TimeSlices,
)
from sre.core.slo.windows import CalendarWindow, RollingWindow, SloWindow
from sre.core.times import Duration

AT = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
DAY = 86_400.0
FAILURES = RatioIndicator(bad='reqs_total{code=~"5.."}', total="reqs_total")
UPGRADE = MaintenanceWindow(datetime(2026, 11, 3, tzinfo=UTC), datetime(2026, 11, 3, 2, tzinfo=UTC), "upgrade")


def shape(
    name: str,
    indicator: Indicator = FAILURES,
    *,
    objective: float = 0.999,
    window: SloWindow | None = None,
    **others: object,
) -> Slo:
    """Return an SLO of the service shop, over 30 days unless told."""
    placed = window or RollingWindow(Duration(30 * DAY))
    return Slo(name, objective, placed, indicator, service="shop", **others)  # type: ignore[arg-type]


SHAPES: dict[str, Slo] = {
    slo.name: slo
    for slo in (
        shape("ratio"),
        shape("ratio-grouped", group_by=("region",)),
        shape("good-bucket", RatioIndicator(good='d_bucket{le="0.3"}', total="d_count"), objective=0.95),
        shape("template", RatioIndicator(bad="sum(increase(e[$window]))", total="sum(rate(t[$window]))")),
        shape("raw", RawRatioIndicator("job:errors:ratio", is_failure=True), objective=0.99),
        shape("threshold", ThresholdIndicator("latency_p99", "lte", 0.5), objective=0.95),
        shape("quantile", ThresholdIndicator("histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))", "lt", 0.9)),
        shape("slices", budgeting=TimeSlices(Duration(600), 0.99), objective=0.99),
        shape("maintained", maintenance=(UPGRADE,)),
        shape("maintained-grouped", maintenance=(UPGRADE,), group_by=("region",)),
        shape("month", window=CalendarWindow("month")),
        shape("quarter", window=CalendarWindow("quarter")),
        shape("year-berlin", window=CalendarWindow("year", "Europe/Berlin")),
        shape("week-york", window=CalendarWindow("week", "America/New_York")),
        shape("ninety-days", window=RollingWindow(Duration(90 * DAY))),
        shape("week", window=RollingWindow(Duration(7 * DAY))),
        shape("low-traffic", alerting=AlertingSettings(min_bad_events=10)),
    )
}
