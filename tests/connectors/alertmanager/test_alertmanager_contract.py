"""What an `AlertSource` over API v2 answers: the fake and a real Alertmanager are asked the same."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest

from sre.core.alerts import LabelMatcher, NotifiedAlert
from sre.core.errors import InputError
from sre.core.labels import Labels
from sre.core.times import Window
from tests.connectors.alertmanager.conftest import Subject

pytestmark = pytest.mark.anyio

POLLS = 200


def soon(minutes: int = 60) -> Window:
    now = datetime.now(tz=UTC)
    return Window(now, now + timedelta(minutes=minutes))


async def alert_named(subject: Subject, name: str) -> NotifiedAlert:
    """Return an alert once its notification group is known; a real Alertmanager routes a moment after it takes."""
    for _ in range(POLLS):
        found = [one for one in await subject.client.notified_alerts() if one.labels.get("alertname") == name]
        if found and found[0].group_labels:
            return found[0]
        await anyio.sleep(0.02)
    raise AssertionError(f"{name} did not arrive")


async def test_the_version_is_told(subject: Subject) -> None:
    """Source: Alertmanager API v2, /status."""
    info = await subject.client.build_info()
    assert info.product == "alertmanager"
    assert info.version.startswith("0.")
    assert info.details == {"cluster": "disabled"}


async def test_an_alert_has_labels_annotations_receiver_and_group(subject: Subject) -> None:
    """Source: the alert itself; the group follows from `group_by` of the configuration."""
    subject.fire({"summary": "ü\n<b>"}, alertname="Plain", service="checkout", severity="page", pod="a")
    alert = await alert_named(subject, "Plain")
    assert alert.labels == Labels({"alertname": "Plain", "service": "checkout", "severity": "page", "pod": "a"})
    assert dict(alert.annotations) == {"summary": "ü\n<b>"}
    assert (alert.state, alert.silenced_by, alert.inhibited_by, alert.muted_by) == ("active", (), (), ())
    assert alert.receivers == ("pages",)
    assert alert.group_labels == Labels({"alertname": "Plain", "service": "checkout"})
    assert alert.ends_at is not None
    assert timedelta() < alert.ends_at - alert.starts_at <= timedelta(minutes=5, seconds=30)
    assert abs(datetime.now(tz=UTC) - alert.starts_at) < timedelta(minutes=5)


async def test_a_page_inhibits_the_ticket_of_its_service_alone(subject: Subject) -> None:
    """Source: the inhibition rule of the configuration."""
    subject.fire(alertname="InhibitingPage", service="cart", severity="page")
    subject.fire(alertname="InhibitedTicket", service="cart", severity="ticket")
    subject.fire(alertname="FreeTicket", service="other", severity="ticket")
    page = await alert_named(subject, "InhibitingPage")
    held = await alert_named(subject, "InhibitedTicket")
    free = await alert_named(subject, "FreeTicket")
    assert (held.state, held.inhibited_by) == ("suppressed", (page.fingerprint,))
    assert (free.state, free.inhibited_by) == ("active", ())


async def test_a_silence_suppresses_what_all_its_matchers_match(subject: Subject) -> None:
    """Source: Alertmanager documentation, "Silences"."""
    subject.fire(alertname="Silenced", service="pay-eu", severity="page")
    subject.fire(alertname="NotSilenced", service="pay-us", severity="page")
    await alert_named(subject, "Silenced")
    matchers = (
        LabelMatcher("service", "pay-.+", is_regex=True),
        LabelMatcher("alertname", "NotSilenced", is_equal=False),
        LabelMatcher("alertname", "Not.*", is_regex=True, is_equal=False),
    )
    window = soon()
    silence_id = await subject.client.create_silence(
        matchers, window=window, created_by="tests", comment='an "odd"\ncomment'
    )
    assert (await alert_named(subject, "Silenced")).silenced_by == (silence_id,)
    assert (await alert_named(subject, "NotSilenced")).state == "active"
    stored = next(one for one in await subject.client.silences() if one.id == silence_id)
    assert stored.matchers == matchers
    assert stored.state == "active"
    assert (stored.created_by, stored.comment) == ("tests", 'an "odd"\ncomment')
    assert abs(stored.ends_at - window.end) < timedelta(seconds=1)


async def test_a_silence_that_is_yet_to_come_is_pending(subject: Subject) -> None:
    """Source: Alertmanager API v2, silenceStatus."""
    start = datetime.now(tz=UTC) + timedelta(hours=1)
    silence_id = await subject.client.create_silence(
        [LabelMatcher("alertname", "Later")],
        window=Window(start, start + timedelta(hours=1)),
        created_by="tests",
        comment="later",
    )
    states = {one.id: one.state for one in await subject.client.silences()}
    assert states[silence_id] == "pending"


@pytest.mark.parametrize(
    "matchers",
    [
        [LabelMatcher("alertname", ".*", is_regex=True)],
        [LabelMatcher("alertname", "(", is_regex=True)],
        [],
    ],
    ids=["matches the empty string", "no regular expression", "none"],
)
async def test_what_the_alertmanager_does_not_take_is_the_callers_to_mend(
    subject: Subject, matchers: list[LabelMatcher]
) -> None:
    """Source: Alertmanager, validation of silences: one matcher must not match the empty string."""
    before = len(await subject.client.silences())
    with pytest.raises(InputError) as caught:
        await subject.client.create_silence(matchers, window=soon(), created_by="tests", comment="no")
    assert caught.value.field == "matchers"
    assert len(await subject.client.silences()) == before


async def test_a_silence_that_would_be_over_is_refused(subject: Subject) -> None:
    """Source: Alertmanager, "end time can't be in the past"."""
    start = datetime(2020, 1, 1, tzinfo=UTC)
    with pytest.raises(InputError, match="in the past"):
        await subject.client.create_silence(
            [LabelMatcher("alertname", "x")],
            window=Window(start, start + timedelta(hours=1)),
            created_by="tests",
            comment="over",
        )


async def test_a_negative_matcher_alone_is_taken_and_silences_everything_else(subject: Subject) -> None:
    """Source: Alertmanager takes it, so what asks for a silence has to look out for it."""
    subject.fire(alertname="AnyOther", service="zz", severity="info")
    await alert_named(subject, "AnyOther")
    silence_id = await subject.client.create_silence(
        [LabelMatcher("service", "[a-y].*", is_regex=True, is_equal=False)],
        window=soon(),
        created_by="tests",
        comment="all but one",
    )
    assert silence_id in (await alert_named(subject, "AnyOther")).silenced_by
