"""Alerts of a service: what they must do in situations made by hand, by our replay and by promtool alike."""

from dataclasses import replace

import pytest

from connectors.promtool import Promtool
from sre.alerting.alert_settings import default_settings, read_settings
from sre.alerting.delivery_rules import delivery_rules, delivery_scenarios
from sre.alerting.planned_alert import AlertWriter
from sre.alerting.service_facts import FilesystemFacts, History, ServiceFacts, conventional_facts
from sre.alerting.service_rules import ServicePlan, service_plan
from sre.alerting.symptom_rules import SymptomTargets, error_limit
from sre.core.errors import InputError
from sre.core.golden_signals import service_signals
from sre.core.labels import Labels
from sre.core.promql import parse
from sre.core.rules import rule_file_yaml
from sre.core.rules.model import AlertRule, RuleFile
from sre.core.rules.scenarios import Scenario, promtool_tests, replayed_scenarios
from tests.support.real_prometheus import require_program

TARGETS = SymptomTargets(0.999, 0.2)


def _facts_with_resources() -> ServiceFacts:
    plain = conventional_facts("cart")
    at = {"service": "cart", "instance": "cart-0:8080"}
    more = [
        Labels({"__name__": name, **at, **extra})
        for name, extra in (
            ("db_pool_connections_in_use", {"pool": "main"}),
            ("db_pool_connections_max", {"pool": "main"}),
            ("process_open_fds", {}),
            ("process_max_fds", {}),
            ("container_cpu_cfs_throttled_periods_total", {"container": "cart"}),
            ("container_cpu_cfs_periods_total", {"container": "cart"}),
        )
    ]
    disk = [
        Labels({"__name__": f"node_filesystem_{kind}_bytes", "instance": "cart-0:9100", "mountpoint": "/data"})
        for kind in ("avail", "size")
    ]
    series = (*plain.series, *more)
    return replace(
        plain,
        signals=service_signals("cart", series),
        series=(*series, *disk),
        filesystems=(FilesystemFacts("node_filesystem_avail_bytes", "node_filesystem_size_bytes"),),
    )


PLAN = service_plan(_facts_with_resources(), TARGETS, default_settings())


def _scenarios(plan: ServicePlan) -> list[Scenario]:
    return [scenario for planned in plan.alerts for scenario in planned.scenarios]


def _failures(file: RuleFile, scenarios: list[Scenario]) -> list[str]:
    return [failure for result in replayed_scenarios(file, scenarios) for failure in result.failures]


def test_every_kind_of_signal_has_its_alerts_and_each_alert_its_situations() -> None:
    assert [(planned.rule.alert, planned.severity) for planned in PLAN.alerts] == [
        ("CartErrorRatioHigh", "page"),
        ("CartLatencyHigh", "page"),
        ("CartTrafficDropped", "ticket"),
        ("CartDatabasePoolNearlyFull", "ticket"),
        ("CartCpuThrottlingNearlyFull", "ticket"),
        ("CartFileDescriptorsFillsWithinHours", "page"),
        ("CartFileDescriptorsFillsWithinDays", "ticket"),
        ("CartDiskFillsWithinHours", "page"),
        ("CartDiskFillsWithinDays", "ticket"),
        ("CartTargetDown", "ticket"),
        ("CartAllTargetsDown", "page"),
        ("CartMetricsMissing", "ticket"),
    ]
    for planned in PLAN.alerts:
        outcomes = {one.fires for scenario in planned.scenarios for one in scenario.expectations}
        assert outcomes == {True, False}, planned.rule.alert


def test_alerts_do_in_each_situation_what_they_must() -> None:
    assert _failures(PLAN.rule_file(), _scenarios(PLAN)) == []
    assert _failures(delivery_rules(), list(delivery_scenarios())) == []


@pytest.mark.anyio
@pytest.mark.real_prometheus
async def test_promtool_says_the_same() -> None:
    require_program("promtool")
    file = PLAN.rule_file()
    rules = rule_file_yaml(file)
    tests = promtool_tests(_scenarios(PLAN), rule_paths=[f"../{file.path}"])
    loaded = await Promtool().check_rules({file.path: rules})
    assert loaded.is_ok, loaded.output
    run = await Promtool().test_rules({file.path: rules, "tests/a.yml": tests}, tests=["tests/a.yml"])
    assert run.is_ok, run.output


@pytest.mark.parametrize(
    ("alert", "old", "new"),
    [
        ("CartErrorRatioHigh", "> 0.0144", "> 0.9"),
        ("CartErrorRatioHigh", "> 0.0144", "> 0.001"),
        ("CartErrorRatioHigh", ">= 10", ">= 0"),
        ("CartErrorRatioHigh", "5..", "4.."),
        ("CartLatencyHigh", "> 0.2", "> 0.05"),
        ("CartLatencyHigh", "> 0.2", "> 2"),
        ("CartLatencyHigh", ">= 60", ">= 0"),
        ("CartTrafficDropped", "offset 1w", "offset 1h"),
        ("CartTrafficDropped", ">= 200", ">= 0"),
        ("CartDatabasePoolNearlyFull", "> 0.9", "> 0.4"),
        ("CartCpuThrottlingNearlyFull", "> 0.25", "> 0.7"),
        ("CartFileDescriptorsFillsWithinHours", ", 14400)", ", 60)"),
        ("CartDiskFillsWithinHours", ", 14400)", ", 1440000)"),
        ("CartDiskFillsWithinDays", "< 0.5", "< 2"),
        ("CartTargetDown", "== 0", "== 1"),
        ("CartAllTargetsDown", " or vector(0)", ""),
        ("CartAllTargetsDown", "sum(", "min("),
        ("CartMetricsMissing", "offset 1d", "offset 5m"),
    ],
)
def test_a_rule_that_is_wrong_fails_its_situations(alert: str, old: str, new: str) -> None:
    file = PLAN.rule_file()

    def broken(rule: AlertRule) -> AlertRule:
        assert rule.alert != alert or old in rule.expr
        return replace(rule, expr=rule.expr.replace(old, new)) if rule.alert == alert else rule

    groups = tuple(replace(group, rules=tuple(broken(rule) for rule in group.rules)) for group in file.groups)  # type: ignore[arg-type]
    own = [scenario for one in PLAN.alerts if one.rule.alert == alert for scenario in one.scenarios]
    assert any(alert in failure for failure in _failures(RuleFile(groups), own))


def test_every_rule_has_what_a_person_needs_and_uses_only_labels_it_keeps() -> None:
    import re

    for rule in (*PLAN.rule_file().alerts(), *delivery_rules().alerts()):
        assert {"service", "severity", "signal"} <= set(rule.labels)
        assert rule.annotations["runbook_url"] == f"runbooks/{rule.alert}.md"
        assert rule.annotations["summary"]
        assert rule.annotations["description"]
        text = " ".join(rule.annotations.values())
        used = set(re.findall(r"\$labels\.(\w+)", text))
        aggregated = re.search(r"sum by \(([^)]*)\)", rule.expr)
        if aggregated:
            assert used <= set(aggregated[1].split(", ")), rule.alert
        elif rule.expr.startswith(("sum", "(sum", "(count", "((sum", "histogram_quantile")):
            assert used == set(), rule.alert
        parse(rule.expr)


def test_the_error_limit_is_the_fast_burn_of_the_workbook() -> None:
    """*Source*: The Site Reliability Workbook, ch. 5, table 5-6: 14.4 times the budget."""
    settings = default_settings()
    assert error_limit(SymptomTargets(0.999), settings) == pytest.approx(0.0144)
    assert error_limit(SymptomTargets(0.9), settings) == settings.max_error_ratio


@pytest.mark.parametrize(("seconds", "said"), [(10.0, "largest bucket"), (0.001, "smallest bucket")])
def test_a_latency_that_the_histogram_cannot_show_is_refused_with_the_reason(seconds: float, said: str) -> None:
    plan = service_plan(conventional_facts("cart"), SymptomTargets(0.999, seconds), default_settings())
    assert "CartLatencyHigh" not in {planned.rule.alert for planned in plan.alerts}
    assert any(said in one.why for one in plan.left_out)


def test_what_an_slo_pages_for_is_left_to_it() -> None:
    facts = replace(conventional_facts("cart"), covered=(("errors", "cart-availability"),))
    plan = service_plan(facts, TARGETS, default_settings())
    assert "CartErrorRatioHigh" not in {planned.rule.alert for planned in plan.alerts}
    assert any("generate_slo_rules(slo=cart-availability)" in one.why for one in plan.left_out)


def test_limits_follow_history_where_none_is_given() -> None:
    history = History(high=0.22, low=0.1, windows=4000, days=14)
    facts = replace(conventional_facts("cart"), latency_history=history, traffic_history=replace(history, low=0.3))
    plan = service_plan(facts, SymptomTargets(0.999), default_settings())
    by_name = {planned.rule.alert: planned for planned in plan.alerts}
    assert "> 0.33 " in by_name["CartLatencyHigh"].rule.expr
    assert "4,000" in by_name["CartLatencyHigh"].basis
    # Traffic is often at 30 % of a week ago here: half of it would be a ticket every week.
    assert "< 0.24 " in by_name["CartTrafficDropped"].rule.expr


def test_a_caller_changes_numbers_and_switches_signals_off() -> None:
    settings = read_settings("{error_ratio: 0.05, page_full_within: 2h, without: [traffic, absence]}")
    plan = service_plan(_facts_with_resources(), TARGETS, settings)
    by_name = {planned.rule.alert: planned.rule.expr for planned in plan.alerts}
    assert "> 0.05" in by_name["CartErrorRatioHigh"]
    assert "7200" in by_name["CartDiskFillsWithinHours"]
    assert not any("Traffic" in name or "Target" in name for name in by_name)
    assert _failures(plan.rule_file(), _scenarios(plan)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{nope: 1}", "error_burn_rate"),
        ("{pool_ratio: 2}", "0 to 1"),
        ("{error_ratio: 1}", "never be crossed"),
        ("{page_full_within: soon}", "duration"),
        ("{without: [everything]}", "latency"),
        ("[1]", "mapping"),
    ],
)
def test_wrong_thresholds_are_named_with_what_is_valid(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_settings(text)
    assert said in caught.value.explained()


def test_a_demoted_page_is_a_ticket_in_the_rule_and_in_its_tests() -> None:
    page = PLAN.alerts[0].demoted("too often")
    assert page.severity == "ticket"
    assert {one.severity for scenario in page.scenarios for one in scenario.expectations if one.fires} == {"ticket"}


@pytest.mark.parametrize(
    ("service", "name"), [("2fa", "Service2fa"), ("user-dashboard", "UserDashboard"), ("日本", "Service")]
)
def test_names_of_alerts_are_identifiers(service: str, name: str) -> None:
    assert AlertWriter(service).name("X") == f"{name}X"
