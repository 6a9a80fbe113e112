"""Where events go, incidents by key or number, a routing key in a file; requests held to the contract."""

import json
from pathlib import Path

import pytest

from connectors.http import BearerToken, Endpoint
from connectors.pagerduty import PagerDutyClient, RoutingKey
from connectors.pagerduty.fake import FakePagerDuty
from connectors.pagerduty.fake_account import ADA
from connectors.pagerduty.tokens import authorization
from sre.core.errors import ConfigError
from sre.core.oncall import PageEvent
from tests.connectors.pagerduty.conftest import API, EVENTS, ROUTING_KEY, SECRET, Clock, client_of
from tests.support.openapi import HeldTo, load

pytestmark = pytest.mark.anyio

OURS = load((Path(__file__).parent / "contract.json").read_text(encoding="utf-8"))
EVENT = PageEvent("trigger", key="k", summary="burning", source="prometheus")


@pytest.fixture
def held(fake: FakePagerDuty) -> HeldTo:
    return HeldTo(OURS, inner=fake.transport())


def routed(held: HeldTo, routing: RoutingKey | None) -> PagerDutyClient:
    endpoint = Endpoint(API, auth=BearerToken(SECRET, authorization))
    return PagerDutyClient(endpoint, sender=ADA.email, routing=routing, transport=held.transport())


async def test_the_service_that_events_go_to_is_the_one_whose_integration_has_the_key(held: HeldTo) -> None:
    """Source: PagerDuty, "List services": `include[]=integrations` tells each integration with its key."""
    service = await routed(held, RoutingKey(ROUTING_KEY, Endpoint(EVENTS))).routed_service()
    assert service is not None
    assert (service.name, str(service.escalation_policy)) == ("checkout", "payments on-call")
    assert await routed(held, RoutingKey("f" * 32, Endpoint(EVENTS))).routed_service() is None
    assert await routed(held, None).routed_service() is None


async def test_no_key_of_others_stays_in_what_is_told(held: HeldTo) -> None:
    """Our choice: the keys of a whole account pass by here."""
    service = await routed(held, RoutingKey(ROUTING_KEY, Endpoint(EVENTS))).routed_service()
    assert ROUTING_KEY not in repr(service)


@pytest.mark.parametrize("hides_key", [False, True])
async def test_incidents_are_found_by_the_key_of_their_alerts(
    hides_key: bool, fake: FakePagerDuty, held: HeldTo
) -> None:
    """Source: PagerDuty, "List incidents", `incident_key`: also where the incident itself tells none."""
    client = routed(held, None)
    fake.page("checkout", "one", key="a").hides_key = hides_key
    fake.page("checkout", "two", key="b").hides_key = hides_key
    (found,) = (await client.incidents(key="a")).items
    assert (found.title, found.key) == ("one", "" if hides_key else "a")
    assert (await client.incidents(key="c")).items == ()


async def test_an_incident_is_found_by_its_number(fake: FakePagerDuty, clock: Clock) -> None:
    """Source: PagerDuty, "Get an incident": an id or a number."""
    client = client_of(fake.transport(), clock=clock)
    page = fake.page("checkout", "one")
    found = await client.incident(str(page.number))
    assert found is not None
    assert found.id == page.id


async def test_a_key_in_a_file_is_read_for_each_event(tmp_path: Path, fake: FakePagerDuty, held: HeldTo) -> None:
    """Our choice: like the token's file, it may be rotated."""
    file = tmp_path / "key"
    file.write_text(f"{ROUTING_KEY}\n", encoding="utf-8")
    routing = RoutingKey("", Endpoint(EVENTS), file=str(file))
    assert ROUTING_KEY not in repr(routing)
    client = routed(held, routing)
    assert await client.send_event(EVENT) == "k"
    assert json.loads(fake.requests[-1].content)["routing_key"] == ROUTING_KEY
    for content in (b"not a key", b"\xff\xfe", b"x" * 10_000):
        file.write_bytes(content)
        with pytest.raises(ConfigError) as caught:
            await client.send_event(EVENT)
        assert caught.value.setting == "PAGERDUTY_ROUTING_KEY_FILE"
        assert "not a key" not in caught.value.explained()
    file.unlink()
    with pytest.raises(ConfigError):
        await client.routed_service()
    assert len(fake.account.incidents) == 1


@pytest.mark.parametrize(("sender", "is_routed"), [("", True), (ADA.email, False)])
def test_what_cannot_be_written_is_known_before_it_is_tried(sender: str, is_routed: bool) -> None:
    """Source: PagerDuty: changes need a From header, events a routing key."""
    routing = RoutingKey(ROUTING_KEY, Endpoint(EVENTS)) if is_routed else None
    client = PagerDutyClient(Endpoint(API), sender=sender, routing=routing)
    refusing, working = (
        (client.require_changes, client.require_events)
        if not sender
        else (client.require_events, client.require_changes)
    )
    working()
    with pytest.raises(ConfigError) as caught:
        refusing()
    assert caught.value.setting == ("PAGERDUTY_FROM" if not sender else "PAGERDUTY_ROUTING_KEY")
