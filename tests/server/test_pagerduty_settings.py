"""PagerDuty in the configuration: what turns it on, where its secrets go, and what `sre-mcp check` says of it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from connectors.pagerduty.fake import FakePagerDuty
from connectors.pagerduty.fake_account import ADA
from server.app import deps_from
from server.cli import main
from server.settings import load_settings
from sre.core.errors import ConfigError
from sre.core.oncall import PageEvent
from tests.support.broken_server import broken_server
from tests.support.on_loopback import on_loopback

TOKEN = "s3cret-Token-42"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"


def fake_account() -> FakePagerDuty:
    return FakePagerDuty(now=lambda: datetime.now(tz=UTC), services={"checkout": ROUTING_KEY}, token=TOKEN)


def test_the_token_alone_turns_it_on() -> None:
    """Our choice: the address of the API is known."""
    settings = load_settings({"PAGERDUTY_TOKEN": TOKEN})
    assert settings.pagerduty is not None
    assert settings.pagerduty.url == "https://api.pagerduty.com"
    assert deps_from(settings).oncall().name == "pagerduty"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"PAGERDUTY_ROUTING_KEY": ROUTING_KEY},
        {"PAGERDUTY_TOKEN": "${user_config.token}"},
        {"PAGERDUTY_FROM": "a@b"},
    ],
)
def test_without_a_token_it_is_off_and_says_what_to_set(environment: dict[str, str]) -> None:
    """Our choice: what another program left in the environment turns nothing on."""
    deps = deps_from(load_settings(environment))
    assert deps.oncall_source is None
    with pytest.raises(ConfigError) as caught:
        deps.oncall()
    assert caught.value.setting == "PAGERDUTY_TOKEN"


def test_an_address_without_a_token_is_said_to_need_one() -> None:
    """Our choice: whoever sets the address means it."""
    with pytest.raises(ConfigError, match="token"):
        load_settings({"PAGERDUTY_URL": "https://api.eu.pagerduty.com"})


def test_its_secrets_are_known_to_what_keeps_them_in(tmp_path: Path) -> None:
    """Source: design.md, 3: secrets never leave."""
    file = tmp_path / "config.toml"
    file.write_text(f'[pagerduty]\ntoken = "{TOKEN}"\nrouting_key = "{ROUTING_KEY}"\n', encoding="utf-8")
    settings = load_settings({}, config_file=str(file))
    assert {TOKEN, ROUTING_KEY} <= set(settings.secret_values())
    assert TOKEN not in repr(settings)
    assert ROUTING_KEY not in repr(settings)
    assert ROUTING_KEY not in repr(deps_from(settings))


def test_a_routing_key_for_an_address_that_is_not_pagerdutys_needs_the_other_address() -> None:
    """Our choice: a routing key is not sent to a guess."""
    environment = {
        "PAGERDUTY_TOKEN": TOKEN,
        "PAGERDUTY_ROUTING_KEY": ROUTING_KEY,
        "PAGERDUTY_URL": "https://pd.example",
    }
    with pytest.raises(ConfigError) as caught:
        deps_from(load_settings(environment))
    assert caught.value.setting == "PAGERDUTY_EVENTS_URL"
    deps_from(load_settings({**environment, "PAGERDUTY_EVENTS_URL": "https://pd.example/events"}))


def test_a_token_file_events_and_writes_work_as_configured(tmp_path: Path) -> None:
    """Our choice: over real HTTP, from the environment alone."""
    fake = fake_account()
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")

    async def paged() -> tuple[str, str]:
        source = deps_from(load_settings(environment)).oncall()
        key = await source.send_event(PageEvent("trigger", key="slo", summary="burning", source="prometheus"))
        (incident,) = (await source.incidents(statuses=["triggered"])).items
        taken = await source.acknowledge(incident.id)
        await source.aclose()
        return key, taken.status

    with on_loopback(fake.transport()) as url:
        environment = {
            "PAGERDUTY_TOKEN_FILE": str(tmp_path / "token"),
            "PAGERDUTY_URL": url,
            "PAGERDUTY_EVENTS_URL": url,
            "PAGERDUTY_ROUTING_KEY": ROUTING_KEY,
            "PAGERDUTY_FROM": ADA.email,
        }
        assert anyio.run(paged) == ("slo", "acknowledged")
    event, *rest = fake.requests
    assert "authorization" not in event.headers
    assert {request.headers["authorization"] for request in rest} == {f"Token token={TOKEN}"}


def test_the_routing_key_may_be_in_a_file_and_only_in_one_place(tmp_path: Path) -> None:
    """Our choice: as with the token."""
    file = tmp_path / "key"
    environment = {"PAGERDUTY_TOKEN": TOKEN, "PAGERDUTY_ROUTING_KEY_FILE": str(file)}
    deps_from(load_settings(environment)).oncall().require_events()
    with pytest.raises(ConfigError, match="routing_key"):
        load_settings({**environment, "PAGERDUTY_ROUTING_KEY": ROUTING_KEY})
    with pytest.raises(ConfigError, match="is not known from"):
        deps_from(load_settings({**environment, "PAGERDUTY_URL": "https://pd.example"}))


def checked(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, dict[str, Any]]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    status = main(["check", "--json"])
    (row,) = json.loads(capsys.readouterr().out)
    return status, row


def test_check_says_what_is_open_and_who_is_on_call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Our choice: what shows that we are let in, and is good to know."""
    fake = fake_account()
    fake.page("checkout", "burning")
    fake.account.acknowledged(fake.page("checkout", "slow"), ADA)
    with on_loopback(fake.transport()) as url:
        status, row = checked({"PAGERDUTY_TOKEN": TOKEN, "PAGERDUTY_URL": url}, monkeypatch, capsys)
    assert (status, row["source"], row["kind"], row["ok"]) == (0, "pagerduty", "pagerduty", True)
    assert row["detail"] == ("pagerduty REST API v2, 2 open incidents (1 not acknowledged), 2 people on call")
    assert row["enables"].startswith("get_incidents, page_oncall (with --allow-writes), ")


@pytest.mark.parametrize("mode", ["401", "refused", "html"])
def test_check_says_what_is_wrong_and_no_secret(
    mode: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Our choice: with what to do about it."""
    with broken_server(mode) as url:
        status, row = checked({"PAGERDUTY_TOKEN": TOKEN, "PAGERDUTY_URL": url}, monkeypatch, capsys)
    assert (status, row["ok"], row["enables"]) == (1, False, "")
    assert "Next:" in row["detail"]
    assert TOKEN not in json.dumps(row)
