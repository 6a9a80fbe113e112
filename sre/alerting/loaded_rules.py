"""Rules as a source has loaded them, made into rule files, and into what a review or a replay takes."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from sre.alerting.inlining import Records
from sre.alerting.mending import RuleText
from sre.alerting.review_model import ReviewedRule, reviewed_rules
from sre.core.rules import AlertRule, RecordingRule, RuleFile, RuleGroup
from sre.core.telemetry import Rule
from sre.core.text import cleaned


def rule_files(loaded: Sequence[Rule]) -> list[RuleFile]:
    """Return the files that rules were loaded from, with the groups they stand in."""
    groups: dict[tuple[str, str], list[Rule]] = {}
    for one in loaded:
        groups.setdefault((one.file, one.group), []).append(one)
    by_file: dict[str, list[RuleGroup]] = {}
    for (file, name), members in groups.items():
        rules = tuple(_as_written(one) for one in members)
        by_file.setdefault(file, []).append(RuleGroup(name, rules, members[0].group_interval_seconds))
    return [RuleFile(tuple(found), file_name(file)) for file, found in by_file.items()]


def file_name(path: str) -> str:
    """Return the last part of a path as people may be shown it."""
    return cleaned(PurePosixPath(path.replace("\\", "/")).name, limit=80) or "rules.yml"


def reviewed_alerts(loaded: Sequence[Rule], *, held: frozenset[str]) -> tuple[list[ReviewedRule], Records]:
    """Return the alerting rules, and the recording rules of which the source holds no series.

    Args:
        held: Names of the metrics that the source holds.
    """
    found = reviewed_rules([RuleText.of_rules(file) for file in rule_files(loaded)])
    by_name: dict[str, list[ReviewedRule]] = {}
    for each in found:
        if isinstance(each.rule, RecordingRule):
            by_name.setdefault(each.name, []).append(each)
    return [each for each in found if isinstance(each.rule, AlertRule)], Records(by_name, frozenset(by_name) - held)


def _as_written(one: Rule) -> AlertRule | RecordingRule:
    if one.kind == "recording":
        return RecordingRule(one.name, one.query, dict(one.labels))
    return AlertRule(
        alert=one.name,
        expr=one.query,
        for_seconds=one.for_seconds,
        keep_firing_for_seconds=one.keep_firing_for_seconds,
        labels=dict(one.labels),
        annotations=dict(one.annotations),
    )
