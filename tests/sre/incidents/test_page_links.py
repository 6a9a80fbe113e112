"""Which pages belong to a record, read from its entries; *our choice* of what counts as a reference."""

from datetime import UTC, datetime, timedelta

import pytest

from sre.core.journal import Entry, JsonValue, NewEntry, StreamRef
from sre.core.oncall import Named, PagedIncident
from sre.incidents.page_links import is_page_address, page_id_in, page_key, page_references
from sre.incidents.records.entries import incident_of
from sre.incidents.records.model import Incident

AT = datetime(2026, 11, 23, 3, 40, tzinfo=UTC)


def record(*told: tuple[str, dict[str, JsonValue]], number: int = 7, key: str = "token", at: datetime = AT) -> Incident:
    first = ("declared", {"title": "Checkout fails", "severity": "P1"})
    stream = StreamRef("incident", number)
    entries = [(first[0], {**first[1], **told[0][1]}) if told and told[0][0] == "declared" else first]
    entries += [one for one in told if one[0] != "declared"]
    return incident_of(
        tuple(
            Entry(stream, place, at, NewEntry(kind, at, "ana", "test", data, key if place == 1 else ""))
            for place, (kind, data) in enumerate(entries, 1)
        )
    )


def page(page_id: str = "Q1AB2CD3", number: int | None = 12, key: str = "") -> PagedIncident:
    return PagedIncident(page_id, "burning", "triggered", AT, Named("PSVC001"), number=number, key=key)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Q1AB2CD3EF4GH5", "Q1AB2CD3EF4GH5"),
        (" PT4KHLK ", "PT4KHLK"),
        ("#4711", "4711"),
        ("https://acme.pagerduty.com/incidents/Q1AB2CD3", "Q1AB2CD3"),
        ("https://acme.eu.pagerduty.com/incidents/Q1AB2CD3/timeline?x=1", "Q1AB2CD3"),
        ("4711", ""),
        ("#0", ""),
        ("PAYMENTS-DOWN", ""),
        ("q1ab2cd3", ""),
        ("9f86d081884c7d65", ""),
        ("https://pagerduty.com.evil.example/incidents/Q1AB2CD3", ""),
        ("https://acme.pagerduty.com/services/PSVC001", ""),
        ("https://acme.pagerduty.com/incidents/../users", ""),
        ("https://[acme.pagerduty.com/incidents/Q1AB2CD3", ""),
        ("ftp://acme.pagerduty.com/incidents/Q1AB2CD3", ""),
        ("", ""),
    ],
)
def test_an_id_a_number_or_an_address_names_a_page(text: str, found: str) -> None:
    assert page_id_in(text) == found


def test_only_the_paging_systems_own_addresses_are_its_addresses() -> None:
    assert is_page_address("https://acme.pagerduty.com/incidents/Q1AB2CD3")
    assert not is_page_address("https://grafana.example/d/1")
    assert not is_page_address("")


def test_a_record_leads_to_pages_by_link_by_origin_and_by_its_own_key() -> None:
    linked = record(("link", {"url": "https://acme.pagerduty.com/incidents/Q1AB2CD3"}))
    assert page_references(linked).includes(page())
    assert page_references(linked).is_paged
    assert page_references(record(("declared", {"origin": "#12"}))).includes(page())
    assert page_references(record(("declared", {"origin": "alert-key"}))).includes(page(key="alert-key"))
    noted = record(("note", {"text": "paged", "origin": "Q1AB2CD3"}))
    assert page_references(noted).ids == ("Q1AB2CD3",)
    bare = record()
    assert page_references(bare).keys == (page_key(bare),)
    assert not page_references(bare).is_paged
    assert page_references(bare).includes(page(key=page_key(bare)))


@pytest.mark.parametrize("other", [page("Q9ZZ9ZZ9", 13), page("Q9ZZ9ZZ9", None), page("Q9ZZ9ZZ9", 13, "other")])
def test_other_pages_are_not_taken_for_its_own(other: PagedIncident) -> None:
    known = record(
        ("declared", {"origin": "Q1AB2CD3"}), ("link", {"url": "https://acme.pagerduty.com/incidents/PT4KHLK"})
    )
    assert not page_references(known).includes(other)


@pytest.mark.parametrize("junk", [{"nested": "Q1AB2CD3"}, ["Q1AB2CD3"], 12, True, "x" * 1000, None])
def test_an_origin_that_is_none_leads_nowhere(junk: JsonValue) -> None:
    """An imported journal may hold anything."""
    assert not page_references(record(("declared", {"origin": junk}))).includes(page())


def test_the_key_of_a_page_is_that_of_one_record_in_one_store() -> None:
    """Each engineer may have an INC-7, and all page through one account."""
    mine = record()
    assert page_key(mine) == page_key(record(("note", {"text": "later"})))
    assert page_key(mine).startswith("sre-mcp-INC-7-")
    others = [record(key="another"), record(at=AT + timedelta(seconds=1)), record(number=8)]
    assert len({page_key(mine), *(page_key(one) for one in others)}) == 4
    assert len(page_key(mine)) <= 255
