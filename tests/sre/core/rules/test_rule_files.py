"""Rule files both ways; what we write is what promtool reads (see tests/connectors/promtool)."""

from itertools import pairwise

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.errors import InputError
from sre.core.rules import AlertRule, RecordingRule, RuleFile, RuleGroup, read_rule_file, rule_file_yaml, yaml_document

FILE = RuleFile(
    (
        RuleGroup("empty", ()),
        RuleGroup(
            "slo",
            (
                RecordingRule("job:up:sum", "sum by (job) (up)", {"team": "core"}),
                AlertRule(
                    "TargetDown",
                    "up == 0",
                    for_seconds=900,
                    keep_firing_for_seconds=300,
                    labels={"severity": "ticket", "yes": "true", "number": "1e3"},
                    annotations={"summary": "{{ $labels.instance }} is down", "description": "one\ntwo: three\n"},
                ),
            ),
            interval_seconds=30,
        ),
    )
)

BOMB = (
    "a: &a [x, x]\n"
    + "".join(f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in pairwise("abcdefghijklmnop"))
    + ("groups: [{name: a, rules: [{alert: A, expr: up, labels: {x: *p}}]}]\n")
)


def test_what_is_written_is_read_back() -> None:
    assert read_rule_file(rule_file_yaml(FILE, header="first\n\nthird")) == FILE


def test_the_text_is_what_a_person_would_write() -> None:
    text = rule_file_yaml(FILE, header="Made by hand.")
    assert text.startswith("# Made by hand.\ngroups:\n  - name: empty\n")
    assert "    - alert: TargetDown\n" in text
    assert "        for: 15m\n" in text
    assert "&id" not in text
    assert len(list(yaml.safe_load_all(text))) == 1


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(
        st.text(max_size=40) | st.sampled_from(["yes", "1e3", "a: b", "# no", "", " pad ", "'", "a\nb"]), max_size=4
    )
)
def test_a_text_is_written_alike_each_time_it_comes(texts: list[str]) -> None:
    """Our choice: what is remembered of a text while writing changes nothing, wherever the text comes again."""
    alone = "".join(yaml_document([text]) for text in texts)
    assert yaml_document([*texts, *texts]) == alone * 2 or not texts
    nested = {text: {"again": [text, {text: text}]} for text in texts}
    assert yaml.safe_load(yaml_document(nested)) == nested


def test_a_kubernetes_resource_is_read_like_the_file_inside_it() -> None:
    inside = yaml.safe_load(rule_file_yaml(FILE))
    text = yaml.safe_dump({"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "spec": inside})
    assert read_rule_file(text) == FILE


def test_every_problem_is_said_at_once_with_its_path() -> None:
    text = """
groups:
  - name: a
    rules:
      - {alert: A, record: b, expr: up}
      - {alert: A, expr: up, for: soon}
      - {alert: A}
      - {record: r, expr: 1, label: {}}
      - just text
  - rules: {}
"""
    with pytest.raises(InputError) as caught:
        read_rule_file(text, path="a.yml")
    steps = "\n".join(caught.value.next_steps)
    for path in (
        "rules[0]",
        "rules[1].for",
        "rules[2].expr",
        "rules[3]",
        "rules[4]",
        "groups[1].name",
        "groups[1].rules",
    ):
        assert path in steps


@pytest.mark.parametrize("text", ["", "- a", "{", "groups: 1", "a: [" + "[" * 5000, "x" * 6_000_000, BOMB])
def test_what_is_no_rule_file_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_rule_file(text)
