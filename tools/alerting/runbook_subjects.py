"""Which alerts `generate_runbook` writes about: those of a rule file, of an SLO, or of the source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sre.core.errors import InputError, NoDataError, SreError
from sre.core.rules.model import AlertRule
from sre.core.text import nearest_names, quoted
from tools.slo_lookup import slo_of, slo_registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connectors.base import RuleSource
    from server.deps import Deps
    from sre.core.slo.model import Slo

_MAX_VALID = 15


@dataclass(frozen=True, slots=True)
class Subject:
    """An alert: its rules, and the SLO it guards if it is one of the registry."""

    alert: str
    rules: tuple[AlertRule, ...]
    slo: Slo | None = None


async def subjects_of(deps: Deps, *, alert: str, rules: str, slo: str, source: str) -> list[Subject]:
    """Return the alerts a call is about, each once, in the order of their rules.

    Raises:
        InputError: No such alert, or a wrong rule file or SLO.
        NoDataError: There are no alerting rules.
    """
    if rules and slo:
        raise InputError("Pass rules or slo, not both.", field="rules")
    known = await slo_of(deps, slo) if slo else None
    found = await _alerting_rules(deps, rules=rules, slo=known, source=source)
    by_name: dict[str, list[AlertRule]] = {}
    for rule in found:
        by_name.setdefault(rule.alert, []).append(rule)
    if not by_name:
        raise NoDataError("There are no alerting rules to write runbooks for.", next_steps=("pass rules or slo.",))
    names = [alert] if alert else list(by_name)
    if alert and alert not in by_name:
        close = nearest_names(alert, by_name, count=_MAX_VALID) or tuple(sorted(by_name))[:_MAX_VALID]
        raise InputError(f"There is no alert {quoted(alert)} among {len(by_name)}.", field="alert", valid=close)
    return [Subject(name, tuple(by_name[name]), known or await _slo_behind(deps, by_name[name])) for name in names]


async def _alerting_rules(deps: Deps, *, rules: str, slo: Slo | None, source: str) -> Sequence[AlertRule]:
    if slo is not None:
        from sre.slo.rules import slo_rules

        return slo_rules(slo, at=deps.clock.now(), runbook_url=deps.runbook_url).file.alerts()
    if rules:
        from sre.core.rules import read_rule_file

        return read_rule_file(rules).alerts()
    metrics = deps.sources.metric(source or None)
    if not hasattr(metrics, "rules"):
        raise InputError(
            f"{metrics.name} has no rules loaded that could be asked for.",
            field="rules",
            next_steps=("pass the rule file's YAML in `rules`, or an SLO in `slo`.",),
        )
    return tuple(_loaded(await cast("RuleSource", metrics).rules()))


def _loaded(rules: Iterable[object]) -> Iterable[AlertRule]:
    from sre.core.telemetry import Rule

    for rule in rules:
        if isinstance(rule, Rule) and rule.kind == "alerting":
            yield AlertRule(
                rule.name, rule.query, rule.for_seconds, labels=dict(rule.labels), annotations=dict(rule.annotations)
            )


async def _slo_behind(deps: Deps, rules: Sequence[AlertRule]) -> Slo | None:
    """Return the SLO that the rules name in their label, where the registry has it."""
    from sre.core.conventions import SLO_LABEL

    name = next((rule.labels[SLO_LABEL] for rule in rules if rule.labels.get(SLO_LABEL)), "")
    if not name:
        return None
    try:
        return await slo_registry(deps).load(name)
    except SreError:
        return None
