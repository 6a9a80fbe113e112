"""Severity by rules. *Source*: the handbook's two tables, which the product's policy is; the rest is *our choice*."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.incidents.model import SEVERITIES
from sre.incidents.severity import Assessment, assessment
from sre.incidents.severity_rules import Known, checked_rules, default_rules

_HANDBOOK = Path("resources/handbook/incident-management.md").read_text(encoding="utf-8")


def assessed(**facts: bool | float) -> Assessment:
    return assessment({name: Known(value, f"{name} is {value}") for name, value in facts.items()})


@pytest.mark.parametrize(
    ("facts", "severity"),
    [
        ({"security": True}, "P0"),
        ({"data_loss": True, "workaround": True}, "P0"),
        ({"full_outage": True, "core": True}, "P0"),
        ({"users_ratio": 0.6, "core": True}, "P0"),
        ({"failing_ratio": 0.51, "core": True}, "P0"),
        ({"failing_ratio": 0.5, "core": True, "workaround": False}, "P1"),
        ({"failing_ratio": 0.2, "core": True, "workaround": False}, "P1"),
        ({"slow": True, "core": True, "workaround": False}, "P1"),
        ({"burning_fast": True}, "P1"),
        ({"traffic_factor": 0.02}, "P1"),
        ({"full_outage": True, "core": False, "workaround": True}, "P2"),
        ({"failing_ratio": 0.9, "core": False}, "P2"),
        ({"failing_ratio": 0.2, "core": True, "workaround": True}, "P2"),
        ({"users_count": 3}, "P2"),
        ({"burning": True}, "P2"),
        ({"users_count": 0, "failing_ratio": 0.001}, "P3"),
        ({"burning": True, "budget_gone": True}, "P1"),
        ({"burning_fast": True, "budget_gone": True}, "P0"),
        ({"security": True, "budget_gone": True}, "P0"),
        ({"budget_gone": True}, "P2"),
    ],
)
def test_the_worst_rule_that_holds_decides(facts: dict[str, bool | float], severity: str) -> None:
    found = assessed(**facts)
    assert (found.severity, found.is_sure) == (severity, True)


@pytest.mark.parametrize(
    ("facts", "severity", "sure"),
    [
        ({"failing_ratio": 0.6}, "P0", "P2"),
        ({"failing_ratio": 0.6, "core": False}, "P2", "P2"),
        ({"full_outage": True}, "P0", "P2"),
        ({"full_outage": True, "core": False}, "P1", "P2"),
        ({"failing_ratio": 0.1, "core": True}, "P1", "P2"),
    ],
)
def test_harm_of_unknown_weight_takes_the_worse_and_says_so(
    facts: dict[str, bool | float], severity: str, sure: str
) -> None:
    found = assessed(**facts)
    assert (found.severity, found.sure_severity) == (severity, sure)
    asked = {fact.name for fact in found.questions}
    assert found.is_sure or asked & {"core", "workaround"}


def test_weight_alone_is_no_harm() -> None:
    found = assessed(core=True, workaround=False)
    assert (found.severity, found.is_sure) == ("P3", True)
    assert {"security", "data_loss", "full_outage"} <= {fact.name for fact in found.questions}


def test_a_doubtful_flag_counts_but_is_not_sure() -> None:
    found = assessment({"data_loss": Known(True, "maybe", is_doubtful=True)})
    assert (found.severity, found.sure_severity) == ("P0", "P3")
    assert [one.rule.id for one in found.deciding] == ["data-loss"]


def test_every_rule_is_answered_and_says_what_it_rests_on() -> None:
    found = assessed(failing_ratio=0.6, core=True)
    assert len(found.judged) == len(default_rules().rules)
    by_id = {one.rule.id: one for one in found.judged}
    assert (by_id["core-failing"].outcome, by_id["core-failing"].because) == (
        "met",
        ("failing_ratio is 0.6", "core is True"),
    )
    assert by_id["security"].outcome == "open"
    assert [fact.name for fact in by_id["core-failing-for-many"].missing] == ["workaround"]


def test_what_raised_the_severity_is_among_what_decided() -> None:
    found = assessed(burning_fast=True, budget_gone=True)
    assert [one.rule.id for one in found.deciding] == ["burning-fast", "budget-gone"]


def test_questions_that_cannot_change_anything_are_not_asked() -> None:
    assert assessed(security=True).questions == ()


_FLAGS = (
    "security",
    "data_loss",
    "full_outage",
    "slow",
    "core",
    "workaround",
    "budget_gone",
    "burning",
    "burning_fast",
)
_FACTS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.booleans() for name in _FLAGS},
        **{name: st.floats(0, 1) for name in ("failing_ratio", "users_ratio", "traffic_factor")},
    },
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(_FACTS)
def test_doubts_only_ever_make_it_worse(facts: dict[str, Any]) -> None:
    found = assessed(**facts)
    assert SEVERITIES.index(found.severity) <= SEVERITIES.index(found.sure_severity)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(_FACTS, st.sampled_from(["failing_ratio", "users_ratio"]), st.floats(0, 1))
def test_more_harm_is_never_less_severe(facts: dict[str, Any], name: str, more: float) -> None:
    if name in facts:
        worse = {**facts, name: max(facts[name], more)}
        assert SEVERITIES.index(assessed(**worse).severity) <= SEVERITIES.index(assessed(**facts).severity)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(_FACTS, st.sampled_from(["core", "workaround"]), st.booleans())
def test_an_answer_to_a_doubt_never_makes_it_worse_than_the_doubt(
    facts: dict[str, Any], name: str, answer: bool
) -> None:
    known = {key: value for key, value in facts.items() if key != name}
    assert SEVERITIES.index(assessed(**known, **{name: answer}).severity) >= SEVERITIES.index(
        assessed(**known).severity
    )


def test_the_numbers_are_those_of_the_handbook() -> None:
    section = _HANDBOOK.split("| Fact from live data | At least |")[1].split("The live-data rules")[0]
    rules = {rule.id: rule for rule in default_rules().rules}
    stated = re.findall(r"^\| (.+?) \| (P\d|one level up) \|$", section, flags=re.MULTILINE)
    assert stated == [
        ("burn rate above 14.4 over 1h and 5m", rules["burning-fast"].severity),
        ("error ratio of a core path above 50 % for 5 min", rules["core-failing"].severity),
        ("burn rate above 6 over 6h and 30m", rules["burning"].severity),
        ("data loss possible, any scale", rules["data-loss"].severity),
        ("the budget is exhausted and still burning", "one level up"),
    ]
    assert rules["budget-gone"].severity is None
    assert [str(one) for one in rules["core-failing"].conditions] == ["failing_ratio over 0.5", "core"]
    assert "14.4 over 1h and 5m" in rules["burning-fast"].words
    assert "6 over 6h and 30m" in rules["burning"].words


_FACT = {"a": {"ask": "?"}, "w": {"ask": "?", "weight": True}}
_RULE = {"id": "x", "severity": "P1", "words": "w", "source": "s", "when": {"a": {"is": True}}}


@pytest.mark.parametrize(
    "rules",
    [
        [_RULE, _RULE],
        [{**_RULE, "severity": "P7"}],
        [{**_RULE, "words": ""}],
        [{**_RULE, "source": ""}],
        [{**_RULE, "when": {"b": {"is": True}}}],
        [{**_RULE, "when": {"w": {"is": True}}}],
        [{**_RULE, "when": {"a": {"near": 3}}}],
        [{**_RULE, "when": {"a": {"is": 3}}}],
        [{**_RULE, "when": {"a": {"over": True}}}],
        [_RULE, {**_RULE, "id": "y", "severity": "P0"}],
    ],
)
def test_a_table_that_contradicts_itself_is_refused(rules: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="rule"):
        checked_rules({"facts": _FACT, "rules": rules})
