"""Grafana's variables in queries, replaced as Grafana would."""

from datetime import UTC, datetime

import pytest

from sre.core.errors import InputError
from sre.dashboards.runnable import PanelTime, range_seconds, runnable


@pytest.mark.parametrize(
    ("step", "scrape", "expected"),
    [(15.0, 15.0, 60.0), (60.0, 15.0, 75.0), (20.0, 60.0, 240.0), (300.0, 60.0, 360.0)],
)
def test_the_rate_interval_is_that_of_the_documentation(step: float, scrape: float, expected: float) -> None:
    """Source: Grafana documentation, Prometheus, `$__rate_interval`: max($__interval + scrape, 4 x scrape)."""
    assert PanelTime(3600, step, scrape).rate_interval_seconds == expected


def test_every_variable_is_replaced_and_other_dollars_stay() -> None:
    """Source: Grafana documentation, global variables and variable syntax."""
    time = PanelTime(range_seconds=7200, step_seconds=30, scrape_seconds=15)
    query = (
        'rate(a{r=~"$region",s=~"${shard}",t=~"x$"}[$__rate_interval]) + b[$__range:$__interval] '
        '* ${__range_s} + $__interval_ms - c{d="$unknown"} ${shard:regex}'
    )
    assert runnable(query, time=time, choices=("region", "shard")) == (
        'rate(a{r=~".*",s=~".*",t=~"x$"}[1m]) + b[2h:30s] * 7200 + 30000 - c{d="$unknown"} .*'
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("now-6h", 21_600), ("30d", 2_592_000), ("now/M", 86_400 + 43_200), ("now/w", 43_200), ("now/y", 305.5 * 86_400)],
)
def test_ranges_of_panels_are_read(text: str, seconds: float) -> None:
    """Source: Grafana documentation, time ranges; 2 November 2026 is a Monday, day 306 of its year."""
    assert range_seconds(text, now=datetime(2026, 11, 2, 12, tzinfo=UTC)) == seconds


def test_the_month_begins_in_its_own_zone() -> None:
    """Source: IANA zones: at noon UTC it is 13:00 in Berlin, in winter."""
    now = datetime(2026, 11, 2, 12, tzinfo=UTC)
    assert range_seconds("now/M", now=now, time_zone="Europe/Berlin") == 86_400 + 13 * 3600


def test_other_ranges_are_refused() -> None:
    """Our choice: none other is written here."""
    with pytest.raises(InputError):
        range_seconds("last tuesday", now=datetime(2026, 11, 2, tzinfo=UTC))
