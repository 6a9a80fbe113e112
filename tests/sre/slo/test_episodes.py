"""What of the alerts that fire reaches a person. Our choice: 15 minutes of pause are one interruption."""

import numpy as np
import pytest

from sre.core.labels import Labels
from sre.core.slo.burn_rate import BurnRateTier, tiers_for
from sre.core.slo.tiers import default_tiers
from sre.slo.episodes import TierEpisode, firing_runs, pages_of, tickets_of

MINUTE_MS = 60_000
TIERS = {tier.name: tier for tier in tiers_for(default_tiers(), objective_ratio=0.999, period_seconds=30 * 86_400)}
EAST, WEST = Labels({"zone": "east"}), Labels({"zone": "west"})


def fired(tier: str, start: int, end: int | None, *, group: Labels = EAST, peak: float = 20.0) -> TierEpisode:
    """An episode in minutes."""
    last = (end if end is not None else 10_000) - 1
    ends = None if end is None else end * MINUTE_MS
    one: BurnRateTier = TIERS[tier]
    return TierEpisode(one, group, start * MINUTE_MS, start * MINUTE_MS, last * MINUTE_MS, ends, peak)


def test_what_overlaps_or_follows_soon_is_one_page() -> None:
    pages = pages_of([fired("fast", 10, 20), fired("medium", 12, 40), fired("fast", 55, 60), fired("fast", 76, 80)])
    assert [(page.start_ms // MINUTE_MS, (page.end_ms or 0) // MINUTE_MS) for page in pages] == [(10, 60), (76, 80)]
    assert pages[0].tiers == ("fast", "medium")


def test_an_alert_that_never_ends_keeps_its_page_open() -> None:
    (page,) = pages_of([fired("medium", 10, None), fired("fast", 12, 13), fired("fast", 500, 600)])
    assert page.end_ms is None


def test_the_peak_of_a_page_is_that_of_its_worst_alert() -> None:
    (page,) = pages_of([fired("fast", 1, 9, peak=30), fired("fast", 2, 9, group=WEST, peak=70)])
    assert (page.peak.group, page.groups) == (WEST, (EAST, WEST))


@pytest.mark.parametrize(
    ("ticket", "sent"),
    [
        pytest.param(fired("slow", 5, 30), 5, id="before the page: sent at once"),
        pytest.param(fired("slow", 12, 30), 20, id="inhibited until the page is over"),
        pytest.param(fired("slow", 12, 18), None, id="inhibited all the time"),
        pytest.param(fired("slow", 12, 18, group=WEST), 12, id="a page of another group inhibits nothing"),
        pytest.param(fired("slow", 20, 22), 20, id="begins as the page ends"),
    ],
)
def test_a_page_inhibits_the_ticket_of_its_own_group(ticket: TierEpisode, sent: int | None) -> None:
    (alarm,) = tickets_of([fired("fast", 10, 20), ticket])
    assert alarm.notified_ms == (None if sent is None else sent * MINUTE_MS)


def test_several_pages_in_a_row_inhibit_a_ticket_until_the_last_is_over() -> None:
    (alarm,) = tickets_of([fired("fast", 10, 20), fired("medium", 15, 25), fired("slow", 12, 30)])
    assert alarm.notified_ms == 25 * MINUTE_MS
    (never,) = tickets_of([fired("fast", 10, 20), fired("medium", 15, None), fired("slow", 12, 30)])
    assert never.notified_ms is None


def test_tickets_and_pages_are_told_apart() -> None:
    episodes = [fired("fast", 1, 2), fired("steady", 1, 9)]
    assert [alarm.severity for alarm in pages_of(episodes)] == ["page"]
    assert [alarm.severity for alarm in tickets_of(episodes)] == ["ticket"]


@pytest.mark.parametrize(
    ("holds", "for_steps", "runs"),
    [
        ("", 0, []),
        ("0110", 0, [(1, 1, 3)]),
        ("1", 0, [(0, 0, 1)]),
        ("1101111", 2, [(3, 5, 7)]),
        ("111", 3, []),
        ("1111", 3, [(0, 3, 4)]),
    ],
)
def test_an_alert_fires_once_its_condition_has_held_for_long_enough(
    holds: str, for_steps: int, runs: list[tuple[int, int, int]]
) -> None:
    """Source: Prometheus, alerting rules: `for` is pending time; a condition that fails once starts afresh."""
    condition = np.array([step == "1" for step in holds], dtype=np.bool_)
    assert list(firing_runs(condition, for_steps=for_steps)) == runs
