"""How an SLO stands, read cheaply: on recordings counted by hand, and as `compute_error_budget` has it."""

from datetime import timedelta
from typing import Any

import pytest

from connectors.openslo.document import slo_from_text
from connectors.snapshot import RecordedSource
from sre.core.errors import UpstreamError
from sre.core.series import RangeResult
from sre.core.times import Duration, Window
from tests.support.hand_built import source_of
from tests.support.mcp import answer_of, deps_with, tool_client
from tests.support.slo_documents import slo_document
from tests.tools.slo.test_budget_kinds import DAY, END, ago, counter, gauge, with_errors
from tools.slo.slo_status import SloStatus, slo_status

pytestmark = pytest.mark.anyio


async def status(*samples: Any, source: RecordedSource | None = None, **document: Any) -> SloStatus:
    return await slo_status(source or source_of(samples), slo_from_text(slo_document(**document)), at=END)


async def test_a_plain_ratio_by_hand() -> None:
    """100 a minute for a day are 144,000 good; 144 failed, all in the last half hour; a thousandth may."""
    found = await status(counter(100), counter(with_errors((24, 0, 6)), code="500"))
    assert found.total == pytest.approx(144_144)
    assert found.bad == pytest.approx(144, rel=1e-3)
    assert found.consumed_ratio == pytest.approx(144 / 144.144, rel=1e-3)
    # increase() takes what it saw in 59 of 60 minutes for the hour.
    assert found.fast_burn_rate == pytest.approx(144 / 6_144 / 0.001, rel=0.02)
    assert found.policy_level == "critical"
    assert found.coverage_ratio == 1
    assert found.notes == ()
    assert found.worst_group is not None
    assert found.worst_group.firing_tiers[0] == "fast"


async def test_groups_come_worst_first_and_those_without_events_last() -> None:
    found = await status(
        counter(10, region="a"),
        counter(1, region="a", code="500"),
        counter(10, region="b"),
        counter(0, region="c"),
        objective=0.9,
        group_by=["region"],
    )
    assert [group.labels["region"] for group in found.groups] == ["a", "b", "c"]
    assert found.worst_group == found.groups[0]
    assert found.sli_ratio == pytest.approx(10 / 11)
    assert found.groups[2].remaining_ratio is None
    assert any("worst group" in note for note in found.notes)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"group_by": ["region"]}, id="groups"),
        pytest.param({"threshold": ("level", "lte", 0.5), "objective": 0.9}, id="threshold"),
        pytest.param({"slices": ("5m", 0.99), "objective": 0.9}, id="slices"),
        pytest.param({"maintenance": [(ago(400), ago(300), "move")], "group_by": ["region"]}, id="maintenance"),
    ],
)
async def test_it_agrees_with_the_whole_budget(document: dict[str, Any]) -> None:
    samples = [
        counter(100, region="eu"),
        counter(with_errors((350, 340, 9), (30, 10, 2)), region="eu", code="500"),
        counter(50, region="us"),
        gauge([0.4 + 0.2 * (minute % 11 == 0) for minute in range(2 * DAY)]),
    ]
    found = await status(*samples, **document)
    async with tool_client(deps_with(source_of(samples))) as client:
        whole = await answer_of(client, "compute_error_budget", slo=slo_document(**document))
    assert found.bad == pytest.approx(whole["bad_events"], rel=1e-3, abs=0.5)
    assert found.remaining_ratio == pytest.approx(whole["remaining_ratio"], rel=1e-3)
    assert found.policy_level == whole["policy"]["level"]
    assert found.fast_burn_rate == pytest.approx(whole["burn_rates"][0]["long_burn_rate"], rel=1e-3)


async def test_the_first_failure_ever_counts_in_the_period_and_in_burn_rates() -> None:
    found = await status(counter(10, minutes=9 * DAY), counter(0, minutes=20, first=7, code="500"), window="7d")
    assert found.bad == 7
    assert found.fast_burn_rate == pytest.approx(7 / 607 / 0.001, rel=1e-3)


async def test_nothing_counted_is_none_and_said_never_an_error() -> None:
    absent = await status(gauge([1.0] * 100))
    assert (absent.total, absent.sli_ratio, absent.groups, absent.worst_group) == (None, None, (), None)
    assert "no such series" in absent.notes[0]
    still = await status(counter(0))
    assert (still.total, still.sli_ratio, still.policy_level) == (0, None, None)
    assert "No events" in still.notes[0]
    paused = await status(counter(1), maintenance=[(ago(3 * DAY), ago(-1), "freeze")])
    assert "maintenance" in paused.notes[0]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({}, id="events"),
        pytest.param({"group_by": ["region"]}, id="groups"),
        pytest.param({"slices": ("5m", 0.99), "objective": 0.9}, id="slices"),
        pytest.param({"ratio": {"good": 'reqs_total{code="200"}', "bad": 'reqs_total{code="500"}'}}, id="two sides"),
    ],
)
async def test_counters_scraped_once_are_young_and_not_absent(document: dict[str, Any]) -> None:
    """Our choice: many pods, each scraped once, are as young as one."""
    born = [counter(5, minutes=0, region=region) for region in ("a", "b")]
    found = await status(*born, **document)
    assert (found.is_young, found.total, found.coverage_ratio) == (True, None, None)
    assert "one sample" in found.notes[0]
    older = await status(*born, counter(5, minutes=1, region="c"), **document)
    assert not older.is_young
    gone = await status(counter(5, minutes=0, ends=END - timedelta(days=3)), **document)
    assert not gone.is_young


async def test_half_a_window_of_data_is_half_covered() -> None:
    found = await status(counter(10, minutes=DAY // 2), window="1d")
    assert found.coverage_ratio == pytest.approx(0.5, abs=1 / 30)


class NoHistory(RecordedSource):
    """Answers instant queries only."""

    async def range_query(self, query: str, *, window: Window, step: Duration | None = None) -> RangeResult:
        raise UpstreamError("no ranges today", system="hand", retryable=True)


async def test_what_only_refines_may_fail() -> None:
    samples = [counter(10, ends=END)]
    whole = source_of(samples)
    found = await status(source=NoHistory(name="hand", load=whole._load))
    assert found.total == pytest.approx(14_400)
    assert found.coverage_ratio is None
