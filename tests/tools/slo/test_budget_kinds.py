"""`compute_error_budget` of every kind of SLO, on recordings of which every event is counted by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from sre.core.labels import Labels
from sre.core.series import Samples
from sre.core.times import epoch_ms
from tests.support.hand_built import source_of
from tests.support.mcp import FixedClock, answer_of, deps_with, error_of, tool_client
from tests.support.slo_documents import slo_document

pytestmark = pytest.mark.anyio

END = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY = 1_440


def counter(
    per_minute: Sequence[float] | float,
    *,
    minutes: int = 2 * DAY,
    ends: datetime = END,
    first: float = 1_000.0,
    code: str = "200",
    **labels: str,
) -> Samples:
    """A counter scraped once a minute that grows by `per_minute` (one number, or one a minute)."""
    steps = np.full(minutes, per_minute) if isinstance(per_minute, (int, float)) else np.array(per_minute, dtype=float)
    values = first + np.concatenate([[0.0], np.cumsum(steps)])
    return _series("reqs_total", values, ends=ends, code=code, **labels)


def gauge(values: Sequence[float], *, ends: datetime = END, **labels: str) -> Samples:
    """One value a minute."""
    return _series("level", np.array(values, dtype=float), ends=ends, **labels)


def _series(name: str, values: Any, *, ends: datetime, **labels: str) -> Samples:
    times = epoch_ms(ends) - 60_000 * np.arange(len(values) - 1, -1, -1, dtype=np.int64)
    return Samples(Labels({"__name__": name, **labels}), times, values)


def ago(minutes: int) -> str:
    return (END - timedelta(minutes=minutes)).isoformat()


def with_errors(*spans: tuple[int, int, float], minutes: int = 2 * DAY) -> list[float]:
    """Errors a minute: in each span of minutes before END (from, to), so many."""
    errors = [0.0] * minutes
    for begin, end, each in spans:
        errors[minutes - begin : minutes - end] = [each] * (begin - end)
    return errors


async def budget(*samples: Samples, at: datetime = END, **document: Any) -> Any:
    source = source_of(samples)
    async with tool_client(deps_with(source, clock=FixedClock(at))) as client:
        return await answer_of(client, "compute_error_budget", slo=slo_document(**document), at=at.isoformat())


async def test_each_group_has_a_budget_of_its_own_and_the_worst_speaks_for_all() -> None:
    """A tenth may fail. eu fails two in ten; us knows no failure; ap stands still; sa ended before the window."""
    answer = await budget(
        counter(8, region="eu"),
        counter(2, region="eu", code="500"),
        counter(10, region="us"),
        counter(0, region="ap"),
        counter(5, region="sa", minutes=DAY, ends=END - timedelta(minutes=DAY + 60)),
        objective=0.9,
        group_by=["region"],
    )
    assert [row["labels"]["region"] for row in answer["groups"]] == ["eu", "us", "ap"]
    eu, us, ap = answer["groups"]
    assert (eu["total_events"], eu["bad_events"], eu["remaining_ratio"]) == (14_400, 2_880, -1)
    assert (us["total_events"], us["bad_events"], us["remaining_ratio"]) == (14_400, 0, 1)
    assert (ap["total_events"], ap["sli_ratio"], ap["policy"]) == (0, None, None)
    assert (eu["policy"], us["policy"]) == ("exhausted", "healthy")
    assert (answer["groups_total"], answer["groups_exhausted"]) == (3, 1)
    assert (answer["total_events"], answer["bad_events"], answer["consumed_ratio"]) == (14_400, 2_880, 2)
    assert "1 of 3 groups have spent their budget, 1 are within it" in answer["summary"]
    assert 'The worst, "region=eu": 80 %' in answer["summary"]
    assert any("1 of 3 groups had no events" in warning for warning in answer["warnings"])
    assert answer["deploy_allowed"] is False


async def test_a_group_that_burns_now_stops_deploys_though_another_has_less_left() -> None:
    """eu spent 45 % of its budget 20 hours ago; in us half the requests fail since ten minutes."""
    answer = await budget(
        counter(100, region="eu"),
        counter(with_errors((1_200, 1_190, 65)), region="eu", code="500"),
        counter(100, region="us"),
        counter(with_errors((4, 0, 100)), region="us", code="500"),
        objective=0.99,
        group_by=["region"],
    )
    eu, us = answer["groups"]
    assert (eu["labels"], eu["bad_events"], eu["firing_tiers"]) == ({"region": "eu"}, 650, [])
    assert eu["remaining_ratio"] == pytest.approx(1 - 650 / 1_446.5, rel=1e-3)
    assert us["bad_events"] == 400
    assert us["firing_tiers"][0] == "fast"
    assert answer["deploy_allowed"] is False
    assert "region=us" in answer["deploy_reason"]
    assert "Deploys are not allowed" in answer["summary"]


async def test_samples_beyond_a_threshold_are_counted_a_minute_each() -> None:
    """A day has 1,440 minutes; in ten the level is too high, in five it is NaN, which is no sample."""
    levels = [0.1] * (2 * DAY)
    levels[-300:-290] = [0.9] * 10
    levels[-200:-195] = [float("nan")] * 5
    answer = await budget(gauge(levels), threshold=("level", "lte", 0.5), objective=0.99)
    assert (answer["counted"], answer["total_events"], answer["bad_events"]) == ("samples", 1_435, 10)
    assert answer["consumed_ratio"] == pytest.approx(10 / 14.35, rel=1e-3)
    assert answer["summary"].startswith("api: 10 of 1,435 samples were bad")
    assert "once a minute" in answer["counting"]


@pytest.mark.parametrize(("kind", "usual", "odd"), [("success", 1.0, 0.75), ("failure", 0.0, 0.25)])
async def test_a_raw_ratio_is_added_up_sample_by_sample(kind: str, usual: float, odd: float) -> None:
    """Eight minutes at a quarter bad are two bad samples of 1,440."""
    ratios = [usual] * (2 * DAY)
    ratios[-60:-52] = [odd] * 8
    answer = await budget(gauge(ratios), raw=(kind, "level"), objective=0.99)
    assert (answer["total_events"], answer["bad_events"], answer["counted"]) == (1_440, 2, "samples")
    # The last hour holds all of it: 2 bad of 60, a hundredth allowed.
    fast = answer["burn_rates"][0]
    assert fast["long_burn_rate"] == pytest.approx(2 / 60 / 0.01, rel=1e-3)


async def test_slices_are_counted_whole_and_said() -> None:
    """Of the twelve slices of an hour two have more than 5 % errors; a third has 1 %."""
    answer = await budget(
        counter(100),
        counter(with_errors((55, 50, 20), (30, 25, 10), (15, 10, 1)), code="500"),
        slices=("5m", 0.95),
        objective=0.8,
        window="1h",
    )
    assert (answer["counted"], answer["total_events"], answer["bad_events"]) == ("slices of 5m", 12, 2)
    assert answer["summary"].startswith("api: 2 of 12 slices of 5m were bad, 83.3 % good over 1h")
    assert answer["consumed_ratio"] == pytest.approx(2 / 2.4, rel=1e-3)
    assert any("one bad slice spends 42%" in warning for warning in answer["warnings"])


async def test_a_slice_without_traffic_counts_neither_way() -> None:
    traffic = [100.0] * (2 * DAY)
    traffic[-30:-10] = [0.0] * 20
    answer = await budget(counter(traffic), slices=("5m", 0.95), objective=0.8, window="1h")
    assert (answer["total_events"], answer["bad_events"]) == (8, 0)


async def test_maintenance_is_cut_out_of_the_count_to_the_minute() -> None:
    """Ten a minute; for 40 minutes five more fail, and 20 of these are maintenance: 100 are left, in 1,420 minutes."""
    answer = await budget(
        counter(10),
        counter(with_errors((620, 580, 5)), code="500"),
        maintenance=[(ago(610), ago(590), "new database")],
        objective=0.99,
    )
    assert (answer["total_events"], answer["bad_events"]) == (14_300, 100)
    assert answer["counting"].startswith("exact")
    assert answer["maintenance"] == [
        {"start": "2026-11-02T01:50:00Z", "end": "2026-11-02T02:10:00Z", "reason": "new database"}
    ]
    assert "20 min of maintenance is left out" in answer["summary"]
    assert answer["coverage_ratio"] == 1
    # 1 % of 14,300 may fail; what is left of 1,420 minutes' budget.
    assert answer["remaining_minutes"] == pytest.approx((1 - 100 / 143) * 0.01 * 1_420, rel=1e-3)


async def test_maintenance_over_both_ends_of_the_window_leaves_what_lies_between() -> None:
    """It began before the window and ran an hour into it; another began half an hour ago and goes on."""
    answer = await budget(
        counter(10),
        counter(with_errors((DAY, DAY - 60, 10), (40, 0, 5)), code="500"),
        maintenance=[(ago(DAY + 120), ago(DAY - 60), "before"), (ago(30), ago(-60), "now")],
        objective=0.9,
    )
    # 1,350 minutes of ten, and ten minutes of five failures more.
    assert (answer["total_events"], answer["bad_events"]) == (13_550, 50)
    assert [row["reason"] for row in answer["maintenance"]] == ["before", "now"]
    fast = next(row for row in answer["burn_rates"] if row["tier"] == "fast")
    # Of the last hour 30 minutes count: 300 good and 50 bad, which an estimate takes for 30/29 of what it saw; the last
    # five minutes are maintenance altogether.
    assert fast["long_burn_rate"] == pytest.approx(50 / 350 / 0.1, rel=0.04)
    assert fast["short_burn_rate"] is None
    assert fast["is_firing"] is None


@pytest.mark.parametrize("kind", [{}, {"slices": ("5m", 0.5)}])
async def test_a_window_of_nothing_but_maintenance_is_no_verdict(kind: dict[str, Any]) -> None:
    document = slo_document(maintenance=[(ago(3 * DAY), ago(-60), "freeze")], **kind)
    async with tool_client(deps_with(source_of([counter(10)]))) as client:
        said = await error_of(client, "compute_error_budget", slo=document)
    assert "whole period so far is maintenance" in said


async def test_many_maintenance_windows_are_cut_out_by_five_minutes() -> None:
    """Twenty times ten minutes, in step with the clock: 1,240 minutes of ten are left."""
    pauses = [(ago(60 * hour + 10), ago(60 * hour), "nightly job") for hour in range(1, 21)]
    answer = await budget(counter(10), counter(1, code="500"), maintenance=pauses, objective=0.9)
    assert (answer["total_events"], answer["bad_events"]) == (pytest.approx(13_640), pytest.approx(1_240))
    assert len(answer["maintenance"]) == 10
    assert any("10 earlier maintenance windows" in line for line in answer["left_out"])


async def test_samples_of_a_maintenance_window_are_left_out() -> None:
    levels = [0.1] * (2 * DAY)
    levels[-100:-80] = [0.9] * 20
    during = [(ago(90), ago(60), "restart")]
    answer = await budget(gauge(levels), threshold=("level", "lt", 0.5), objective=0.9, maintenance=during)
    # Samples of minutes 90 to 61 before the end do not count; bad are those of 99 to 91.
    assert (answer["total_events"], answer["bad_events"]) == (1_410, 9)


async def test_a_slice_that_touches_maintenance_is_left_out() -> None:
    answer = await budget(
        counter(100),
        counter(with_errors((55, 45, 50)), code="500"),
        slices=("5m", 0.95),
        objective=0.8,
        window="1h",
        maintenance=[(ago(52), ago(40), "restart")],
    )
    # 12 slices; three touch it, one of the two bad ones among them.
    assert (answer["total_events"], answer["bad_events"]) == (9, 0)


async def test_a_calendar_month_in_berlin_has_the_hour_that_the_clocks_give_back() -> None:
    """October 2026 there: from 30 September 22:00 UTC to 31 October 23:00 UTC, 745 hours; looked at an hour before."""
    at = datetime(2026, 10, 31, 22, tzinfo=UTC)
    minutes = 744 * 60 + 60
    errors = [0.0] * minutes
    errors[:60] = [7.0] * 60  # the last hour of September in Berlin
    errors[60:90] = [4.0] * 30  # the first half hour of October
    answer = await budget(
        counter(10, minutes=minutes, ends=at),
        counter(errors, minutes=minutes, ends=at, code="500"),
        at=at,
        window="1M",
        time_zone="Europe/Berlin",
    )
    assert answer["window"]["start"] == "2026-09-30T22:00:00Z"
    assert (answer["total_events"], answer["bad_events"]) == (744 * 600 + 120, 120)
    assert answer["allowed_bad_events"] == pytest.approx(0.001 * (744 * 600 + 120) * 745 / 744, rel=1e-3)
    assert "2026-10-31T23:00:00Z" in answer["budget_basis"]


async def test_a_calendar_period_does_not_count_maintenance_that_is_yet_to_come() -> None:
    """November's first 36 hours of 720, six of the rest planned: 1,000 a minute seen, (720 - 6) / 36 times that ahead."""
    answer = await budget(
        counter(10),
        window="1M",
        time_zone="UTC",
        maintenance=[("2026-11-20T00:00:00Z", "2026-11-20T06:00:00Z", "move")],
    )
    assert answer["total_events"] == 36 * 600
    assert answer["allowed_bad_events"] == pytest.approx(0.001 * 36 * 600 * 714 / 36, rel=1e-3)


async def test_the_first_failures_ever_are_seen_by_the_burn_rates_too() -> None:
    """Seven failures came before the first scrape of their series, 20 minutes ago, and none since; `increase` sees none."""
    born = counter(0, minutes=20, first=7, code="500")
    answer = await budget(counter(10, minutes=9 * DAY), born, window="7d")
    assert answer["bad_events"] == 7
    rates = {row["tier"]: (row["long_burn_rate"], row["short_burn_rate"]) for row in answer["burn_rates"]}
    assert rates["fast"] == (pytest.approx(7 / 607 / 0.001, rel=1e-3), 0)
    assert rates["medium"][1] == pytest.approx(7 / 307 / 0.001, rel=1e-3)


async def test_a_series_that_comes_back_after_hours_is_no_outage() -> None:
    """One pod's errors were not scraped for ten hours; beside it a new pod has its first failure."""
    old = counter(0, minutes=8 * DAY, first=50_000, code="500", pod="a")
    gap = (old.timestamps_ms < epoch_ms(END - timedelta(minutes=630))) | (
        old.timestamps_ms > epoch_ms(END - timedelta(minutes=30))
    )
    back = Samples(old.labels, old.timestamps_ms[gap], old.values[gap])
    born = counter(0, minutes=20, first=1, code="500", pod="b")
    answer = await budget(counter(100, minutes=9 * DAY), back, born, window="7d")
    assert answer["bad_events"] == 1
    assert answer["burn_rates"][0]["long_burn_rate"] == pytest.approx(1 / 6_001 / 0.001, rel=1e-3)


async def test_a_budget_spent_by_the_first_failures_ever_is_spent_since_then() -> None:
    """200 failures at the first scrape three days ago; 100 a week are allowed."""
    born = counter(0, minutes=3 * DAY, first=200, code="500")
    answer = await budget(counter(10, minutes=15 * DAY), born, window="7d")
    assert answer["policy"]["level"] == "exhausted"
    since = datetime.fromisoformat(answer["exhausted_at"])
    assert abs((END - since).total_seconds() - 3 * 86_400) <= 90 * 60


async def test_the_first_failures_of_one_group_count_there() -> None:
    samples = [
        counter(10, minutes=9 * DAY, region="eu"),
        counter(10, minutes=9 * DAY, region="us"),
        counter(0, minutes=20, first=7, code="500", region="us"),
    ]
    answer = await budget(*samples, window="7d", group_by=["region"])
    us, eu = answer["groups"]
    assert (us["labels"], us["bad_events"], eu["bad_events"]) == ({"region": "us"}, 7, 0)
    assert us["fast_burn_rate"] == pytest.approx(7 / 607 / 0.001, rel=1e-3)
    assert any("count from zero" in warning for warning in answer["warnings"])


async def test_more_groups_than_can_be_shown_are_ranked_and_the_rest_is_counted() -> None:
    samples = [counter(10, path=f"/{number:02}") for number in range(40)]
    samples.append(counter(5, path="/33", code="500"))
    answer = await budget(*samples, objective=0.9, group_by=["path"])
    assert answer["groups"][0]["labels"] == {"path": "/33"}
    assert answer["groups_total"] == 40
    assert len(answer["groups"]) <= 25
    assert any("groups that stand better" in line for line in answer["left_out"])


async def test_a_tier_that_the_definition_turns_off_is_not_judged() -> None:
    answer = await budget(
        counter(100),
        counter(with_errors((60, 0, 50)), code="500"),
        alerting={"tiers": {"fast": {"enabled": False}, "medium": {"severity": "ticket"}}},
        window="30d",
    )
    assert [(row["tier"], row["severity"]) for row in answer["burn_rates"][:2]] == [
        ("medium", "ticket"),
        ("slow", "ticket"),
    ]
    assert answer["burn_rates"][0]["is_firing"] is True
    # No page tier is left that could stop a deploy.
    assert "page" not in (answer["deploy_reason"] if answer["deploy_allowed"] else "")


async def test_a_query_that_counts_nothing_is_told_the_nearest_names() -> None:
    document = slo_document(threshold=("levle", "lte", 0.5), objective=0.9)
    async with tool_client(deps_with(source_of([gauge([0.1] * 100)]))) as client:
        said = await error_of(client, "compute_error_budget", slo=document)
    assert '"levle" counts nothing' in said
    assert "level" in said.replace("levle", "")
