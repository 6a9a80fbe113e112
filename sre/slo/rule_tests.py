"""Unit tests of an SLO's rules, as promtool runs them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sre.core.conventions import TIER_LABEL, budget_burn_alert, sli_missing_alert
from sre.core.exact import exact_number
from sre.core.labels import Labels
from sre.core.rules import yaml_document
from sre.core.rules.writing import YamlValue
from sre.core.times import format_duration
from sre.slo.trial import AlertCheck, Scenario, Subject, ValueCheck
from sre.slo.trial_series import input_series


@dataclass(frozen=True, slots=True)
class RuleTestFile:
    """A file of unit tests.

    Attributes:
        path: Beside the folder of the rules.
    """

    path: str
    content: str
    scenario_names: tuple[str, ...]


def rule_test_files(subject: Subject, scenarios: Sequence[Scenario]) -> tuple[RuleTestFile, ...]:
    """Return the test files: one for each distance of evaluations, since promtool knows but one a file."""
    name = subject.rules.slo.name
    by_step: dict[int, list[Scenario]] = {}
    for scenario in sorted(scenarios, key=lambda scenario: scenario.step_minutes):
        by_step.setdefault(scenario.step_minutes, []).append(scenario)
    files = []
    for step, members in by_step.items():
        suffix = "" if step == min(by_step) else f"-{format_duration(60.0 * step)}"
        content = yaml_document(_document(subject, members, step), header=_header(subject, step))
        names = tuple(scenario.name for scenario in members)
        files.append(RuleTestFile(f"tests/slo-{name}{suffix}.test.yml", content, names))
    return tuple(files)


def alert_expression(subject: Subject, tiers: Sequence[str]) -> str:
    """Return PromQL that counts the firing alerts of these tiers, by tier and group."""
    labels = ", ".join((TIER_LABEL, *subject.rules.slo.group_by))
    alert = budget_burn_alert(subject.rules.slo.name)
    chosen = f'alertname="{alert}",alertstate="firing",{TIER_LABEL}=~"{"|".join(tiers)}"'
    return f"count by ({labels}) (ALERTS{{{chosen}}})"


def missing_expression(subject: Subject) -> str:
    """Return PromQL that counts the firing alerts about a missing SLI."""
    return f'count(ALERTS{{alertname="{sli_missing_alert(subject.rules.slo.name)}",alertstate="firing"}})'


def firing_labels(subject: Subject, check: AlertCheck) -> list[Labels]:
    """Return the labels that `alert_expression` must have at a check."""
    group = subject.series[0].group
    return [Labels({**group, TIER_LABEL: tier}) for tier in check.firing]


def read_alerts(subject: Subject, check: AlertCheck) -> list[tuple[Labels, Mapping[str, str]]]:
    """Return labels and texts of the alerts at a check where everything is bad, as a person gets them."""
    group = subject.series[0].group
    rules = [rule for rule in subject.rules.file.alerts() if rule.labels.get(TIER_LABEL) in check.firing]
    return [
        (
            Labels({**_rendered(rule.labels, group), **group}),
            _rendered(rule.annotations, group),
        )
        for rule in rules
    ]


def is_readable(subject: Subject) -> bool:
    """Whether all templates in the alerts' labels and texts are our own."""
    settings = subject.rules.slo.alerting
    return not any("{{" in text for text in (*settings.labels.values(), *settings.annotations.values()))


def _header(subject: Subject, step: int) -> str:
    return (
        f"Tests of ../{subject.rules.file.path}; run: promtool test rules <this file>\n"
        f"Series are synthetic; rules are evaluated every {format_duration(60.0 * step)}."
    )


def _document(subject: Subject, scenarios: Sequence[Scenario], step: int) -> dict[str, YamlValue]:
    return {
        "rule_files": [f"../{subject.rules.file.path}"],
        "evaluation_interval": format_duration(60.0 * step),
        # Otherwise promtool goes through the groups in any order, and one may read what is not recorded yet.
        "group_eval_order": [group.name for group in subject.rules.file.groups],
        "tests": [_test(subject, scenario) for scenario in scenarios],
    }


def _test(subject: Subject, scenario: Scenario) -> dict[str, YamlValue]:
    series: list[YamlValue] = [
        {"series": str(one.labels), "values": one.notation()} for one in input_series(subject, scenario)
    ]
    expressions = [_value_test(check) for check in scenario.values]
    for check in scenario.alerts:
        expressions += _alert_tests(subject, check)
    read = [check for check in scenario.alerts if check.is_read and is_readable(subject)]
    interval = format_duration(60.0 / subject.samples_per_minute)
    document: dict[str, YamlValue] = {"name": scenario.name, "interval": interval, "input_series": series}
    if read:
        document["alert_rule_test"] = [_read_test(subject, check) for check in read]
    return {**document, "promql_expr_test": expressions}


def _alert_tests(subject: Subject, check: AlertCheck) -> list[YamlValue]:
    known = [*check.firing, *check.silent]
    samples: list[YamlValue] = [{"labels": _braced(labels), "value": 1} for labels in firing_labels(subject, check)]
    tests: list[YamlValue] = []
    if known:
        tests.append(_expression(alert_expression(subject, known), check.minute, samples))
    if check.is_missing is not None:
        told: list[YamlValue] = [{"labels": "{}", "value": 1}] if check.is_missing else []
        tests.append(_expression(missing_expression(subject), check.minute, told))
    return tests


def _value_test(check: ValueCheck) -> YamlValue:
    samples: list[YamlValue] = [
        {"labels": _braced(labels), "value": _number(value)}
        for labels, value in zip(check.labels, check.values, strict=True)
    ]
    return _expression(check.expr, check.minute, samples)


def _expression(expr: str, minute: int, samples: list[YamlValue]) -> YamlValue:
    return {"expr": expr, "eval_time": format_duration(60.0 * minute), "exp_samples": samples}


def _read_test(subject: Subject, check: AlertCheck) -> YamlValue:
    alerts: list[YamlValue] = [
        {"exp_labels": dict(labels), "exp_annotations": dict(texts)} for labels, texts in read_alerts(subject, check)
    ]
    return {
        "eval_time": format_duration(60.0 * check.minute),
        "alertname": budget_burn_alert(subject.rules.slo.name),
        "exp_alerts": alerts,
    }


def _rendered(texts: Mapping[str, str], group: Labels) -> dict[str, str]:
    """Return texts as Prometheus fills them in where everything is bad."""
    return {name: _filled(text, group) for name, text in texts.items()}


def _filled(text: str, group: Labels) -> str:
    filled = text.replace("{{ $value | humanizePercentage }}", "100%")
    for name, value in group.items():
        filled = filled.replace(f"{{{{ $labels.{name} }}}}", value)
    return filled.replace('{{ "{{" }}', "{{")


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else float(exact_number(value))


def _braced(labels: Labels) -> str:
    return str(labels) if labels else "{}"
