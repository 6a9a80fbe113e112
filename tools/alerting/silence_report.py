"""From a plan, or a silence that was created, to the answer of `silence_alert`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.alerting.urgency import severity_of, urgency_of
from sre.core.conventions import SEVERITY_LABEL
from sre.core.text import cleaned
from sre.core.times import format_instant
from tools.alerting.silence_answer import MatchedAlert, OverlappingSilence, SilenceAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sre.core.alerts import NotifiedAlert, Silence
    from sre.core.labels import Labels
    from tools.alerting.silence_steps import Situation, Wanted

_MAX_LABELS = 240
_MAX_ALERTS = 20
_MAX_RULES = 20
# From here on the number of rules says more than their names (our choice).
_MANY_RULES = 5
# What proves delivery by never stopping; silenced, it proves nothing.
_WATCHDOGS = frozenset({"watchdog", "deadmansswitch", "heartbeat"})


def preview_answer(wanted: Wanted, situation: Situation, *, code: str, was_confirmed: bool) -> SilenceAnswer:
    """Return what the silence would hold back, with the code that creates it."""
    answer = _answer(wanted, situation)
    answer.confirm = code
    again = "Still nothing" if was_confirmed else "Nothing"
    plan = wanted.plan
    until = format_instant(wanted.window.end)
    answer.summary = f"{again} is silenced yet. Until {until}, this would hold back {_told(wanted)}."
    answer.next_steps = [
        "show this to the person who asked; with their consent, call again with the same matchers and duration "
        f"and confirm={code}"
    ]
    if not plan.matched:
        answer.warnings.append(
            f"No alert of the {plan.held_count} that stand matches: right for planned work, otherwise check the labels "
            "with list_alerts."
        )
    return answer


def created_answer(
    wanted: Wanted, situation: Situation, *, silence_id: str, after: Sequence[NotifiedAlert] | None
) -> SilenceAnswer:
    """Return what was created.

    Args:
        after: Matched alerts that are still not held back; None where that could not be read.
    """
    stored = next((one for one in situation.silences if one.id == silence_id), None)
    situation.silences = tuple(one for one in situation.silences if one.id != silence_id)
    answer = _answer(wanted, situation)
    answer.status = "created"
    answer.silence_id = cleaned(silence_id, limit=60)
    answer.not_suppressed = [_named(alert.labels) for alert in after or ()][:_MAX_ALERTS]
    answer.how_to_end = f"amtool silence expire {answer.silence_id} --alertmanager.url=$ALERTMANAGER_URL"
    open_still = {alert.fingerprint for alert in after or ()}
    for row, alert in zip(answer.alerts, wanted.plan.matched, strict=False):
        row.state = "active" if alert.fingerprint in open_still else "suppressed" if after is not None else row.state
    if stored is not None:
        answer.until = stored.ends_at.replace(microsecond=0)
        if stored.state == "pending":
            answer.warnings.append("The silence has not begun: the clocks of this machine and the Alertmanager differ.")
    proof = (
        "" if after is None else ", and they are held back" if not after else f"; {len(after)} are not held back yet"
    )
    answer.summary = (
        f"Silenced until {format_instant(answer.until)}: {_told(wanted)}"
        f"{proof if wanted.plan.matched else ''}. Silence {answer.silence_id}."
    )
    answer.next_steps = ["end it when the work is done (how_to_end); list_alerts shows it until then"]
    return answer


def _answer(wanted: Wanted, situation: Situation) -> SilenceAnswer:
    from sre.alerting.silence_matchers import matchers_text
    from sre.alerting.silence_plan import overlapping, rules_in_reach

    plan = wanted.plan
    matched = plan.matched
    rules = None if situation.rules is None else _other_rules(wanted, rules_in_reach(situation.rules, plan.matchers))
    answer = SilenceAnswer(
        summary="",
        status="preview",
        alertmanager=situation.alertmanager,
        matchers=cleaned(matchers_text(plan.matchers), limit=2_000),
        reason=wanted.reason,
        created_by=wanted.created_by,
        until=wanted.window.end,
        alerts_total=len(matched),
        pages_total=plan.page_count,
        alerts=[_row(alert) for alert in matched[:_MAX_ALERTS]],
        rules_in_reach_total=None if rules is None else len(rules),
        rules_in_reach=(rules or [])[:_MAX_RULES],
        overlapping=[_overlap(one) for one in overlapping(situation.silences, plan)],
        warnings=[*situation.notes, *_warnings(wanted, situation)],
    )
    if len(matched) > _MAX_ALERTS:
        answer.left_out.append(f"{len(matched) - _MAX_ALERTS} more alerts, pages first: list_alerts.")
    if rules and len(rules) > _MAX_RULES:
        answer.left_out.append(f"{len(rules) - _MAX_RULES} more rules in reach: narrow the matchers.")
    return answer


def _told(wanted: Wanted) -> str:
    plan = wanted.plan
    alerts = "1 alert" if len(plan.matched) == 1 else f"{len(plan.matched)} alerts"
    pages = f"{plan.page_count} of them pages" if plan.page_count else "none of them a page"
    return f"{alerts} that stand now{f' ({pages})' if plan.matched else ''}"


def _other_rules(wanted: Wanted, rules: Sequence[object]) -> list[str]:
    """Return the names of rules in reach that have no matched alert now."""
    firing = {alert.labels.get("alertname", "") for alert in wanted.plan.matched}
    names = dict.fromkeys(str(getattr(rule, "name", "")) for rule in rules)
    return [cleaned(name, limit=80) for name in names if name not in firing]


def _warnings(wanted: Wanted, situation: Situation) -> list[str]:
    from sre.alerting.silence_plan import rules_in_reach

    plan = wanted.plan
    warnings = []
    if situation.rules is not None:
        alerting = [rule for rule in situation.rules if rule.kind == "alerting"]
        reached = len(rules_in_reach(alerting, plan.matchers))
        if reached > _MANY_RULES:
            warnings.append(f"It reaches {reached} of the {len(alerting)} alerting rules.")
    else:
        warnings.append("Which other rules it could hold back is not known: no Prometheus listed its rules.")
    if any(alert.labels.get("alertname", "").lower() in _WATCHDOGS for alert in plan.matched):
        warnings.append("It would hold back the watchdog, whose silence is what tells that alerting is broken.")
    earlier = [one for one in situation.silences if frozenset(one.matchers) == frozenset(plan.matchers)]
    if earlier:
        until = max(one.ends_at for one in earlier).replace(microsecond=0)
        told = "and so longer than this one" if until >= wanted.window.end else "and this one would go on after it"
        warnings.append(f"The same matchers are silenced already, until {format_instant(until)}, {told}.")
    return warnings


def _row(alert: NotifiedAlert) -> MatchedAlert:
    return MatchedAlert(
        alert=cleaned(alert.labels.get("alertname", ""), limit=80),
        severity=cleaned(severity_of(alert.labels), limit=40) or f"{urgency_of(alert.labels)}",
        labels=cleaned(str(alert.labels.without("alertname", SEVERITY_LABEL)), limit=_MAX_LABELS),
        state=alert.state,
        receivers=[cleaned(name, limit=60) for name in alert.receivers],
    )


def _overlap(silence: Silence) -> OverlappingSilence:
    return OverlappingSilence(
        id=cleaned(silence.id, limit=60),
        matchers=cleaned("{" + ", ".join(str(one) for one in silence.matchers) + "}", limit=_MAX_LABELS),
        created_by=cleaned(silence.created_by, limit=80),
        comment=cleaned(silence.comment),
        until=silence.ends_at.replace(microsecond=0),
    )


def _named(labels: Labels) -> str:
    return cleaned(f"{labels.get('alertname', '')}{labels.without('alertname')}", limit=_MAX_LABELS)
