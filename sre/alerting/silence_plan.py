"""What a silence would hold back, what is too much to hold back, and the code that ties consent to just that."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, TypeAlias

from sre.alerting.kept_labels import kept_labels
from sre.alerting.silence_matchers import is_narrow, matchers_text, matches, matches_value
from sre.alerting.urgency import URGENCY_LABELS, urgency_of
from sre.core.alerts import LabelMatcher, NotifiedAlert, Silence
from sre.core.errors import InputError, RefusedError
from sre.core.labels import Labels
from sre.core.promql import parse
from sre.core.promql.nodes import Node
from sre.core.promql_tree import used_selectors
from sre.core.telemetry import Rule
from sre.core.text import quoted
from sre.core.times import Duration, format_duration

_ALERT_NAME: Final = "alertname"
# Longer than a week a silence is forgotten, and what it hides with it; a rule that is wrong is mended (our choice).
LONGEST: Final = Duration(7 * 86_400.0)
SHORTEST: Final = Duration(60.0)
# All that fires may be silenced while it is this little (our choice).
_FEW_ALERTS: Final = 5
_MAX_LISTED: Final = 20
# Enough to tell twenty things apart; the code guards against a changed world, not against an attacker.
_DIGITS: Final = 5
_HEAD_DIGITS: Final = 8

# What a code lists: alerts, their names where they are many, or only one sum of very many names.
_Detail: TypeAlias = Literal["a", "n", "s"]


@dataclass(frozen=True, slots=True)
class SilencePlan:
    """A silence that somebody thinks of, against what the Alertmanager holds now.

    Attributes:
        matched: Alerts it would hold back, pages first.
        held_count: Alerts the Alertmanager holds in all.
    """

    matchers: tuple[LabelMatcher, ...]
    duration: Duration
    matched: tuple[NotifiedAlert, ...]
    held_count: int

    @property
    def page_count(self) -> int:
        """Return how many of the alerts wake somebody."""
        return sum(urgency_of(alert.labels) == "page" for alert in self.matched)


def silence_plan(matchers: Sequence[LabelMatcher], *, duration: Duration, held: Sequence[NotifiedAlert]) -> SilencePlan:
    """Return the plan.

    Raises:
        RefusedError: It is too wide or too long.
    """
    _refuse_length(duration)
    _refuse_width(matchers)
    matched = [alert for alert in held if matches(matchers, alert.labels)]
    _refuse_all(matchers, matched, held)
    ranked = sorted(matched, key=lambda alert: (urgency_of(alert.labels) != "page", str(alert.labels)))
    return SilencePlan(tuple(matchers), duration, tuple(ranked), len(held))


def confirmation_code(plan: SilencePlan) -> str:
    """Return what confirms this plan: bound to matchers, duration and the alerts matched now; nothing is kept."""
    detail = _detail(plan)
    return "-".join([_head(plan), detail, *sorted(_digest(one, _DIGITS) for one in _things(plan, detail))])


def new_since(code: str, plan: SilencePlan) -> int | None:
    """Return how many alerts (or names of alerts) the plan matches that were not matched when the code was given.

    Returns:
        0 where the plan may go ahead: alerts that are gone by now change nothing. None where the code is for other
        matchers, another duration, or is none.
    """
    head, _, rest = code.strip().partition("-")
    detail, _, listed = rest.partition("-")
    if head != _head(plan) or detail not in ("a", "n", "s"):
        return None
    known = set(listed.split("-"))
    kind: _Detail = "a" if detail == "a" else "n" if detail == "n" else "s"
    return sum(_digest(thing, _DIGITS) not in known for thing in _things(plan, kind))


def rules_in_reach(rules: Sequence[Rule], matchers: Sequence[LabelMatcher]) -> tuple[Rule, ...]:
    """Return the alerting rules whose alerts the matchers could match, as far as names, labels and selectors tell."""
    alerting = [rule for rule in rules if rule.kind == "alerting"]
    return tuple(rule for rule in alerting if all(_could_match(matcher, rule) for matcher in matchers))


def overlapping(silences: Sequence[Silence], plan: SilencePlan) -> tuple[Silence, ...]:
    """Return the silences with the same matchers, and those that hold back any of the matched alerts already."""
    ids = {one for alert in plan.matched for one in alert.silenced_by}
    wanted = frozenset(plan.matchers)
    return tuple(one for one in silences if one.id in ids or frozenset(one.matchers) == wanted)


def _refuse_length(duration: Duration) -> None:
    if duration > LONGEST:
        raise RefusedError(
            f"{duration} is longer than a silence may be ({format_duration(LONGEST.seconds)}).",
            next_steps=(
                "silence for less and look again then, or",
                "mend or remove the rule, if nobody would miss its alerts for that long (review_alerts).",
            ),
        )
    if duration < SHORTEST:
        raise InputError(f"duration must be at least {SHORTEST}.", field="duration", valid=("30m", "2h", "1d"))


def _refuse_width(matchers: Sequence[LabelMatcher]) -> None:
    narrow = [matcher for matcher in matchers if is_narrow(matcher)]
    if not narrow:
        raise RefusedError(
            f"It would silence almost everything, also what is yet to come: {_shown(matchers)}.",
            next_steps=('name what to silence with = or =~, such as alertname="..."; != and .* only widen it.',),
        )
    if all(matcher.name in URGENCY_LABELS for matcher in narrow):
        raise RefusedError(
            f"It would silence alerts of this severity of every service, also what is yet to come: {_shown(matchers)}.",
            next_steps=('say of what: add alertname="..." or service="...".',),
        )


def _shown(matchers: Sequence[LabelMatcher]) -> str:
    return quoted(matchers_text(matchers))


def _refuse_all(
    matchers: Sequence[LabelMatcher], matched: Sequence[NotifiedAlert], held: Sequence[NotifiedAlert]
) -> None:
    names = {alert.labels.get(_ALERT_NAME, "") for alert in matched}
    is_named = any(matcher.name == _ALERT_NAME and is_narrow(matcher) for matcher in matchers)
    if len(matched) == len(held) > _FEW_ALERTS and len(names) > 1 and not is_named:
        raise RefusedError(
            f"It would silence all {len(held)} alerts that stand now: {_shown(matchers)}.",
            next_steps=('name the alerts that are understood: add alertname="..." or alertname=~"A|B".',),
        )


def _could_match(matcher: LabelMatcher, rule: Rule) -> bool:
    if matcher.name == _ALERT_NAME:
        return matches_value(matcher, rule.name)
    known = rule.labels.get(matcher.name, "")
    if known and "{{" not in known:
        return matches_value(matcher, known)
    return _could_have(matcher, rule.query)


def _could_have(matcher: LabelMatcher, query: str) -> bool:
    """Return whether a series of the query's result could have a value that the matcher passes."""
    try:
        node = parse(query).ast
    except (InputError, RefusedError):
        return True
    if not kept_labels(node).may_have(matcher.name):
        # An external label may still be added on the way, but a rule's own series do not have it.
        return matches_value(matcher, "")
    asked = _values_asked_for(node, matcher.name)
    return not asked or any(matches_value(matcher, value) for value in asked)


def _values_asked_for(node: Node, label: str) -> tuple[str, ...]:
    """Return the values of a label that every selector of a query asks for; none where one of them leaves it open."""
    asked: list[str] = []
    for selector in used_selectors(node):
        values = [one.value for one in selector.vector.matchers if one.name == label and one.op == "="]
        if not values:
            return ()
        asked += values
    return tuple(asked)


def _detail(plan: SilencePlan) -> _Detail:
    if len(plan.matched) <= _MAX_LISTED:
        return "a"
    return "n" if len(_things(plan, "n")) <= _MAX_LISTED else "s"


def _things(plan: SilencePlan, detail: _Detail) -> tuple[str, ...]:
    if detail == "a":
        return tuple(str(Labels(alert.labels)) for alert in plan.matched)
    names = sorted({alert.labels.get(_ALERT_NAME, "") for alert in plan.matched})
    return tuple(names) if detail == "n" else ("\n".join(names),)


def _head(plan: SilencePlan) -> str:
    wanted = sorted(str(matcher) for matcher in plan.matchers)
    return _digest("\n".join([*wanted, format_duration(plan.duration.seconds)]), _HEAD_DIGITS)


def _digest(text: str, digits: int) -> str:
    return sha256(text.encode()).hexdigest()[:digits]
