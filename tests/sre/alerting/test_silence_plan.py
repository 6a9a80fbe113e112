"""How much a silence may hold back, and what a code confirms."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sre.alerting.silence_matchers import parse_matchers
from sre.alerting.silence_plan import (
    SilencePlan,
    confirmation_code,
    new_since,
    overlapping,
    rules_in_reach,
    silence_plan,
)
from sre.core.alerts import NotifiedAlert, Silence
from sre.core.errors import InputError, RefusedError
from sre.core.labels import Labels
from sre.core.telemetry import Rule
from sre.core.times import Duration

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
HOUR = Duration(3600.0)


def alert(name: str, *, silenced_by: tuple[str, ...] = (), **labels: str) -> NotifiedAlert:
    own = Labels({"alertname": name, **labels})
    return NotifiedAlert(own, {}, "active", NOW, None, str(own), silenced_by=silenced_by)


def plan(text: str, held: list[NotifiedAlert], *, duration: Duration = HOUR) -> SilencePlan:
    return silence_plan(parse_matchers(text), duration=duration, held=held)


def test_the_plan_names_what_is_matched_pages_first() -> None:
    """Our choice."""
    held = [alert("B", service="s", severity="ticket"), alert("C", service="s", severity="page"), alert("D")]
    found = plan("service=s", held)
    assert [one.labels["alertname"] for one in found.matched] == ["C", "B"]
    assert (found.page_count, found.held_count) == (1, 3)


@pytest.mark.parametrize(
    "text",
    [
        "a!=b",
        "alertname=~.+",
        'alertname=~".*"',
        "a!=b c!~d",
        'pod=""',
        "severity=page",
        "severity=page a!=b",
        "priority=P1",
    ],
)
def test_a_silence_of_almost_everything_is_refused(text: str) -> None:
    """Source: issue 3, silences; an Alertmanager takes `a!="b"` (connector's contract test)."""
    with pytest.raises(RefusedError) as caught:
        plan(text, [])
    assert caught.value.next_steps


def test_a_silence_of_all_that_stands_is_refused_unless_it_is_little_or_named() -> None:
    """Our choice: five alerts may be all there is; of one name they are one problem; named ones are meant."""
    many = [alert(f"A{index}", service="s") for index in range(6)]
    with pytest.raises(RefusedError, match="all 6 alerts"):
        plan("service=s", many)
    assert len(plan("service=s", many[:5]).matched) == 5
    assert len(plan("service=s", [*many, alert("Other")]).matched) == 6
    assert len(plan('alertname=~"A[0-9]" service=s', many).matched) == 6
    storm = [alert("PodDown", service="s", pod=str(index)) for index in range(50)]
    assert len(plan("service=s", storm).matched) == 50


def test_a_silence_is_at_most_a_week_and_at_least_a_minute() -> None:
    """Our choice of bounds."""
    assert plan("a=b", [], duration=Duration(7 * 86_400.0)).duration == Duration(604_800.0)
    with pytest.raises(RefusedError, match="longer than a silence may be"):
        plan("a=b", [], duration=Duration(7 * 86_400.0 + 1))
    with pytest.raises(InputError):
        plan("a=b", [], duration=Duration(59.0))


def code_of(text: str, held: list[NotifiedAlert], duration: Duration = HOUR) -> str:
    return confirmation_code(plan(text, held, duration=duration))


def test_a_code_confirms_the_same_silence_of_the_same_or_fewer_alerts() -> None:
    """Source: issue 3: bound to matchers, duration and the alerts matched; new ones are refused."""
    one, two, three = (alert("A", pod=pod) for pod in "123")
    code = code_of("alertname=A", [one, two])
    assert new_since(code, plan("A", [two, one])) == 0
    assert new_since(f" {code}\n", plan('{alertname="A"}', [one])) == 0
    assert new_since(code, plan("A", [])) == 0
    assert new_since(code, plan("A", [one, two, three])) == 1
    assert new_since(code, plan("A", [three])) == 1


def test_a_code_is_for_no_other_silence() -> None:
    """Our choice: order of matchers does not matter, anything else does."""
    held = [alert("A", service="s")]
    code = code_of("alertname=A service=s", held)
    assert new_since(code, plan("service=s alertname=A", held)) == 0
    assert new_since(code, plan("alertname=A", held)) is None
    assert new_since(code, plan("alertname=A service=~s", held)) is None
    assert new_since(code, plan("alertname=A service=s", held, duration=Duration(3601.0))) is None
    for nonsense in ("yes", "", "a-b-c", code[:8], code[:9] + "x"):
        assert new_since(nonsense, plan("alertname=A service=s", held)) is None


def test_of_a_storm_the_code_holds_names_only_so_that_it_stays_short() -> None:
    """Our choice: more pods of one alert are no new alert; another name is."""
    storm = [alert("PodDown", service="s", pod=str(index)) for index in range(500)]
    rest = [alert("Else")]
    code = code_of("service=s", [*storm, *rest])
    assert len(code) < 200
    more = [alert("PodDown", service="s", pod=f"new{index}") for index in range(10)]
    assert new_since(code, plan("service=s", [*storm[:100], *more, *rest])) == 0
    assert new_since(code, plan("service=s", [*storm, alert("NodeDown", service="s"), *rest])) == 1


def test_very_many_names_are_confirmed_as_one() -> None:
    """Our choice: a code is at most 200 characters, whatever is matched."""
    held = [alert(f"A{index}", service="s") for index in range(60)]
    code = code_of("service=s", [*held, alert("Else")])
    assert len(code) < 40
    assert new_since(code, plan("service=s", [*held, alert("Else")])) == 0
    assert new_since(code, plan("service=s", [*held, alert("A61", service="s"), alert("Else")])) == 1


def rule(name: str, query: str, *, kind: Any = "alerting", **labels: str) -> Rule:
    return Rule(kind, name, query, Labels(labels), {}, "g", "f", "ok", "")


RULES = [
    rule("Static", "up == 0", service="s"),
    rule("OtherStatic", "up == 0", service="t"),
    rule("BySelector", 'rate(errors_total{service="s"}[5m]) > 1'),
    rule("OtherBySelector", 'rate(errors_total{service="t"}[5m]) > 1'),
    rule("Open", "rate(errors_total[5m]) > 1"),
    rule("Kept", "sum by (service) (rate(errors_total[5m])) > 1"),
    rule("Dropped", "sum by (job) (rate(errors_total[5m])) > 1"),
    rule("Templated", "up == 0", service="{{ $labels.job }}"),
    rule("Nonsense", "up ==", service=""),
    rule("recorded", "up", kind="recording", service="s"),
]


def test_rules_in_reach_are_those_whose_alerts_could_carry_the_labels() -> None:
    """Source: labels of a rule win; an aggregation keeps those of `by` alone (Prometheus, "Aggregation operators")."""
    found = [one.name for one in rules_in_reach(RULES, parse_matchers("service=s"))]
    assert found == ["Static", "BySelector", "Open", "Kept", "Templated", "Nonsense"]
    named = rules_in_reach(RULES, parse_matchers('{alertname=~"Static|Open", service!="s"}'))
    assert [one.name for one in named] == ["Open"]


def test_silences_overlap_by_matchers_or_by_what_they_hold_back() -> None:
    """Our choice."""

    def silence(silence_id: str, text: str) -> Silence:
        return Silence(silence_id, parse_matchers(text), NOW, NOW + timedelta(hours=1), "me", "c", "active")

    held = [alert("A", service="s", silenced_by=("holds",)), alert("B")]
    silences = [silence("same", "service=s alertname=A"), silence("holds", "service=~s"), silence("other", "service=t")]
    found = overlapping(silences, plan("alertname=A service=s", held))
    assert [one.id for one in found] == ["same", "holds"]
