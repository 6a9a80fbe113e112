"""Words kept from audiences. *Source*: the handbook's rules for updates; the lists are *our choice*."""

from typing import Any

import pytest

from sre.incidents.cadence import Audience
from sre.incidents.update_words import Names, WordFilter, checked_words, default_words

NAMES = Names(
    {"service": ["checkout"], "person": ["Ada Lovelace", "Ada"], "slo": ["checkout-availability"]},
    {"service": ["order-mails", "web"], "host": ["db-1", "10.0.0.7"], "alert": ["PoolTimeouts"]},
)


def heard(text: str, audience: Audience = "customer", *, allowed: str = "") -> tuple[str, list[tuple[str, str]]]:
    words = WordFilter(audience, NAMES, allowed=allowed)
    return words.passed(text, where="impact"), [(one.phrase, one.kind.name) for one in words.findings]


@pytest.mark.parametrize(
    ("text", "phrase", "kind"),
    [
        ("Checkout is down.", "Checkout", "service"),
        ("The order mails are late.", "order mails", "service"),
        ("Orders on db-1 fail.", "db-1", "host"),
        ("Ada is on it.", "Ada", "person"),
        ("PoolTimeouts fired.", "PoolTimeouts", "alert"),
        ("It began with v2.4.0.", "v2.4.0", "version"),
        ("The pods restart.", "pods", "inner"),
        ("Our connection pool is full.", "connection pool", "inner"),
        ("Redis is slow.", "Redis", "tool"),
        ("See http_requests_total.", "http_requests_total", "identifier"),
        ("Look at https://wiki.example/x.", "https://wiki.example/x.", "address"),
        ("It is caused by a change.", "caused by", "cause"),
        ("It is probably over.", "probably", "guess"),
        ("It will be fixed by noon.", "will be fixed", "promise"),
        ("We are back soon.", "soon", "promise"),
        ("Users see error 503.", "error 503", "inner"),
        ("web-7d9f8b6c5-x2x9z restarted.", "web-7d9f8b6c5-x2x9z", "host"),
    ],
)
def test_customers_read_no_inner_names_causes_guesses_or_promises(text: str, phrase: str, kind: str) -> None:
    assert heard(text) == ("", [(phrase, kind)])


@pytest.mark.parametrize(
    "text",
    [
        "Customers cannot pay.",
        "About 500 customers see a blank page.",
        "The web site is slow for some users.",
        "Orders placed before 14:14 UTC are safe.",
        "Please try again, or clear your browser cache.",
        "Payments by invoice still work.",
        "We are sorry for the disruption.",
    ],
)
def test_plain_words_pass(text: str) -> None:
    assert heard(text) == (text, [])


def test_only_the_sentence_with_the_word_is_left_out() -> None:
    assert (
        heard("Customers cannot pay. The pods restart. Orders are safe.")[0] == "Customers cannot pay. Orders are safe."
    )


def test_words_of_the_public_name_are_allowed() -> None:
    assert heard("Checkout is down.", allowed="the checkout page") == ("Checkout is down.", [])


def test_those_who_help_read_everything_but_blame() -> None:
    text = "checkout-0 leaks connections since v2.4.0."
    assert heard(text, "internal") == (text, [])
    passed, found = heard("Ada forgot to close connections. Pods restart.", "internal")
    assert passed == "Pods restart."
    assert [kind for _, kind in found] == ["blame"]


def test_a_guess_is_pointed_out_to_those_who_help_and_kept_from_executives() -> None:
    passed, found = heard("It is probably the pool.", "internal")
    assert passed
    assert found == [("probably", "guess")]
    assert heard("It is probably over.", "executive")[0] == ""


@pytest.mark.parametrize(
    ("text", "passes"), [("Checkout is down.", True), ("db-1 is down.", False), ("Ada is on it.", False)]
)
def test_executives_know_services_but_no_machines_and_no_people(text: str, passes: bool) -> None:
    assert bool(heard(text, "executive")[0]) is passes


def test_every_kind_says_why_and_what_is_better() -> None:
    kinds = default_words().kinds
    assert all(kind.why and kind.better and kind.kept_from for kind in kinds.values())
    assert all("customer" in kind.kept_from for kind in kinds.values())


_KIND = {"kept_from": ["customer"], "why": "w", "better": "b"}


@pytest.mark.parametrize(
    "table",
    [
        {"kinds": {"a": {**_KIND, "kept_from": ["press"]}}, "words": []},
        {"kinds": {"a": {**_KIND, "why": ""}}, "words": []},
        {"kinds": {"a": _KIND}, "words": [{"kind": "b", "pattern": "x"}]},
        {"kinds": {"a": _KIND}, "words": [{"kind": "a", "pattern": "("}]},
    ],
)
def test_a_table_that_contradicts_itself_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"kind|words"):
        checked_words({"plain": [], **table})
