"""Alerts replayed on planted outages, against the Site Reliability Workbook (2018), ch. 5, and plain counting."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.labels import Labels
from sre.core.series import Grid
from sre.core.slo.burn_rate import BurnRateTier, budget_spent_ratio, tiers_for
from sre.core.slo.tiers import default_tiers
from sre.slo.backtest import AlertSetting, replayed, tier_episodes
from sre.slo.burn_history import BaseHistory
from sre.slo.episodes import TierEpisode
from tests.support.outages import START_MS, Outage, counted_history, outage_history, seconds_after_start

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
PERIOD = 30 * DAY
OBJECTIVE = 0.999
TIERS = {tier.name: tier for tier in tiers_for(default_tiers(), objective_ratio=OBJECTIVE, period_seconds=PERIOD)}


def one_window(long_seconds: float, factor: float, *, short_seconds: float | None = None) -> BurnRateTier:
    short = short_seconds or long_seconds
    return BurnRateTier("only", "page", long_seconds, short, factor * long_seconds / PERIOD, factor, 0.0)


def fired(history: BaseHistory, tier: BurnRateTier, *, for_seconds: float = 0.0) -> list[TierEpisode]:
    return list(tier_episodes(history, tiers=(tier,), objective_ratio=OBJECTIVE, for_seconds=for_seconds))


# The approaches of the chapter in its order: window, burn rate, and what it says of a full outage.
BOOK = [
    pytest.param(one_window(10 * MINUTE, 1), 1.0, 0.6, id="1 target error rate: 0.6 s for a full outage"),
    pytest.param(one_window(36 * HOUR, 1), 1.0, 130.0, id="2 larger window: 2 min 10 s for a full outage"),
    pytest.param(one_window(HOUR, 36), 1.0, 130.0, id="4 burn rate 36 over 1 h: 2 min 10 s"),
    pytest.param(TIERS["fast"], 1.0, 51.8, id="6 factor 14.4 over 1 h: 0.0144 x 1 h"),
    pytest.param(TIERS["fast"], 0.15, 345.6, id="6 an outage of 15 %: 1.44 / 15 of an hour"),
    pytest.param(TIERS["medium"], 1.0, 129.6, id="6 factor 6 over 6 h"),
    pytest.param(TIERS["steady"], 1.0, 259.2, id="6 factor 1 over 3 d"),
]


@pytest.mark.parametrize(("tier", "error_ratio", "seconds"), BOOK)
def test_detection_takes_as_long_as_the_workbook_says(tier: BurnRateTier, error_ratio: float, seconds: float) -> None:
    """Source: ch. 5, iterations 1, 2, 4 and 6; detection = (1 - SLO) / error ratio x window x burn rate."""
    begin = tier.long_seconds + HOUR
    step, base = (0.1, 600.0) if tier.long_seconds == 600.0 else (1.0, 300.0)
    start = 700.0 if step == 0.1 else begin
    history = outage_history(
        Outage(start, start + 1_800, error_ratio), length_seconds=start + 900, step_seconds=step, base_seconds=base
    )
    (episode,) = fired(history, tier)
    # The rule asks for more than the threshold, so it fires one evaluation after reaching it.
    assert seconds_after_start(episode.start_ms) - start == pytest.approx(seconds, abs=0.15 if step < 1 else 1.5)


def test_the_first_approach_spends_almost_nothing_before_it_alerts() -> None:
    """Source: ch. 5, iteration 1: 0.1 % errors for 10 minutes alert and use 0.02 % of the budget; 144 alerts a day."""
    tier = one_window(600, 1)
    spikes = [Outage(1_200 * hour, 1_200 * hour + 600, 0.00101) for hour in range(1, 73)]
    history = outage_history(*spikes, length_seconds=DAY + 2_400, step_seconds=10, base_seconds=600)
    assert len(fired(history, tier)) == 72, "as many as there are pairs of windows in a day: 144 windows"
    assert budget_spent_ratio(rate=1, for_seconds=600, period_seconds=PERIOD) == pytest.approx(0.0002, abs=5e-5)


def test_a_long_window_goes_on_alerting_for_as_long_as_it_is() -> None:
    """Source: ch. 5, iteration 2: after a full outage the alert goes on for the next 36 hours."""
    begin = 37 * HOUR
    history = outage_history(Outage(begin, begin + 130), length_seconds=begin + 40 * HOUR, step_seconds=10)
    (episode,) = fired(history, one_window(36 * HOUR, 1))
    lasted = seconds_after_start(episode.end_ms) - seconds_after_start(episode.start_ms)
    assert lasted == pytest.approx(36 * HOUR, abs=150)


def test_a_duration_detects_a_full_outage_as_late_as_a_slight_one() -> None:
    """Source: ch. 5, iteration 3: with `for: 1h` both take an hour; the full one has spent 140 % of the budget."""
    tier = one_window(300, 1)
    delays = []
    for error_ratio in (1.0, 0.002):
        history = outage_history(Outage(HOUR, 3 * HOUR, error_ratio), length_seconds=3 * HOUR, step_seconds=30)
        (episode,) = fired(history, tier, for_seconds=HOUR)
        delays.append(seconds_after_start(episode.start_ms) - HOUR)
    assert delays[0] == pytest.approx(HOUR, abs=60)
    assert delays[1] == pytest.approx(HOUR, abs=200)
    assert budget_spent_ratio(rate=1 / 0.001, for_seconds=HOUR, period_seconds=PERIOD) == pytest.approx(1.4, abs=0.02)


def test_a_duration_never_alerts_on_an_outage_that_comes_and_goes() -> None:
    """Source: ch. 5, iteration 3, its figure: 100 % errors for 5 minutes of every 10 never alert."""
    spikes = [Outage(600.0 * number, 600.0 * number + 300) for number in range(1, 36)]
    one_minute = outage_history(*spikes, length_seconds=6 * HOUR, step_seconds=10, base_seconds=60)
    assert fired(one_minute, one_window(60, 1), for_seconds=HOUR) == []
    assert fired(one_minute, one_window(60, 1)) != []


def test_burn_rate_36_is_reset_after_58_minutes_and_misses_35() -> None:
    """Source: ch. 5, iteration 4: reset after 58 minutes; a burn rate of 35 spends all in 20.5 hours unseen."""
    tier = one_window(HOUR, 36)
    short = outage_history(Outage(2 * HOUR, 2 * HOUR + 130), length_seconds=4 * HOUR, step_seconds=1)
    (episode,) = fired(short, tier)
    assert (seconds_after_start(episode.end_ms) - 2 * HOUR - 130) / 60 == pytest.approx(57.8, abs=0.1)
    slow = outage_history(Outage(2 * HOUR, 22.5 * HOUR, 0.035), length_seconds=23 * HOUR)
    assert fired(slow, tier) == []
    spent = slow.bad_between(START_MS + round(2 * HOUR * 1000), START_MS + round(22.5 * HOUR * 1000))
    assert float(spent[0]) / (0.001 * 100 * PERIOD) == pytest.approx(1.0, abs=0.005)


def test_the_short_window_ends_the_alert_five_minutes_after_the_outage() -> None:
    """Source: ch. 5, iteration 6: 15 % errors for 10 minutes; it ends as the 5-minute window falls below 1.44 %."""
    begin = 2 * HOUR
    history = outage_history(Outage(begin, begin + 600, 0.15), length_seconds=5 * HOUR, step_seconds=1)
    (with_short,) = fired(history, TIERS["fast"])
    (without,) = fired(history, replace(TIERS["fast"], short_seconds=HOUR))
    ended = begin + 600
    # Of 300 s the short window may hold 1.44 / 15 = 28.8 s of errors.
    assert seconds_after_start(with_short.end_ms) - ended == pytest.approx(300 - 28.8, abs=1.5)
    assert seconds_after_start(without.end_ms) - ended == pytest.approx(HOUR - 345.6, abs=1.5)


@pytest.mark.parametrize(("name", "share"), [("fast", 0.02), ("medium", 0.05), ("steady", 0.10)])
def test_a_tier_fires_once_its_share_of_the_budget_is_gone(name: str, share: float) -> None:
    """Source: ch. 5, the recommended parameters: 2 % in 1 h, 5 % in 6 h, 10 % in 3 d."""
    begin = 3 * DAY + HOUR
    error_ratio = TIERS[name].factor * 0.001 * 1.25
    history = outage_history(Outage(begin, begin + 4 * DAY, error_ratio), length_seconds=begin + 3 * DAY)
    (episode,) = fired(history, TIERS[name])
    spent = history.bad_between(START_MS + round(begin * 1000), episode.start_ms)
    allowed = 0.001 * 100 * PERIOD
    assert float(spent[0]) / allowed == pytest.approx(share, rel=0.025)


def test_an_outage_below_every_tier_of_the_book_is_left_alone() -> None:
    """Source: ch. 5: what burns at a rate below 1 lasts the period."""
    history = outage_history(Outage(4 * DAY, 8 * DAY, 0.00099), length_seconds=9 * DAY)
    assert tier_episodes(history, tiers=tuple(TIERS.values()), objective_ratio=OBJECTIVE) == ()


def test_a_window_that_is_hardly_known_says_nothing() -> None:
    """Our choice: less than half of its base counts known, no alert; from half on it is counted."""
    history = outage_history(Outage(0, 2 * HOUR), length_seconds=2 * HOUR)
    history.total[0, :] = np.where(np.arange(121) < 60, np.nan, history.total[0])
    (episode,) = fired(history, TIERS["fast"])
    # Half of an hour of base counts, one every five minutes, is six: the sixth is 25 minutes after the first.
    assert seconds_after_start(episode.start_ms) == 85 * MINUTE


def test_windows_without_traffic_do_not_alert_and_do_not_become_numbers() -> None:
    history = outage_history(Outage(0, 4 * HOUR), length_seconds=6 * HOUR)
    history.total[0, 120:], history.bad[0, 120:] = 0.0, 0.0
    (episode,) = fired(history, TIERS["fast"])
    assert seconds_after_start(episode.end_ms) <= 125 * MINUTE, "the short window has no events any more"


def test_each_group_alerts_for_itself() -> None:
    quiet, loud = (
        outage_history(length_seconds=3 * DAY),
        outage_history(Outage(2 * DAY, 2 * DAY + HOUR), length_seconds=3 * DAY),
    )
    history = BaseHistory(
        (Labels({"zone": "a"}), Labels({"zone": "b"})),
        quiet.grid,
        300.0,
        np.concatenate([quiet.bad, loud.bad]),
        np.concatenate([quiet.total, loud.total]),
    )
    episodes = tier_episodes(history, tiers=tuple(TIERS.values()), objective_ratio=OBJECTIVE)
    assert {episode.group for episode in episodes} == {Labels({"zone": "b"})}
    assert {episode.tier.name for episode in episodes} == {"fast", "medium", "slow", "steady"}


def test_what_fired_before_the_first_asked_instant_begins_there() -> None:
    history = outage_history(Outage(2 * HOUR, 4 * HOUR), length_seconds=8 * HOUR)
    since = START_MS + round(3 * HOUR * 1000)
    (episode,) = tier_episodes(history, tiers=(TIERS["fast"],), objective_ratio=OBJECTIVE, since_ms=since)
    assert episode.start_ms == since
    late = START_MS + round(6 * HOUR * 1000)
    assert tier_episodes(history, tiers=(TIERS["fast"],), objective_ratio=OBJECTIVE, since_ms=late) == ()


def test_what_still_fires_at_the_end_has_no_end() -> None:
    history = outage_history(Outage(2 * HOUR, 4 * HOUR), length_seconds=3 * HOUR)
    assert [episode.end_ms for episode in fired(history, TIERS["fast"])] == [None]


def test_a_base_window_is_a_whole_number_of_steps() -> None:
    with pytest.raises(ValueError, match="whole number"):
        BaseHistory.ungrouped(Grid(0, 7_000, 2), base_seconds=300, bad=np.zeros(2), total=np.zeros(2))


minutes = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30)), min_size=70, max_size=400)
SMALL = (one_window(30 * MINUTE, 14.4, short_seconds=300), one_window(HOUR, 6, short_seconds=600))


def naive(bad: list[float], total: list[float], tier: BurnRateTier, at: int) -> bool:
    """Whether a tier fires, from events a minute and nothing else."""
    above = []
    for seconds in (tier.long_seconds, tier.short_seconds):
        window = slice(max(0, at + 1 - int(seconds / 60)), at + 1)
        events = sum(total[window])
        above.append(events > 0 and sum(bad[window]) / events > tier.factor * 0.01)
    return all(above)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(minutes)
def test_firing_is_what_plain_counting_says(counts: list[tuple[int, int]]) -> None:
    """Independent: sums over minutes, for every step at which the windows are full."""
    total, bad = [float(t) for t, _ in counts], [float(min(t, b)) for t, b in counts]
    history = counted_history(bad, total)
    for tier in SMALL:
        episodes = tier_episodes(history, tiers=(tier,), objective_ratio=0.99)
        for at in range(int(tier.long_seconds / 60), len(counts)):
            is_firing = any(episode.fires_at(START_MS + 60_000 * at) for episode in episodes)
            assert is_firing == naive(bad, total, tier, at)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(minutes, st.sampled_from([2.0, 16.0, 1_024.0]))
def test_the_amount_of_traffic_changes_nothing(counts: list[tuple[int, int]], scale: float) -> None:
    total, bad = [float(t) for t, _ in counts], [float(min(t, b)) for t, b in counts]
    one, many = (
        tier_episodes(history, tiers=SMALL, objective_ratio=0.99)
        for history in (
            counted_history(bad, total),
            counted_history([scale * b for b in bad], [scale * t for t in total]),
        )
    )
    assert one == many


@settings(max_examples=40, deadline=None, derandomize=True)
@given(minutes)
def test_a_stricter_objective_never_fires_later(counts: list[tuple[int, int]]) -> None:
    total, bad = [float(t) for t, _ in counts], [float(min(t, b)) for t, b in counts]
    loose, strict = (_steps_firing(counted_history(bad, total), objective) for objective in (0.99, 0.995))
    assert loose <= strict


@settings(max_examples=40, deadline=None, derandomize=True)
@given(minutes, st.integers(1, 40), st.integers(0, 40))
def test_asking_for_more_bad_events_never_adds_a_page(counts: list[tuple[int, int]], least: int, more: int) -> None:
    total, bad = [float(t) for t, _ in counts], [float(min(t, b)) for t, b in counts]
    history = counted_history(bad, total)
    assert _steps_firing(history, 0.99, least + more) <= _steps_firing(history, 0.99, least)


def _steps_firing(history: BaseHistory, objective: float, least: float = 0.0) -> set[tuple[float, int]]:
    episodes = tier_episodes(history, tiers=SMALL, objective_ratio=objective, min_bad_events=least)
    steps = history.grid.times_ms().tolist()
    return {(one.tier.long_seconds, at) for one in episodes for at in steps if one.fires_at(at)}


def test_a_least_number_of_bad_events_holds_pages_back_but_not_tickets() -> None:
    history = outage_history(Outage(4 * DAY, 4 * DAY + HOUR), length_seconds=5 * DAY, events_per_second=0.01)
    everything = tier_episodes(history, tiers=tuple(TIERS.values()), objective_ratio=OBJECTIVE, min_bad_events=37)
    assert {episode.severity for episode in everything} == {"ticket"}, "an hour of failures is 36 events"


def test_several_settings_at_once_are_each_as_if_alone() -> None:
    history = outage_history(Outage(4 * DAY, 4 * DAY + HOUR, 0.02), length_seconds=5 * DAY)
    asked = [
        AlertSetting(str(objective), objective, tuple(TIERS.values()), for_seconds={"fast": 120.0})
        for objective in (0.99, 0.999, 0.9999)
    ]
    together = replayed(history, asked)
    assert list(together) == [replayed(history, [one])[0] for one in asked]
    assert len(together[0]) < len(together[2])
