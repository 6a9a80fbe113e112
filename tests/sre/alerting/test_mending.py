"""Diffs of rule files: `patch` takes them, nothing else changes, and what is read afterwards is what was meant."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.alerting.mending import RuleText, with_rule
from sre.alerting.rule_editing import Rule
from sre.core.rules import AlertRule, RecordingRule, RuleFile, RuleGroup, read_rule_file

BLOCKS = """\
# The file of a team.
groups:
  - name: first
    rules:
      # What users see.
      - alert: Errors
        expr: |
          rate(errors_total[5m])
            > 0.5
        labels: {severity: page, team: "a"}  # flow
        annotations:
          summary: >-
            Folded over
            two lines

      # Nobody knows why.
      - alert: "Old"
        annotations:
          summary: 'x: "y"'
        for: 5m
        expr: up == 0   # zero
        labels:
          severity: page
          team: b

  - name: second
    interval: 30s
    rules:
    - record: job:up:sum
      expr: sum by (job) (up)
    - alert: Last
      expr: vector(1)"""


def _patched(text: str, diff: str, folder: Path) -> str:
    target = folder / "rules.yml"
    target.write_text(text, encoding="utf-8", newline="")
    done = subprocess.run(
        ["patch", "-p1", "--batch", "--binary"],
        cwd=folder,
        input=diff,
        text=True,
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr + diff
    assert "fuzz" not in done.stdout
    return target.read_bytes().decode()


def _source(text: str) -> RuleText:
    return RuleText(text, read_rule_file(text), "rules.yml")


def _change(index: int, **fields: object) -> Rule:
    return replace(list(read_rule_file(BLOCKS).rules())[index], **fields)  # type: ignore[arg-type]


CHANGES: dict[str, tuple[int, Rule | None, int]] = {
    "a field that was not there": (0, _change(0, for_seconds=120.0), 1),
    "two fields and an entry": (
        0, _change(0, for_seconds=120.0, keep_firing_for_seconds=600.0, labels={"severity": "ticket", "team": "a"}), 4,
    ),
    "a block of text": (0, _change(0, expr="rate(errors_total[5m]) > 1"), 4),
    "an entry behind a folded one": (0, _change(0, annotations={"summary": "Folded over two lines", "runbook_url": "a: b"}), 1),
    "a value with a comment behind it": (1, _change(1, expr="up < 1"), 2),
    "an entry changed": (1, _change(1, labels={"severity": "ticket", "team": "b"}), 2),
    "an entry gone": (1, _change(1, labels={"severity": "page"}), 1),
    "all entries gone": (1, _change(1, labels={}), 3),
    "a field gone": (1, _change(1, for_seconds=0.0), 1),
    "another name": (1, _change(1, alert="New"), 2),
    "several lines where one was": (1, _change(1, expr="up\n  == 0"), 4),
    "a record": (2, _change(2, expr="sum by (job) (up > 0)"), 2),
    "labels of a record": (2, _change(2, labels={"team": "a"}), 2),
    "at the end of a file without a line break": (3, _change(3, labels={"severity": "none"}), 4),
    "a rule in the middle gone": (1, None, 11),
    "the last rule gone": (3, None, 3),
    "the first rule gone": (0, None, 11),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_a_diff_changes_what_was_meant_and_no_more(case: str, tmp_path: Path) -> None:
    index, changed, lines = CHANGES[case]
    diff = _source(BLOCKS).diff(index, changed)
    patched = _patched(BLOCKS, diff, tmp_path)
    assert read_rule_file(patched) == with_rule(read_rule_file(BLOCKS), index, changed)
    touched = [line for line in diff.splitlines()[2:] if line[0] in "+-"]
    assert len(touched) <= lines, diff


def test_windows_line_ends_stay(tmp_path: Path) -> None:
    text = BLOCKS.replace("\n", "\r\n")
    patched = _patched(text, _source(text).diff(1, _change(1, for_seconds=600.0)), tmp_path)
    assert patched.count("\r\n") == text.count("\r\n")
    assert list(read_rule_file(patched).rules())[1].for_seconds == 600.0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "groups: [{name: a, rules: [{alert: A, expr: up}]}]",
        "groups:\n- name: a\n  rules:\n  - {alert: A, expr: up}\n",
    ],
)
def test_what_cannot_be_edited_safely_gets_no_diff(text: str) -> None:
    assert _source(text).diff(0, AlertRule("A", "up == 0")) == ""


def test_a_change_of_nothing_is_no_diff() -> None:
    assert _source(BLOCKS).diff(1, _change(1)) == ""


def test_rules_of_a_source_are_written_by_us_and_then_changed(tmp_path: Path) -> None:
    ours = RuleText.of_rules(read_rule_file(BLOCKS, path="rules.yml"))
    patched = _patched(ours.text, ours.diff(0, _change(0, for_seconds=60.0)), tmp_path)
    assert read_rule_file(patched, path="rules.yml") == with_rule(ours.file, 0, _change(0, for_seconds=60.0))


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cf"]), min_size=1, max_size=30).filter(
    str.strip
)
NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
ALERTS = st.builds(
    AlertRule,
    alert=NAMES,
    expr=st.sampled_from(["up == 0", "up\n  == 0", 'x{a="b: c"} > 1', "# odd\nup"]),
    for_seconds=st.sampled_from([0.0, 60.0, 5400.0]),
    keep_firing_for_seconds=st.sampled_from([0.0, 300.0]),
    labels=st.dictionaries(NAMES, TEXTS, max_size=3),
    annotations=st.dictionaries(NAMES, st.one_of(TEXTS, st.just("a\nb\n"), st.just("yes"), st.just("0x1")), max_size=3),
)
RULES = st.one_of(
    ALERTS,
    st.builds(RecordingRule, record=NAMES, expr=st.just("sum(up)"), labels=st.dictionaries(NAMES, TEXTS, max_size=2)),
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    groups=st.lists(st.lists(RULES, min_size=1, max_size=3), min_size=1, max_size=2),
    changed=ALERTS,
    place=st.integers(0, 5),
)
def test_any_rule_we_wrote_can_be_turned_into_any_other(
    groups: list[list[Rule]], changed: AlertRule, place: int
) -> None:
    """*Our choice* of texts: everything YAML could take for something else."""
    file = RuleFile(tuple(RuleGroup(f"g{number}", tuple(rules)) for number, rules in enumerate(groups)), "rules.yml")
    ours = RuleText.of_rules(file)
    assert read_rule_file(ours.text).groups == file.groups
    index = place % sum(map(len, groups))
    assert list(file.rules())[index] == changed or ours.diff(index, changed)
    assert ours.diff(index, None)


def test_an_edit_that_would_change_another_rule_through_an_anchor_is_not_offered() -> None:
    """*Source*: YAML 1.2.2, 7.1: an alias is the node that its anchor names, so the second rule would wait too."""
    text = (
        "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: up == 0\n        labels: &l\n"
        "          severity: page\n      - alert: B\n        expr: up == 1\n        labels: *l\n"
    )
    source = _source(text)
    changed = replace(next(iter(source.rules)), labels={"severity": "ticket"})
    assert source.diff(0, changed) == ""
    assert source.diff(0, replace(next(iter(source.rules)), for_seconds=60.0)) != ""  # type: ignore[arg-type]
