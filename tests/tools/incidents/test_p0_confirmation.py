"""Declaring a P0 through clients that can be asked and those that cannot, in both eras of the protocol."""

from typing import Any, Literal

import pytest
from mcp.client import Client
from mcp.types import ElicitRequestFormParams, ElicitResult, ErrorData

from server.app import build
from tests.support.mcp import answer_of, deps_with, error_of
from tests.support.memory_journal import MemoryJournal

pytestmark = pytest.mark.anyio
ERAS: tuple[Literal["auto", "legacy"], ...] = ("auto", "legacy")
P0 = {"title": "Nobody can pay", "severity": "P0", "services": ["checkout"]}


class Person:
    """Somebody at the client who replies to a question."""

    def __init__(self, **reply: Any) -> None:
        self.reply = ElicitResult(**reply)
        self.asked: list[str] = []

    async def __call__(self, context: Any, params: Any) -> ElicitResult | ErrorData:
        assert isinstance(params, ElicitRequestFormParams)
        self.asked.append(params.message)
        return self.reply


def client_of(person: Person | None, era: Literal["auto", "legacy"] = "auto") -> Client:
    return Client(build(deps_with(journal=MemoryJournal())), mode=era, elicitation_callback=person)


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_who_confirms_has_it_recorded(era: Literal["auto", "legacy"]) -> None:
    person = Person(action="accept", content={"confirm": True})
    async with client_of(person, era) as client:
        answer = await answer_of(client, "declare_incident", **P0)
    assert answer["incident"]["severity"] == "P0"
    (question,) = person.asked
    assert '"Nobody can pay"' in question
    assert not any("answered" in warning for warning in answer["warnings"])


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("reply", [{"action": "decline"}, {"action": "accept", "content": {"confirm": False}}])
async def test_a_plain_no_records_nothing(era: Literal["auto", "legacy"], reply: dict[str, Any]) -> None:
    async with client_of(Person(**reply), era) as client:
        assert "P1, P2 or P3" in await error_of(client, "declare_incident", **P0)
        assert (await answer_of(client, "get_incidents"))["incidents"] == []


@pytest.mark.parametrize("era", ERAS)
async def test_a_question_put_away_never_keeps_it_from_being_recorded(era: Literal["auto", "legacy"]) -> None:
    async with client_of(Person(action="cancel"), era) as client:
        answer = await answer_of(client, "declare_incident", **P0)
    assert answer["incident"]["severity"] == "P0"
    assert any("Nobody answered" in warning for warning in answer["warnings"])


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_cannot_ask_records_at_once(era: Literal["auto", "legacy"]) -> None:
    async with client_of(None, era) as client:
        answer = await answer_of(client, "declare_incident", **P0)
    assert answer["incident"]["severity"] == "P0"
    assert not any("answered" in warning for warning in answer["warnings"])


@pytest.mark.parametrize("era", ERAS)
async def test_a_p0_that_follows_from_the_facts_is_asked_about_with_its_reason(era: Literal["auto", "legacy"]) -> None:
    """Source: the handbook: data loss possible, any scale: P0."""
    person = Person(action="decline")
    async with client_of(person, era) as client:
        call = {"title": "Rows vanish", "facts": {"data_loss": True}}
        assert "P1, P2 or P3" in await error_of(client, "declare_incident", **call)
        assert (await answer_of(client, "get_incidents"))["incidents"] == []
    (question,) = person.asked
    assert "It follows from the facts: data is being lost" in question


async def test_facts_that_lead_to_less_or_are_wrong_ask_nobody() -> None:
    person = Person(action="decline")
    async with client_of(person) as client:
        call = {"title": "Checkout is slow", "facts": {"users_ratio": 0.02}}
        answer = await answer_of(client, "declare_incident", **call)
        assert answer["incident"]["severity"] != "P0"
        await error_of(client, "declare_incident", title="Checkout is slow", facts={"users_ratio": "many"})
        await answer_of(client, "declare_incident", **{**P0, "severity": "P1", "facts": {"data_loss": True}})
    assert person.asked == []


async def test_lesser_severities_and_wrong_calls_ask_nobody() -> None:
    person = Person(action="decline")
    async with client_of(person) as client:
        await answer_of(client, "declare_incident", **{**P0, "severity": "P1"})
        await error_of(client, "declare_incident", **{**P0, "severity": "urgent"})
    assert person.asked == []
