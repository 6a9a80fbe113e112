"""The dashboard of a rule file: each alert as what it watches with its limit as a line, each record as a graph."""

import re
from collections.abc import Callable, Collection, Sequence
from hashlib import sha256

from sre.core.alert_conditions import Condition, conditions_of
from sre.core.conventions import (
    DESCRIPTION_ANNOTATION,
    RUNBOOK_ANNOTATION,
    SEVERITY_LABEL,
    SUMMARY_ANNOTATION,
    TIER_LABEL,
)
from sre.core.errors import InputError, RefusedError
from sre.core.exact import exact_number
from sre.core.promql_text import LabelMatch, selector
from sre.core.rules import AlertRule, RecordingRule, RuleFile, RuleGroup
from sre.core.text import cleaned
from sre.core.times import format_duration
from sre.dashboards.identity import dashboard_tags, dashboard_uid
from sre.dashboards.model import Annotation, Dashboard, Link, Panel, Section, Step, Target
from sre.dashboards.units import grafana_unit

# More panels than these are no overview any more (our choice).
MAX_PANELS = 40
# Above this a firing alert has a value, and otherwise it does not exist.
_FIRING = "Alerts firing"
_WEB = re.compile(r"https?://[^\s\"<>]+")
# A record alone, with or without matchers behind it.
_RECORD = re.compile(r"[A-Za-z_][\w:]*:(?P<operations>\w+)\s*(\{[^{}]*\})?\s*$")
_TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)


def rules_dashboard(
    file: RuleFile, *, unit_of: Callable[[str], str], title: str = "", runbook_url: str = ""
) -> Dashboard:
    """Return the dashboard of a rule file, its panels in the order of the rules.

    Args:
        unit_of: The unit of a query's values in the words of `sre.core.figures`, an empty string if unknown.
        runbook_url: Address of an alert's runbook, `{alert}` standing for its name, for alerts that name none.

    Raises:
        InputError: There is no rule that a panel can show.
    """
    sections, left = _sections(file, unit_of, runbook_url)
    if not any(section.panels for section in sections):
        raise InputError("The rule file has no rule that a panel could show.", field="rules")
    names = [rule.alert if isinstance(rule, AlertRule) else rule.record for rule in file.rules()]
    digest = sha256("\n".join(names).encode()).hexdigest()
    return Dashboard(
        uid=dashboard_uid("rules", title or f"{file.groups[0].name} {digest}"),
        title=title or f"Alerts: {_groups_text(file.groups)}",
        description="Each alert as what it watches, with its limit as a line; each recorded series.",
        sections=(Section("", (_firing_panel(file.alerts()),) if file.alerts() else ()), *sections),
        tags=dashboard_tags("rules"),
        annotations=_firing_annotation(file.alerts()),
        time_from="now-24h",
        notes=left,
    )


def web_link(title: str, url: str) -> tuple[Link, ...]:
    """Return a link to an address on the web; nothing for any other text, which might run in the reader's browser."""
    return (Link(title, url),) if _WEB.fullmatch(url) else ()


def _sections(
    file: RuleFile, unit_of: Callable[[str], str], runbook_url: str
) -> tuple[tuple[Section, ...], tuple[str, ...]]:
    sections, left = [], []
    room = MAX_PANELS
    for group in file.groups:
        panels = []
        for rule in group.rules:
            if room <= 0:
                left.append(_name(rule))
                continue
            panels.append(_panel(rule, unit_of, runbook_url))
            room -= 1
        sections.append(Section(cleaned(group.name, limit=80), tuple(panels)))
    notes = (f"{len(left)} rules have no panel: a dashboard of over {MAX_PANELS} shows nothing. Split the file.",)
    return tuple(section for section in sections if section.panels), notes if left else ()


def _panel(rule: AlertRule | RecordingRule, unit_of: Callable[[str], str], runbook_url: str) -> Panel:
    if isinstance(rule, RecordingRule):
        return Panel(
            rule.record,
            cleaned(f"Recorded as {rule.expr}", limit=600),
            unit=grafana_unit(_unit_by_name(rule.record) or unit_of(rule.expr)),
            targets=(Target(selector(rule.record, _fixed_labels(rule)), recorded_from=rule.expr),),
        )
    conditions = _conditions(rule.expr)
    url = rule.annotations.get(RUNBOOK_ANNOTATION, "") or runbook_url.replace("{alert}", rule.alert)
    return Panel(
        _alert_title(rule),
        _alert_text(rule, conditions),
        unit=grafana_unit(unit_of(conditions[0].signal) or _unit_by_name(conditions[0].signal)),
        targets=_targets(conditions),
        steps=_limits(conditions),
        links=web_link("Runbook", url),
    )


def _unit_by_name(query: str) -> str:
    """Return the unit that the name of a record tells; an empty string for any other query.

    Source:
        Prometheus documentation, "Recording rules": level:metric:operations, and a ratio says so.
    """
    match = _RECORD.match(query)
    return "ratio" if match is not None and match["operations"].startswith("ratio") else ""


def _fixed_labels(rule: RecordingRule) -> list[LabelMatch]:
    return [(name, "=", value) for name, value in rule.labels.items() if not _TEMPLATE.search(value)]


def _conditions(expr: str) -> tuple[Condition, ...]:
    """Return what an expression watches; all of it where it cannot be taken apart."""
    try:
        return conditions_of(expr) or (Condition(expr),)
    except (InputError, RefusedError):
        return (Condition(expr),)


def _targets(conditions: Sequence[Condition]) -> tuple[Target, ...]:
    # An expression without a comparison, such as absent(), has a value only while the alert fires.
    watched = {one.signal: Target(one.signal, may_be_empty=not one.op) for one in conditions}
    limits = {one.limit: Target(one.limit, "limit") for one in conditions if one.limit and one.limit_value is None}
    return (*watched.values(), *limits.values())


def _limits(conditions: Sequence[Condition]) -> tuple[Step, ...]:
    """Return the lines of the limits: red on the side where the alert fires."""
    above, below = _values(conditions, {">", ">="}), _values(conditions, {"<", "<="})
    if above and below and below[-1] > above[0]:
        return (Step(None, "green"), Step(above[0], "red"))
    steps = [Step(None, "red" if below else "green"), *(Step(value, "green") for value in below[-1:])]
    steps += [Step(value, "red") for value in above]
    return tuple(steps) if len(steps) > 1 else ()


def _values(conditions: Sequence[Condition], ops: Collection[str]) -> list[float]:
    values = {one.limit_value for one in conditions if one.op in ops and one.limit_value is not None}
    # 14.4 * 0.001 is no 0.014400000000000001.
    return sorted(float(exact_number(value)) for value in values)


def _alert_title(rule: AlertRule) -> str:
    labels = [rule.labels[name] for name in (TIER_LABEL, SEVERITY_LABEL) if rule.labels.get(name)]
    return cleaned(f"{rule.alert} ({', '.join(labels)})" if labels else rule.alert, limit=120)


def _alert_text(rule: AlertRule, conditions: Sequence[Condition]) -> str:
    said = rule.annotations.get(SUMMARY_ANNOTATION, "") or rule.annotations.get(DESCRIPTION_ANNOTATION, "")
    held = f" for {format_duration(rule.for_seconds)}" if rule.for_seconds else ""
    limits = tuple(dict.fromkeys(f"{one.op} {one.limit}" for one in conditions if one.op))
    when = f"when it is {cleaned(' and '.join(limits), limit=200)}" if limits else "whenever it has a value"
    together = " It has several conditions: read the rule." if len(conditions) > 1 else ""
    words = cleaned(_TEMPLATE.sub("...", said), limit=300)
    sentence = words if not words or words.endswith((".", "!", "?", "…")) else f"{words}."
    return f"{sentence} Fires {when}{held}.{together}".strip()


def _firing_panel(alerts: Sequence[AlertRule]) -> Panel:
    return Panel(
        _FIRING,
        "Alerts of these rules that fire now, by name. Empty is good; the panel of a name shows how far it is over.",
        targets=(Target(f"sum by (alertname) ({_firing(alerts)})", "{{alertname}}", may_be_empty=True),),
        width=24,
        height=5,
        minimum=0,
        is_stacked=True,
    )


def _firing_annotation(alerts: Sequence[AlertRule]) -> tuple[Annotation, ...]:
    if not alerts:
        return ()
    expr = f"max by (alertname) ({_firing(alerts)})"
    return (Annotation("Alerts", expr, title="{{alertname}} fires", tags=("alertname",), color="red"),)


def _firing(alerts: Sequence[AlertRule]) -> str:
    names = "|".join(sorted({re.escape(alert.alert).replace("\\-", "-") for alert in alerts}))
    return selector("ALERTS", [("alertname", "=~", names), ("alertstate", "=", "firing")])


def _groups_text(groups: Sequence[RuleGroup]) -> str:
    names = [cleaned(group.name, limit=40) for group in groups]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _name(rule: AlertRule | RecordingRule) -> str:
    return rule.alert if isinstance(rule, AlertRule) else rule.record
