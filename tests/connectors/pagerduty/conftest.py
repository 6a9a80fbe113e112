"""A PagerDuty in memory and a client that asks it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from connectors.http import BearerToken, Endpoint, Pacing
from connectors.pagerduty import PagerDutyClient, RoutingKey
from connectors.pagerduty.fake import FakePagerDuty
from connectors.pagerduty.fake_account import ADA
from connectors.pagerduty.tokens import authorization

SECRET = "s3cret-Token-42"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"
API = "https://api.pagerduty.com"
EVENTS = "https://events.pagerduty.com"
START = datetime(2026, 11, 23, 3, 38, 12, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that is set by hand."""

    at: datetime = START
    pauses: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at

    def pass_by(self, **amount: float) -> None:
        self.at += timedelta(**amount)

    async def slept(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.pass_by(seconds=seconds)


def client_of(transport: httpx.AsyncBaseTransport, *, clock: Clock, sender: str = ADA.email) -> PagerDutyClient:
    """Return a client of an account whose network is `transport`."""
    return PagerDutyClient(
        Endpoint(API, auth=BearerToken(SECRET, authorization)),
        sender=sender,
        routing=RoutingKey(ROUTING_KEY, Endpoint(EVENTS)),
        pacing=Pacing(sleep=clock.slept, uniform=lambda: 0.0, now=clock.now),
        transport=transport,
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake(clock: Clock) -> FakePagerDuty:
    return FakePagerDuty(now=clock.now, services={"checkout": ROUTING_KEY, "payment": ""}, token=SECRET)


@pytest.fixture
async def client(fake: FakePagerDuty, clock: Clock) -> AsyncIterator[PagerDutyClient]:
    made = client_of(fake.transport(), clock=clock)
    yield made
    await made.aclose()
