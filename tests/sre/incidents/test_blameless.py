"""Blame is found, facts are left alone. The sentences are our own; the kinds of blame follow the sources in the table."""

import pytest

from sre.incidents.blameless import Passage, checked_rules, default_rules, language_findings


def rules_for(text: str, *, people: tuple[str, ...] = (), services: tuple[str, ...] = ()) -> list[str]:
    return [one.rule for one in language_findings([Passage("x", text)], people=people, services=services)]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("The outage was due to human error.", "human-error"),
        ("An operator mistake led to data loss", "human-error"),
        ("We should have tested the migration.", "counterfactual"),
        ("They shouldn't have deployed on a Friday", "counterfactual"),
        ("If only the alert had been louder", "counterfactual"),
        ("Had they looked at the dashboard, it would be fine", "counterfactual"),
        ("This could’ve been ignored, it would have been prevented by a canary", "avoided-if"),
        ("The change was careless", "judged-character"),
        ("A negligent review let it through", "judged-character"),
        ("The engineer forgot to run the script", "person-verb"),
        ("She didn't check the replica lag", "person-verb"),
        ("The on-call engineer ignored two pages", "person-verb"),
        ("the team failed to notice the alert", "person-verb"),
        ("Miguel forgot to set the limit", "name-verb"),
        ("Anna Lindt overlooked the warning", "name-verb"),
        ("The DBA is to blame", "fault"),
        ("This was his mistake", "fault"),
        ("Obviously the pool was too small", "hindsight"),
        ("The deploy did not follow the release process", "broke-the-rules"),
        ("Everyone must be more careful with deploys", "be-more-careful"),
        ("Pay more attention to the dashboard", "be-more-careful"),
        ("The root cause was a full disk", "single-root-cause"),
        ("The contractor was fired", "punishment"),
    ],
)
def test_blame_is_found_and_named(text: str, rule: str) -> None:
    assert rules_for(text) == [rule]


@pytest.mark.parametrize(
    "text",
    [
        "The deploy of checkout v2.4.0 leaked database connections until the pool was exhausted.",
        "The connection pool had no alert on saturation.",
        "Requests failed with HTTP 503 for 40 minutes.",
        "The health check failed to detect the leak.",
        "The load balancer ignored the weight of the new instance.",
        "Checkout crashed under load, and payments retried.",
        "The rollback caused a second, shorter dip.",
        "Add a canary stage that compares error ratios.",
        "The alert was acknowledged after 3 minutes.",
        "The retry policy should stop after two attempts.",
        "Root causes differ between regions.",
    ],
)
def test_facts_about_systems_are_left_alone(text: str) -> None:
    assert rules_for(text) == []


def test_a_known_person_is_recognised_with_verbs_that_fit_systems_too() -> None:
    assert rules_for("bob broke the build") == []
    assert rules_for("bob broke the build", people=("bob",)) == ["person-verb"]


def test_a_service_at_the_start_of_a_sentence_is_no_person() -> None:
    assert rules_for("Checkout ignored the header") == ["name-verb"]
    assert rules_for("Checkout ignored the header", services=("checkout",)) == []


def test_the_same_words_are_reported_once_with_their_place_and_a_better_phrase() -> None:
    text = "It was human error."
    found = language_findings([Passage("impact", text), Passage("causes[0]", text)])
    assert [(one.where, one.text) for one in found] == [("impact", text)]
    assert found[0].why
    assert found[0].better


def test_a_long_text_gives_an_excerpt_of_whole_words() -> None:
    found = language_findings([Passage("x", "word " * 50 + "it was human error " + "tail " * 50)])
    assert found[0].text.startswith("… word")
    assert found[0].text.endswith("tail …")
    assert "human error" in found[0].text
    assert len(found[0].text) < 120


def test_names_with_regular_expression_characters_are_just_names() -> None:
    assert rules_for("nothing here", people=("a.*(", "[x]", "")) == []


def test_every_rule_of_the_table_finds_something_in_these_tests() -> None:
    cases = next(mark for mark in test_blame_is_found_and_named.pytestmark if mark.name == "parametrize")
    assert {rule for _, rule in cases.args[1]} == {rule.id for rule in default_rules()}


ROW = {"id": "a", "pattern": "x", "why": "w", "better": "b"}


@pytest.mark.parametrize("rows", [[ROW, ROW], [ROW | {"why": ""}], [ROW | {"better": None}], [ROW | {"pattern": "("}]])
def test_a_broken_table_is_refused_on_load(rows: list[dict[str, object]]) -> None:
    with pytest.raises(ValueError, match="rule"):
        checked_rules(rows)


@pytest.mark.parametrize("text", ["had " * 1_250, "the " * 1_250, "A" * 5_000, "one of the " * 450, "a b" * 1_600])
def test_long_repetitive_text_is_read_in_bounded_time(text: str) -> None:
    """No pattern backtracks without bound: 5,000 characters, the most that is read, end within pytest's patience."""
    assert isinstance(rules_for(text), list)
