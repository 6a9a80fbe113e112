"""The dashboard of a rule file: what is watched, the limit as a line on the right side, links that cannot run code."""

import pytest

from sre.core.errors import InputError
from sre.core.promql import parse
from sre.core.rules import AlertRule, RecordingRule, RuleFile, RuleGroup
from sre.dashboards.model import Step
from sre.dashboards.rules import MAX_PANELS, rules_dashboard, web_link
from tests.support.dashboards import checked_json, panel, queries

ERRORS = 'sum(rate(reqs_total{code="500"}[5m]))'


def _file(*rules: AlertRule | RecordingRule, name: str = "group") -> RuleFile:
    return RuleFile((RuleGroup(name, rules),))


def _unit(_: str) -> str:
    return "seconds"


@pytest.mark.parametrize(
    ("expr", "steps", "shown"),
    [
        (f"{ERRORS} > 5", [(None, "green"), (5, "red")], [ERRORS]),
        (f"{ERRORS} >= 5", [(None, "green"), (5, "red")], [ERRORS]),
        (f"5 < {ERRORS}", [(None, "green"), (5, "red")], [ERRORS]),
        ("up == 0", [], ["up"]),
        ("queue_free < 10", [(None, "red"), (10, "green")], ["queue_free"]),
        ("a > 14.4 * 0.001 and b > 14.4 * 0.001", [(None, "green"), (0.0144, "red")], ["a", "b"]),
        ("a < 1 or a > 9", [(None, "red"), (1, "green"), (9, "red")], ["a"]),
        ("a > on (x) limit", [], ["a", "limit"]),
        ("absent(a)", [], ["absent(a)"]),
        ("a > 5 unless on () b", [(None, "green"), (5, "red")], ["a"]),
        ("(a / b) > 0.5", [(None, "green"), (0.5, "red")], ["a / b"]),
    ],
)
def test_an_alert_is_shown_as_what_it_watches_with_its_limit(
    expr: str, steps: list[tuple[float | None, str]], shown: list[str]
) -> None:
    """Source: issue 3 and the meaning of the comparison; red is the side where the alert fires."""
    made = rules_dashboard(_file(AlertRule("A", expr)), unit_of=_unit)
    found = panel(made, "A")
    # The parser spells a selector without matchers with empty braces.
    assert [" ".join(target.expr.replace("{}", "").split()) for target in found.targets] == shown
    assert list(found.steps) == [Step(value, color) for value, color in steps]
    assert found.unit == "s"
    checked_json(made)


@pytest.mark.parametrize(
    ("query", "unit"),
    [
        ("slo:sli_error:ratio_rate1h", "percentunit"),
        ('slo:error_budget_remaining:ratio{slo="a"}', "percentunit"),
        ("job:requests:rate5m", "short"),
        ("x_ratio_y", "short"),
        ("a:b:ratio / 5", "short"),
    ],
)
def test_a_record_that_calls_itself_a_ratio_is_shown_as_one(query: str, unit: str) -> None:
    """Source: Prometheus documentation, "Recording rules", naming: ratios say so."""
    made = rules_dashboard(_file(AlertRule("A", f"{query} > 0.5")), unit_of=lambda _: "")
    assert panel(made, "A").unit == unit
    if "{" not in query and "/" not in query:
        recorded = rules_dashboard(_file(RecordingRule(query, "a")), unit_of=lambda _: "")
        assert next(recorded.panels()).unit == unit


def test_only_what_compares_nothing_may_be_empty() -> None:
    """Our choice: absent() without a value is good news, an empty signal is not."""
    made = rules_dashboard(_file(AlertRule("A", "absent(a)"), AlertRule("B", "a > 1")), unit_of=_unit)
    assert panel(made, "A").targets[0].may_be_empty
    assert not panel(made, "B").targets[0].may_be_empty


def test_the_text_says_when_it_fires_without_its_templates() -> None:
    """Our choice: Go templates mean nothing in Grafana."""
    rule = AlertRule(
        "A", "a > 5", 300, labels={"severity": "page"}, annotations={"summary": "{{ $value }} on {{ $labels.x }}!"}
    )
    found = panel(rules_dashboard(_file(rule), unit_of=_unit), "A (page)")
    assert found.description == "... on ...! Fires when it is > 5 for 5m."


def test_alerts_of_one_name_are_told_apart_by_tier() -> None:
    """Source: sre.core.conventions: the tiers of an SLO share one alert name."""
    rules = [
        AlertRule("ApiBudgetBurn", f"a > {factor}", labels={"tier": tier, "severity": "page"})
        for tier, factor in (("fast", 14.4), ("medium", 6))
    ]
    titles = [one.title for one in rules_dashboard(_file(*rules), unit_of=_unit).panels()]
    assert titles == ["Alerts firing", "ApiBudgetBurn (fast, page)", "ApiBudgetBurn (medium, page)"]


def test_a_record_is_its_own_series() -> None:
    """Our choice: several rules may record one name with labels of their own."""
    rules = (
        RecordingRule("slo:x:ratio", "a", {"slo": 'with "quotes"'}),
        RecordingRule("slo:x:ratio", "b", {"team": "{{ $labels.team }}"}),
    )
    made = rules_dashboard(_file(*rules), unit_of=_unit)
    first, second = (one.targets[0] for one in made.panels())
    assert first.expr == 'slo:x:ratio{slo="with \\"quotes\\""}'
    assert (second.expr, second.recorded_from) == ("slo:x:ratio", "b")


def test_names_of_any_kind_make_queries_that_parse() -> None:
    """Our choice: alert names are free text in YAML."""
    rules = [AlertRule(name, "a > 1") for name in ("A.b+c", 'quo"te', "back\\slash", "ünï", "(a|b)*")]
    for query in queries(rules_dashboard(_file(*rules), unit_of=_unit)):
        parse(query)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "runbooks/A.md",
        "",
        "//evil",
        "https://a b",
        'https://x"onclick="y',
        " https://x",
    ],
)
def test_a_link_that_is_no_address_on_the_web_is_left_out(url: str) -> None:
    """Our choice: a panel link is clicked by whoever is on call."""
    assert web_link("Runbook", url) == ()
    rule = AlertRule("A", "a > 1", annotations={"runbook_url": url})
    assert panel(rules_dashboard(_file(rule), unit_of=_unit), "A").links == ()


def test_a_runbook_is_linked_its_own_first() -> None:
    """Source: issue 3, links to runbooks."""
    own = AlertRule("A", "a > 1", annotations={"runbook_url": "https://wiki/a"})
    made = rules_dashboard(_file(own, AlertRule("B", "b > 1")), unit_of=_unit, runbook_url="https://run/{alert}.md")
    assert panel(made, "A").links[0].url == "https://wiki/a"
    assert panel(made, "B").links[0].url == "https://run/B.md"


def test_more_rules_than_panels_are_counted() -> None:
    """Our choice: an overview ends somewhere, and says so."""
    rules = [AlertRule(f"A{index}", "a > 1") for index in range(MAX_PANELS + 7)]
    made = rules_dashboard(_file(*rules), unit_of=_unit)
    assert len(list(made.panels())) == MAX_PANELS + 1
    assert "7 rules have no panel" in made.notes[0]


def test_the_same_rules_have_the_same_uid_and_others_another() -> None:
    """Our choice: making it again replaces it."""
    one, same, other = (
        rules_dashboard(_file(AlertRule(name, expr)), unit_of=_unit).uid
        for name, expr in (("A", "a > 1"), ("A", "a > 2"), ("B", "a > 1"))
    )
    assert one == same != other


def test_a_file_without_rules_is_the_callers_to_mend() -> None:
    """Our choice."""
    with pytest.raises(InputError):
        rules_dashboard(_file(), unit_of=_unit)
