"""Whom an alert reaches, by the words of public rule collections."""

import pytest

from sre.alerting.urgency import severity_of, ticket_word, urgency_of


@pytest.mark.parametrize(
    ("labels", "urgency"),
    [
        ({"severity": "critical"}, "page"),
        ({"severity": " Critical "}, "page"),
        ({"priority": "P-1"}, "page"),
        ({"sev": "sev_2"}, "ticket"),
        ({"level": "warning"}, "ticket"),
        ({"severity": "info"}, "none"),
        ({"severity": "banana", "priority": "p3"}, "ticket"),
        ({"severity": "banana"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_the_words_of_many_teams_are_read(labels: dict[str, str], urgency: str) -> None:
    """*Source*: kube-prometheus and awesome-prometheus-alerts say critical, warning and info; others count."""
    assert urgency_of(labels) == urgency


@pytest.mark.parametrize("word", ["page", "critical", "Crit", "P0", "p1", "sev0", "sev1", "S0", "s1", "disaster"])
def test_what_makes_a_ticket_of_a_page_is_read_as_a_ticket(word: str) -> None:
    """*Our choice*: in the team's own scale where it is known, else in ours."""
    assert urgency_of({"severity": word}) == "page"
    assert urgency_of({"severity": ticket_word(word)}) == "ticket"


def test_the_severity_is_told_as_it_is_spelt() -> None:
    assert severity_of({"team": "a", "priority": "P-1"}) == "P-1"
    assert severity_of({"team": "a"}) == ""
