"""How many people were hurt: only where the words of the impact say so."""

from datetime import UTC, datetime

import pytest

from sre.incidents.model import IncidentFacts
from sre.incidents.people_hurt import people_hurt, with_people_hurt

START = datetime(2026, 10, 29, 14, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("impact", "words"),
    [
        ("About 3,000 customers could not pay.", "About 3,000 customers"),
        ("30 % of our paying customers waited", "30 % of our paying customers"),
        ("checkout failed for 1.2 million users", "1.2 million users"),
        ("for half of all visitors the page was blank", "half of all visitors"),
        ("Orders failed; one shop called.", ""),
        ("500 errors for users in Berlin", ""),
        ("12 requests of users failed", ""),
        ("", ""),
        ("1" * 5_000 + " users", ""),
        ("about " * 2_000, ""),
    ],
)
def test_the_words_are_found_or_nothing_is_said(impact: str, words: str) -> None:
    assert people_hurt(impact) == words


def test_the_number_cites_what_the_impact_cites_and_yields_to_one_that_was_told() -> None:
    facts = IncidentFacts("x", START, impact="40 users saw errors", cites={"impact": "INC-7 #2"})
    read = with_people_hurt(facts)
    assert (read.users, read.cites["users"]) == ("40 users", "INC-7 #2")
    told = IncidentFacts("x", START, impact="40 users saw errors", users="44")
    assert with_people_hurt(told) == told
