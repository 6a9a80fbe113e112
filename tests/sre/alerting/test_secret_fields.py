"""Credentials in the text of a call: found, refused, and never repeated."""

import pytest

from sre.alerting.receivers import read_notification_plan
from sre.alerting.scrape_services import read_scrape_plan
from sre.alerting.secret_fields import secret_in
from sre.core.errors import InputError

KEY = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("routing_key", "abc"),
        ("auth_password", "hunter2"),
        ("url", "https://hooks.slack.com/services/T000/B000/XXXXXXXX"),
        ("url", "https://user:pw@example.com/x"),
        ("url", "https://example.com/x?token=abc"),
        ("url", f"https://events.example/v2/{KEY}/enqueue"),
        ("anything", "AKIAIOSFODNN7EXAMPLE"),
        ("anything", "Bearer abcdefgh123"),
        ("key", "-----BEGIN RSA PRIVATE KEY-----"),
    ],
)
def test_a_credential_is_seen(key: str, value: str) -> None:
    assert secret_in(key, value)[0]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("routing_key_file", "/etc/alertmanager/secrets/pagerduty"),
        ("url", "https://alerts.example.com/hooks/prometheus"),
        ("channel", "#sre-pages-production-europe"),
        ("name", "checkout-7d9f8b6c5d-x2k4q.shop.svc.cluster.local"),
        ("role_arn", "arn:aws:iam::123456789012:role/prometheus"),
        ("zone", "America/Argentina/ComodRivadavia"),
    ],
)
def test_an_ordinary_value_is_left_alone(key: str, value: str) -> None:
    assert secret_in(key, value) == ("", "")


@pytest.mark.parametrize(
    "receivers",
    [
        f"{{pages: {{pagerduty: {{routing_key: {KEY}}}}}, tickets: {{slack: {{channel: '#a'}}}}}}",
        f"{{pages: {{webhook: {{url: 'https://x.example/?token={KEY}'}}}}, tickets: {{slack: {{channel: '#a'}}}}}}",
    ],
)
def test_receivers_with_a_credential_are_refused_without_repeating_it(receivers: str) -> None:
    with pytest.raises(InputError) as caught:
        read_notification_plan(receivers)
    assert "file" in caught.value.explained()
    assert KEY not in caught.value.explained()


def test_services_with_a_credential_are_refused_without_repeating_it() -> None:
    with pytest.raises(InputError) as caught:
        read_scrape_plan(f"[{{name: x, targets: [a:1], bearer_token: {KEY}}}]")
    assert "credentials_file" in caught.value.explained()
    assert KEY not in caught.value.explained()
