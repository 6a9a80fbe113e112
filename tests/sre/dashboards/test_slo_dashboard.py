"""The dashboard of an SLO: its numbers against plain arithmetic on counts, its words against the book."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from sre.core.errors import InputError
from sre.core.labels import Labels
from sre.core.promql import evaluate_instant, parse
from sre.core.series import Samples
from sre.core.slo.budget import EventCounts, error_budget
from sre.core.slo.model import (
    AlertingSettings,
    MaintenanceWindow,
    RatioIndicator,
    RawRatioIndicator,
    Slo,
    ThresholdIndicator,
    TierSetting,
    TimeSlices,
)
from sre.core.slo.windows import CalendarWindow, RollingWindow, period_at
from sre.core.times import Duration, epoch_ms
from sre.dashboards.slo_queries import records_of
from sre.slo.alert_tiers import alert_tiers
from sre.slo.calendar_rules import calendar_queries
from sre.slo.rules import slo_rules
from tests.support.dashboards import AT, base_seconds, checked_json, dashboard_of, panel, queries
from tests.support.memory_store import MemoryStore

RATIO = RatioIndicator(bad='reqs_total{code="500"}', total="reqs_total")
MONTH = RollingWindow(Duration(30 * 86400.0))
PLAIN = Slo("api", 0.999, MONTH, RATIO, service="checkout")
KINDS = {
    "ratio": PLAIN,
    "good": replace(PLAIN, indicator=RatioIndicator(good='reqs_total{code="200"}', total="reqs_total")),
    "raw ratio": replace(PLAIN, indicator=RawRatioIndicator("availability_ratio")),
    "threshold": replace(PLAIN, indicator=ThresholdIndicator("queue_length", "lt", 100.0)),
    "slices": replace(PLAIN, budgeting=TimeSlices(Duration(300.0), 0.99)),
    "long slices": replace(PLAIN, budgeting=TimeSlices(Duration(3600.0), 0.99), objective_ratio=0.9),
    "grouped": replace(PLAIN, group_by=("region",)),
    "two groups": replace(PLAIN, group_by=("region", "zone")),
    "maintenance": replace(
        PLAIN, maintenance=(MaintenanceWindow(AT - timedelta(days=2), AT - timedelta(days=1), "move"),)
    ),
    "week": replace(PLAIN, window=RollingWindow(Duration(7 * 86400.0))),
    "calendar month": replace(PLAIN, window=CalendarWindow("month", "Europe/Berlin")),
    "calendar week": replace(PLAIN, window=CalendarWindow("week")),
    "low objective": replace(PLAIN, objective_ratio=0.9),
}
# Bad of all requests in the last hour, and before it.
RECENT_BAD, EARLIER_BAD = 0.03, 0.0005


def _counter(per_minute: list[float], **labels: str) -> Samples:
    """A counter at one sample a minute that ends at AT."""
    times = epoch_ms(AT) - 60_000 * np.arange(len(per_minute), -1, -1, dtype=np.int64)
    values = np.concatenate([[0.0], np.cumsum(per_minute)])
    return Samples(Labels({"__name__": "reqs_total", **labels}), times, values)


def _world(days: int = 31, **labels: str) -> MemoryStore:
    """Requests of `days`, 1,000 a minute, of which a little, then in the last hour 3 %, are bad."""
    minutes = days * 1440
    bad = [1000 * EARLIER_BAD] * (minutes - 60) + [1000 * RECENT_BAD] * 60
    good = [1000 - one for one in bad]
    return MemoryStore([_counter(bad, code="500", **labels), _counter(good, code="200", **labels)])


def _value(store: MemoryStore, query: str) -> float:
    result = evaluate_instant(query, store=store, at_ms=epoch_ms(AT))
    assert len(result.values) == 1, query
    return float(result.values[0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_recorded", [True, False])
def test_every_kind_of_slo_has_a_sound_dashboard_whose_queries_parse(kind: str, is_recorded: bool) -> None:
    """Source: issue 3: a dashboard of any SLO; queries in the common subset that our parser reads."""
    made = dashboard_of(KINDS[kind], is_recorded=is_recorded)
    checked_json(made)
    for query in queries(made):
        parse(query)
    names = {variable.label for variable in made.variables}
    assert names == set(KINDS[kind].group_by)


def test_budget_and_burn_rate_from_raw_counters_are_those_of_the_counts() -> None:
    """Source: sre.core.slo.budget (Workbook, appendix B); the counts are known, 1,000 requests a minute."""
    made = dashboard_of(PLAIN, is_recorded=False)
    by_title = {one.title: one.targets[0].expr for one in made.panels() if one.targets}
    minutes = 30 * 1440
    bad = 1000 * EARLIER_BAD * (minutes - 60) + 1000 * RECENT_BAD * 60
    budget = error_budget(EventCounts(1000 * minutes, bad), objective_ratio=0.999, period_seconds=30 * 86400)
    store = _world()
    assert _value(store, by_title["Budget left"]) == pytest.approx(budget.remaining_ratio, abs=2e-4)
    assert _value(store, by_title["SLI"]) == pytest.approx(budget.sli_ratio, abs=1e-6)
    assert _value(store, by_title["Bad events"]) == pytest.approx(bad, rel=1e-3)
    assert _value(store, by_title["All events"]) == pytest.approx(1000 * minutes, rel=1e-3)
    assert _value(store, by_title["Burn rate now"]) == pytest.approx(RECENT_BAD / 0.001, rel=1e-3)


def test_each_window_of_the_burn_rate_panels_is_its_own() -> None:
    """Source: Workbook, ch. 5: burn rate is error ratio over budget; by hand: 3 % over an hour, diluted over longer."""
    made, store = dashboard_of(PLAIN, is_recorded=False), _world()
    pages, tickets = panel(made, "Burn rate: pages"), panel(made, "Burn rate: tickets")
    found = {target.legend: _value(store, target.expr) for target in (*pages.targets, *tickets.targets)}

    def expected(hours: float) -> float:
        recent = min(1.0, 1 / hours)
        return (RECENT_BAD * recent + EARLIER_BAD * (1 - recent)) / 0.001

    lengths = {"5m": 1 / 12, "30m": 0.5, "1h": 1, "2h": 2, "6h": 6, "1d": 24, "3d": 72}
    assert found == {name: pytest.approx(expected(hours), rel=1e-2) for name, hours in lengths.items()}


@pytest.mark.parametrize("group_by", [(), ("region",)])
def test_before_the_first_failure_all_events_are_good_and_nothing_is_missing(group_by: tuple[str, ...]) -> None:
    """Source: issue 3: an error series that does not exist yet; 1,000 good requests a minute, in each five minutes."""
    made = dashboard_of(replace(PLAIN, group_by=group_by), is_recorded=False)
    store = MemoryStore([_counter([1000.0] * 43_200, code="200", region="eu")])
    bad, good = (
        _value(store, target.expr.replace("${region}", ".*")) for target in panel(made, "Good and bad events").targets
    )
    assert (bad, good) == (0, pytest.approx(5000))
    for title, value in (("Budget left", 1), ("SLI", 1), ("Burn rate now", 0), ("Bad events", 0)):
        assert _value(store, panel(made, title).targets[0].expr.replace("${region}", ".*")) == value


def test_without_traffic_there_is_no_number_and_no_nan() -> None:
    """Source: issue 3: no NaN with no traffic."""
    store = MemoryStore([_counter([0.0] * 43_200, code=code) for code in ("200", "500")])
    for query in queries(dashboard_of(PLAIN, is_recorded=False)):
        values = evaluate_instant(query, store=store, at_ms=epoch_ms(AT)).values
        assert not np.isnan(values).any(), query


def test_the_lines_of_the_burn_rate_panels_are_the_factors_of_the_book() -> None:
    """Source: Workbook, ch. 5, table 5-8: 14.4 and 6 page, 3 (from its example rules) and 1 open a ticket."""
    made = dashboard_of(PLAIN, is_recorded=True)
    assert [step.value for step in panel(made, "Burn rate: pages").steps] == [None, 6, 14.4]
    assert [step.value for step in panel(made, "Burn rate: tickets").steps] == [None, 1, 3]


def test_the_table_of_tiers_says_when_a_full_outage_is_noticed_and_what_it_cost() -> None:
    """Source: Workbook, ch. 5: 0.001 x 1 h x 14.4 = 51.84 s; 2 % of the budget is gone by then."""
    rows = panel(dashboard_of(PLAIN, is_recorded=True), "Tiers and what they mean").text.splitlines()
    assert rows[2] == "| fast | 14.4 | 1h and 5m | 1.44 % | 51.8 s | 2 % | pages at once |"
    assert rows[5] == "| steady | 1 | 3d and 6h | 0.1 % | 4.32 min | 10 % | opens a ticket |"


def test_a_tier_that_is_off_or_can_never_fire_is_named_with_the_reason() -> None:
    """Source: issue 3: refuse tiers that could never fire; 14.4 x 10 % is over 100 %."""
    off = replace(
        KINDS["low objective"],
        alerting=AlertingSettings(
            tiers={"slow": TierSetting(is_enabled=False), "medium": TierSetting(severity="ticket")}
        ),
    )
    made = dashboard_of(off, is_recorded=True)
    text = panel(made, "Tiers and what they mean").text
    assert "| fast | | | | | | nothing: can never fire" in text
    assert "| slow | | | | | | nothing: turned off by the definition |" in text
    assert "| medium | 6 | 6h and 30m | 60 % |" in text
    assert [one.title for one in made.panels() if one.title.startswith("Burn rate:")] == ["Burn rate: tickets"]


def test_no_tier_at_all_is_the_definitions_to_mend() -> None:
    """Source: sre.slo.alert_tiers."""
    names = ("fast", "medium", "slow", "steady")
    off = AlertingSettings(tiers={name: TierSetting(is_enabled=False) for name in names})
    with pytest.raises(InputError):
        dashboard_of(replace(PLAIN, alerting=off), is_recorded=True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_records_that_are_read_are_those_that_the_rules_make(kind: str) -> None:
    """Source: sre.slo.rules, which writes them; the two must agree, or every panel is empty."""
    slo = KINDS[kind]
    made = {rule.record for rule in slo_rules(slo, at=AT).file.records()}
    read = records_of(alert_tiers(slo).used, base_seconds=base_seconds(slo))
    assert set(read) <= made
    named = {
        selector.metric
        for query in queries(dashboard_of(slo, is_recorded=True))
        for selector in parse(query).selectors()
    }
    assert named <= made


def test_two_servers_that_record_the_same_do_not_double_the_events() -> None:
    """Our choice: pairs of Prometheus behind Thanos or Mimir show each record twice."""
    made = dashboard_of(PLAIN, is_recorded=True)
    times = epoch_ms(AT) - 60_000 * np.arange(5, -1, -1, dtype=np.int64)
    store = MemoryStore(
        [
            Samples(Labels({"__name__": "slo:period_bad:sum", "slo": "api", "replica": name}), times, np.full(6, 42.0))
            for name in ("a", "b")
        ]
    )
    assert _value(store, panel(made, "Bad events").targets[0].expr) == 42.0


@pytest.mark.parametrize("is_recorded", [True, False])
def test_what_is_chosen_above_the_dashboard_is_what_is_shown(is_recorded: bool) -> None:
    """Source: Grafana documentation, Prometheus template variables: several values become (a|b), `All` what we set."""
    slo = KINDS["grouped"]
    made = dashboard_of(slo, is_recorded=is_recorded)
    if is_recorded:
        times = epoch_ms(AT) - 60_000 * np.arange(5, -1, -1, dtype=np.int64)
        store = MemoryStore(
            [
                Samples(
                    Labels({"__name__": "slo:sli_error:ratio_rate1h", "slo": "api", "region": name}),
                    times,
                    np.full(6, 0.01),
                )
                for name in ("eu", "us", "ap")
            ]
        )
    else:
        store = MemoryStore([one for name in ("eu", "us", "ap") for one in _world(1, region=name).series])
    expr = panel(made, "Burn rate by region").targets[0].expr
    (variable,) = made.variables

    def shown(choice: str) -> set[str]:
        result = evaluate_instant(expr.replace(variable.reference, choice), store=store, at_ms=epoch_ms(AT))
        assert all(set(labels) == {"region"} for labels in result.labels)
        return {labels["region"] for labels in result.labels}

    assert shown(".*") == {"eu", "us", "ap"}
    assert shown("(eu|ap)") == {"eu", "ap"}
    assert shown("us") == {"us"}


def test_the_budget_of_a_calendar_month_is_projected_as_the_tool_computes_it() -> None:
    """Source: sre.core.slo.budget.error_budget, elapsed_ratio; the month began a day and a half ago."""
    window = CalendarWindow("month")
    slo = replace(PLAIN, window=window)
    calendar = calendar_queries(window, at=AT)
    made = dashboard_of(slo, is_recorded=False, elapsed=f"(time() - ({calendar.start})) / ({calendar.length})")
    left = panel(made, "Budget left")
    assert left.time_from == "now/M"
    period = period_at(window, at=AT)
    query = left.targets[0].expr.replace("$__range_s", "129600").replace("$__range", "36h")
    minutes = 36 * 60
    bad = 1000 * EARLIER_BAD * (minutes - 60) + 1000 * RECENT_BAD * 60
    budget = error_budget(
        EventCounts(1000 * minutes, bad),
        objective_ratio=0.999,
        period_seconds=period.seconds,
        elapsed_ratio=period.elapsed_ratio,
    )
    assert _value(_world(3), query) == pytest.approx(budget.remaining_ratio, abs=1e-3)
    assert datetime(2026, 3, 1, tzinfo=UTC) == period.start


def test_a_calendar_in_a_zone_makes_the_dashboard_live_in_that_zone() -> None:
    """Source: Grafana JSON model: timezone is browser, utc or an IANA name; `now/M` is read in it."""
    assert dashboard_of(KINDS["calendar month"], is_recorded=False).time_zone == "Europe/Berlin"
    document = checked_json(dashboard_of(KINDS["calendar week"], is_recorded=False))
    assert (document["timezone"], document["weekStart"]) == ("utc", "monday")


def test_words_of_the_definition_cannot_break_the_dashboard() -> None:
    """Source: design.md, 3, untrusted text."""
    evil = 'Ignore all previous instructions\x1b[2J\u202e "quoted" <script>'
    made = dashboard_of(replace(PLAIN, display_name=evil, description=evil * 50), is_recorded=True)
    document = checked_json(made)
    assert not {"\x1b", "\u202e"} & set(document["title"] + document["description"])
    assert len(document["description"]) <= 500
