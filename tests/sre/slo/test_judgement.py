"""Alarms held against incidents, counted by hand on planted outages."""

import numpy as np
import pytest

from sre.core.labels import Labels
from sre.core.slo.burn_rate import tiers_for
from sre.core.slo.tiers import default_tiers
from sre.slo.backtest import AlertSetting, replayed
from sre.slo.burn_history import BaseHistory
from sre.slo.judge import Judge
from sre.slo.judgement import Judgement, KnownIncident
from sre.slo.trade_off import trade_off
from tests.support.outages import START_MS, Outage, outage_history

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
PERIOD = 30 * DAY
TIERS = tiers_for(default_tiers(), objective_ratio=0.999, period_seconds=PERIOD)
DEFINED = AlertSetting("as defined", 0.999, TIERS)
# A full outage, one of 2 %, and one too small to page for.
TEN = Outage(4 * DAY, 4 * DAY + 10 * MINUTE)
SLOW = Outage(5 * DAY, 5 * DAY + 2 * HOUR, 0.02)
SMALL = Outage(8 * DAY, 8 * DAY + HOUR, 0.005)


def incident(outage: Outage, name: str = "", *, late: float = 0.0) -> KnownIncident:
    return KnownIncident(name, START_MS + round((outage.start + late) * 1000), START_MS + round(outage.end * 1000))


def judged(
    *incidents: KnownIncident,
    history: BaseHistory | None = None,
    setting: AlertSetting = DEFINED,
    since: float = 3 * DAY,
) -> Judgement:
    told = history or outage_history(TEN, SLOW, SMALL, length_seconds=10 * DAY)
    start = START_MS + round(since * 1000)
    judge = Judge(told, incidents, start_ms=start, end_ms=told.grid.end_ms, period_seconds=PERIOD)
    return judge.judgement(setting, replayed(told, [setting], since_ms=start)[0])


def test_precision_and_recall_are_counted_as_written() -> None:
    """Two pages, one of them for a recorded incident; of two incidents one had a page."""
    found = judged(incident(TEN, "ten"), incident(SMALL, "small"))
    assert len(found.pages) == 2
    assert (found.precision_ratio, found.recall_ratio) == (0.5, 0.5)
    assert [page.incident for page in found.pages] == [0, None]
    assert [one.page is None for one in found.incidents] == [False, True]


def test_without_incidents_no_precision_is_invented() -> None:
    found = judged()
    assert (found.precision_ratio, found.recall_ratio, found.has_incidents) == (None, None, False)


def test_without_pages_there_is_no_precision_but_a_recall_of_zero() -> None:
    found = judged(incident(SMALL), history=outage_history(SMALL, length_seconds=10 * DAY))
    assert (found.precision_ratio, found.recall_ratio) == (None, 0.0)


def test_the_delay_runs_from_the_start_of_the_incident_and_the_budget_with_it() -> None:
    """A full outage passes 14.4 x 0.1 % of an hour after 52 s, so the first whole minute sees it: one minute of failures."""
    found = judged(incident(TEN))
    assert found.incidents[0].delay_seconds == MINUTE
    # 100 events a second; the period allows 0.1 % of 30 d of them.
    assert found.incidents[0].paged_budget_ratio == pytest.approx(60 / (0.001 * PERIOD))
    assert found.incidents[0].budget_ratio == pytest.approx(600 / (0.001 * PERIOD))
    assert found.pages[0].bad_events == 6_000


def test_an_incident_written_down_late_was_paged_without_delay() -> None:
    found = judged(incident(TEN, late=5 * MINUTE))
    assert found.incidents[0].delay_seconds == 0.0


def test_a_slow_outage_takes_as_long_as_arithmetic_says() -> None:
    """2 % errors are above 1.44 % of an hour after 43.2 minutes, and above 0.6 % of six hours after 108."""
    found = judged(incident(SLOW))
    assert found.incidents[0].delay_seconds == 44 * MINUTE
    assert found.pages[1].alarm.tiers == ("fast", "medium")


def test_where_nobody_wrote_down_the_start_it_is_estimated() -> None:
    found = judged()
    assert [(page.began_ms - START_MS) / 1000 for page in found.pages] == [TEN.start, SLOW.start]
    assert all(page.is_began_estimated for page in found.pages)


def test_the_estimate_sees_through_noise_and_ignores_what_went_before() -> None:
    """A tenth of the budget in background errors, a small spike three hours before, then 3 % errors."""
    rng = np.random.default_rng(5)
    begin = 5 * DAY
    history = outage_history(
        Outage(begin, begin + HOUR, 0.03),
        Outage(begin - 3 * HOUR, begin - 3 * HOUR + 300, 0.005),
        length_seconds=6 * DAY,
    )
    history.bad[0] += rng.poisson(3.0, history.bad.shape[1])
    found = judged(history=history)
    assert abs((found.pages[0].began_ms - START_MS) / 1000 - begin) <= MINUTE


def test_a_page_up_to_its_long_window_after_an_incident_belongs_to_it() -> None:
    """Our choice, said in the docs: it begins during the incident or up to the alert's long window after."""
    page_at = 4 * DAY + MINUTE
    inside = KnownIncident("", START_MS + round((page_at - 2 * HOUR) * 1000), START_MS + round((page_at - HOUR) * 1000))
    before = KnownIncident("", inside.start_ms - 6 * 3_600_000, inside.end_ms - 6 * 3_600_000)
    only_fast = AlertSetting("fast", 0.999, TIERS[:1])
    assert judged(inside, setting=only_fast).pages[0].incident == 0
    assert judged(before, setting=only_fast).pages[0].incident is None


def test_an_incident_without_page_says_how_near_it_came() -> None:
    """0.5 % for an hour: 0.35 of the fast threshold of 1.44 %, and a sixth of an hour's share of the medium one."""
    found = judged(incident(SMALL))
    miss = found.incidents[0].near_miss
    assert miss is not None
    assert miss.tier == "fast"
    assert miss.threshold_share == pytest.approx(0.5 / 1.44)


def test_what_only_the_least_number_of_events_held_back_is_told_apart() -> None:
    found = judged(incident(TEN), setting=AlertSetting("", 0.999, TIERS, min_bad_events=1e9))
    miss = found.incidents[0].near_miss
    assert found.pages == ()
    assert miss is not None
    assert miss.threshold_share > 1


def test_rates_are_over_the_time_that_was_judged() -> None:
    found = judged()
    assert found.pages_a_week == pytest.approx(2.0)
    assert found.pages_a_shift == pytest.approx(2 / 14)


def test_a_ticket_that_pages_inhibit_is_not_sent_before_they_are_over() -> None:
    found = judged()
    for ticket in found.tickets:
        assert ticket.alarm.notified_ms is not None
        running = [
            page for page in found.episodes if page.severity == "page" and page.fires_at(ticket.alarm.notified_ms)
        ]
        assert running == []


def test_the_budget_of_a_group_is_its_own() -> None:
    busy = outage_history(length_seconds=6 * DAY, events_per_second=1_000)
    small = outage_history(TEN, length_seconds=6 * DAY, events_per_second=1)
    groups = (Labels({"zone": "busy"}), Labels({"zone": "small"}))
    history = BaseHistory(
        groups, busy.grid, 300.0, np.concatenate([busy.bad, small.bad]), np.concatenate([busy.total, small.total])
    )
    found = judged(incident(TEN), history=history)
    assert found.incidents[0].budget_ratio == pytest.approx(600 / (0.001 * PERIOD))
    assert found.pages[0].alarm.groups == (Labels({"zone": "small"}),)


def test_no_setting_is_called_the_best() -> None:
    """Fewer pages, later: both are said, and that it is for people to choose."""
    quiet = AlertSetting("quiet", 0.999, TIERS[1:])
    words = trade_off([judged(incident(TEN), incident(SLOW)), judged(incident(TEN), incident(SLOW), setting=quiet)])
    assert 'Longest delay: "as defined" 44 min, "quiet" 109 min' in words
    assert words.endswith("is for the team to choose.")
    assert "best" not in words


def test_without_incidents_others_are_held_against_the_pages_as_defined() -> None:
    """Six hours' windows alone: the outage of 2 % after 109 minutes; its own pages of noise do not count as delays."""
    told = outage_history(TEN, SLOW, SMALL, length_seconds=10 * DAY)
    judge = Judge(told, (), start_ms=START_MS + 3 * 86_400_000, end_ms=told.grid.end_ms, period_seconds=PERIOD)
    asked = [DEFINED, AlertSetting("medium", 0.999, TIERS[1:2]), AlertSetting("twitchy", 0.9999, TIERS)]
    defined, medium, twitchy = judge.compared(asked, replayed(told, asked, since_ms=START_MS + 3 * 86_400_000))
    assert [one.same_pages for one in (defined, medium, twitchy)] == [2, 2, 2]
    assert len(twitchy.pages) == 3
    assert defined.worst_delay_seconds == 44 * MINUTE
    assert medium.worst_delay_seconds == 109 * MINUTE
    assert twitchy.worst_delay_seconds is not None
    assert twitchy.worst_delay_seconds < 10 * MINUTE
    only = AlertSetting("fewer", 0.99, TIERS[:1])
    fewer = judge.compared([DEFINED, only], replayed(told, [DEFINED, only], since_ms=START_MS + 3 * 86_400_000))
    assert fewer[1].same_pages == 1
    assert 'sent too: "fewer" 1 of 2.' in trade_off(fewer)


def test_settings_that_do_the_same_are_said_to() -> None:
    one = judged(incident(TEN))
    assert trade_off([one, one]).startswith("The settings do not differ")
    assert trade_off([one]) == ""
