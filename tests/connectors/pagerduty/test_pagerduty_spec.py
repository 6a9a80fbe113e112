"""Every request we send and every answer of the fake, held to a written contract of PagerDuty's APIs.

The contract beside this file has the operations that are used; where the whole one is, the two are compared.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openapi_core.exceptions import OpenAPIError

from connectors.http import BearerToken, Endpoint
from connectors.pagerduty import PagerDutyClient
from connectors.pagerduty.fake import FakePagerDuty
from connectors.pagerduty.fake_account import ADA
from connectors.pagerduty.tokens import authorization
from sre.core.errors import InputError, RateLimitedError
from sre.core.oncall import OPEN_STATUSES, Named, PageEvent
from sre.core.times import Window
from tests.connectors.pagerduty.conftest import API, SECRET, START, Clock, client_of
from tests.support.openapi import HeldTo, fully_read, load

pytestmark = pytest.mark.anyio

OURS = load((Path(__file__).parent / "contract.json").read_text(encoding="utf-8"))
WHOLE = Path(__file__).resolve().parents[4] / "shared" / "specs" / "pagerduty-contract.json"
DAY = Window(START - timedelta(hours=1), START + timedelta(hours=23))


OPERATIONS = [(path, method) for path, methods in OURS["paths"].items() for method in methods]


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_our_copy_of_an_operation_says_what_the_whole_contract_says(path: str, method: str) -> None:
    """Our choice: the copy is shorter by writing shared parts once, and by nothing else."""
    if not WHOLE.is_file():
        pytest.skip("the whole contract is not here")
    whole: dict[str, Any] = load(WHOLE.read_text(encoding="utf-8"))
    assert fully_read(OURS, OURS["paths"][path][method]) == whole["paths"][path][method]
    assert OURS["components"]["securitySchemes"] == whole["components"]["securitySchemes"]


async def test_each_answer_of_the_contract_is_read(clock: Clock) -> None:
    """Source: the examples of the contract."""
    held = HeldTo(OURS)
    client = client_of(held.transport(), clock=clock)
    assert (await client.build_info()).product == "pagerduty"
    (incident,) = (await client.incidents(window=DAY, statuses=OPEN_STATUSES, urgencies=["high"])).items
    assert incident == await client.incident("Q1AB2CD3")
    assert (incident.number, incident.title) == (4711, "checkout: error budget burning at 14x")
    assert (incident.status, incident.urgency, incident.priority) == ("acknowledged", "high", "P1")
    assert (incident.created_at, incident.resolved_at) == (START, None)
    assert [(one.at - START, str(one.who)) for one in incident.acknowledgements] == [
        (timedelta(seconds=110), "Ada Onduty")
    ]
    assert incident.assigned_to == (Named("PUSR001", "Ada Onduty"),)
    assert incident.service == Named("PSVC001", "checkout")
    assert (str(incident.escalation_policy), [str(one) for one in incident.teams]) == ("payments on-call", ["payments"])
    assert incident.key == "checkout-slo"
    (alert,) = (await client.incident_alerts("Q1AB2CD3")).items
    assert (alert.severity, dict(alert.details)) == ("critical", {"burn_rate": "14.6"})
    log = (await client.incident_log("Q1AB2CD3")).items
    assert [(one.kind, one.channel, one.agent_kind) for one in log] == [
        ("trigger", "api", "service"),
        ("notify", "auto", "user"),
        ("acknowledge", "mobile", "user"),
    ]
    assert [one.is_by_a_person for one in log] == [False, False, True]
    assert (log[0].detail, str(log[2].agent)) == ("error budget burning at 14x", "Ada Onduty")
    assert (await client.log_entries(window=DAY)).items == log
    (note,) = await client.incident_notes("Q1AB2CD3")
    assert (note.text, str(note.author)) == ("rolled back v2.3.1", "Ada Onduty")
    first, second = (await client.on_calls()).items
    assert (str(first.who), first.level, str(first.schedule)) == ("Ada Onduty", 1, "payments primary")
    assert (str(second.who), second.level, second.schedule, second.start) == ("Grace Backup", 2, None, None)
    (service,) = (await client.services(search="check")).items
    assert (service.name, service.status) == ("checkout", "critical")
    (change,) = (await client.change_events(window=DAY)).items
    assert (change.summary, change.source, change.url) == ("deploy payment v2.3.1", "ci", "https://ci.example/run/991")
    assert (START - change.at, dict(change.details)) == (timedelta(seconds=77), {"commit": "abc1234"})
    assert (await client.acknowledge("Q1AB2CD3")).id == "Q1AB2CD3"
    assert (await client.resolve("Q1AB2CD3", resolution="rolled back")).id == "Q1AB2CD3"
    assert (await client.add_note("Q1AB2CD3", text="rolled back v2.3.1")).id == "PNOTE01"
    assert await client.send_event(PageEvent("resolve", key="checkout-slo")) == "checkout-slo"
    assert {line.rpartition(" ")[0] for line in held.checked} == {
        f"{method.upper()} {path}" for path, method in OPERATIONS
    }


async def test_what_the_fake_answers_is_as_agreed(fake: FakePagerDuty, clock: Clock) -> None:
    """Source: the contract; a fake that says something else would prove nothing."""
    held = HeldTo(OURS, inner=fake.transport())
    client = client_of(held.transport(), clock=clock)
    key = await client.send_event(
        PageEvent(
            "trigger",
            key="checkout-slo",
            summary="burning",
            source="prometheus",
            component="pool",
            group="shop",
            url="https://grafana.example/d/1",
            details={"burn": "14.6"},
        )
    )
    fake.page("payment", "slow", severity="warning").priority = "P3"
    fake.account.announced("payment", "deploy v2.3.1", link="https://ci.example/1")
    incident = (await client.incidents(window=DAY, service_ids=["PSVC001"])).items[0]
    assert incident.key == key == "checkout-slo"
    fake.account.escalated(fake.account.incidents[0])
    assert (await client.acknowledge(incident.id)).status == "acknowledged"
    await client.add_note(incident.id, text="looking")
    await client.send_event(PageEvent("resolve", key=key))
    assert len((await client.incident_log(incident.id)).items) == 8
    assert len((await client.log_entries(window=DAY)).items) == 11
    assert len((await client.incident_alerts(incident.id)).items) == 1
    assert len(await client.incident_notes(incident.id)) == 1
    assert len((await client.incidents(statuses=OPEN_STATUSES)).items) == 1
    assert len((await client.on_calls()).items) == 2
    assert len((await client.services()).items) == 2
    assert len((await client.change_events(window=DAY)).items) == 1
    assert await client.incident("PNOTHERE") is None
    with pytest.raises(InputError):
        await client.acknowledge(incident.id)
    fake.left_this_minute = 0
    with pytest.raises(RateLimitedError):
        await client.services()
    statuses = {line.rpartition(" ")[2] for line in held.checked}
    assert statuses == {"200", "202", "400", "404", "429"}


@pytest.mark.parametrize("status", ["triggered by hand", "acknowledged"])
async def test_a_request_that_is_wrong_would_be_noticed(fake: FakePagerDuty, clock: Clock, status: Any) -> None:
    """Our choice: a check that cannot fail checks nothing. The second row is right but for the missing token."""
    held = HeldTo(OURS, inner=fake.transport())
    auth = BearerToken(SECRET, authorization) if status != "acknowledged" else None
    client = PagerDutyClient(Endpoint(API, auth=auth), sender=ADA.email, transport=held.transport())
    with pytest.raises(OpenAPIError):
        await client.incidents(statuses=[status])


async def test_a_write_without_a_sender_would_be_noticed(fake: FakePagerDuty, clock: Clock) -> None:
    """Our choice: the From header is what REST writes are easily sent without."""
    held = HeldTo(OURS, inner=fake.transport())
    client = client_of(held.transport(), clock=clock)
    client._changes.sender = " "
    with pytest.raises(OpenAPIError):
        await client.add_note("Q1AB2CD3", text="x")
