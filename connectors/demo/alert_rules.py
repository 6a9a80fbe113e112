"""The rule files of the demo shop's team, and the state their rules are in when the world ends."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from sre.core.labels import Labels
from sre.core.promql import EvaluationOptions, SampleStore
from sre.core.rules import AlertRule, RuleFile, RuleGroup, read_rule_file
from sre.core.rules.alert_states import AlertEpisode
from sre.core.rules.label_templates import expanded
from sre.core.rules.replay import Replay, ReplayOptions, RuleReplay, replay
from sre.core.series import Grid
from sre.core.telemetry import ActiveAlert, Rule
from sre.core.times import instant_from_ms

# As the shop's Prometheus evaluates its rules.
EVALUATION_SECONDS: Final = 60.0
_FOLDER: Final = "rules"


@cache
def rule_files() -> tuple[RuleFile, ...]:
    """Return the rule files, by name."""
    folder = files("connectors.demo") / _FOLDER
    found = sorted((item for item in folder.iterdir() if item.name.endswith(".yml")), key=lambda item: item.name)
    return tuple(read_rule_file(item.read_text(encoding="utf-8"), path=f"{_FOLDER}/{item.name}") for item in found)


def loaded_rules(store: SampleStore, *, first_ms: int, last_ms: int, left_open: bool) -> tuple[Rule, ...]:
    """Return all rules with the state they are in at `last_ms`, having been evaluated since `first_ms`."""
    step_ms = round(EVALUATION_SECONDS * 1000)
    count = (last_ms - first_ms) // step_ms + 1
    grid = Grid(last_ms - (count - 1) * step_ms, step_ms, count)
    options = ReplayOptions(EvaluationOptions(left_open=left_open))
    found: list[Rule] = []
    for file in rule_files():
        result = replay(file.groups, store=store, grid=grid, options=options)
        found += _rules_of(file, result)
    return tuple(found)


def _rules_of(file: RuleFile, result: Replay) -> Sequence[Rule]:
    groups = [group for group in file.groups for _ in group.rules]
    return [_rule(one, group, path=file.path) for one, group in zip(result.rules, groups, strict=True)]


def _rule(one: RuleReplay, group: RuleGroup, *, path: str) -> Rule:
    rule = one.rule
    common = Rule(
        kind="recording",
        name="",
        query=rule.expr,
        labels=Labels(rule.labels),
        annotations={},
        group=group.name,
        file=path,
        health="err" if one.problem else "ok",
        last_error=one.problem,
        group_interval_seconds=group.interval_seconds or EVALUATION_SECONDS,
    )
    if not isinstance(rule, AlertRule):
        return replace(common, name=rule.record)
    alerts = tuple(_active(rule, episode) for episode in one.episodes if episode.resolved_ms is None)
    return replace(
        common,
        kind="alerting",
        name=rule.alert,
        annotations=rule.annotations,
        for_seconds=rule.for_seconds,
        keep_firing_for_seconds=rule.keep_firing_for_seconds,
        state=_worst(alerts),
        alerts=alerts,
    )


def _active(rule: AlertRule, episode: AlertEpisode) -> ActiveAlert:
    return ActiveAlert(
        name=rule.alert,
        state="pending" if episode.firing_ms is None else "firing",
        labels=episode.labels.replaced(alertname=rule.alert),
        annotations=_annotations(rule.annotations, episode),
        active_at=instant_from_ms(episode.pending_ms),
        value=episode.last_value,
    )


def _annotations(texts: Mapping[str, str], episode: AlertEpisode) -> Mapping[str, str]:
    return {name: expanded(text, episode.labels, value=episode.last_value) for name, text in texts.items()}


def _worst(alerts: Sequence[ActiveAlert]) -> Literal["firing", "pending", "inactive"]:
    states = {alert.state for alert in alerts}
    return "firing" if "firing" in states else "pending" if "pending" in states else "inactive"
