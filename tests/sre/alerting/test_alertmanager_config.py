"""alertmanager.yml: loaded, routed and rendered by Alertmanager's own program; our reading of routes agrees with it."""

import pytest
import yaml

from connectors.amtool import Amtool
from sre.alerting.alertmanager_config import (
    alertmanager_config,
    inhibitions,
    minimum_version,
    notification_secrets,
    routing_tree,
    template_text,
    template_uses,
)
from sre.alerting.emitted_labels import emitted_alerts
from sre.alerting.existing_config import merged_alertmanager, merged_prometheus, read_existing, read_route
from sre.alerting.receivers import read_notification_plan
from sre.alerting.routes import is_inhibited, receivers_of
from sre.alerting.sample_notifications import SampleAlert, SampleNotification, sample_notifications
from sre.core.errors import InputError
from sre.core.rules.writing import yaml_document
from tests.support.real_prometheus import require_program

PLAN = read_notification_plan(
    """
pages: {pagerduty: {}, slack: {channel: "#sre-pages"}}
tickets: {email: {to: a@example.com, from: b@example.com, smarthost: "mail:587", auth_username: am}}
watchdog: {webhook: {url: "https://heartbeat.example/x"}}
ticket_hours: {zone: Europe/Berlin}
group_labels: [region]
"""
)
FILES = {"alertmanager.yml": yaml_document(alertmanager_config(PLAN)), "templates/sre.tmpl": template_text()}
SLO = {"slo": "a", "service": "s"}


@pytest.fixture
def amtool() -> Amtool:
    require_program("amtool")
    return Amtool()


@pytest.mark.anyio
@pytest.mark.real_prometheus
async def test_amtool_loads_it(amtool: Amtool) -> None:
    run = await amtool.check_config(FILES)
    assert run.is_ok, run.output
    assert "1 templates" in run.output


@pytest.mark.anyio
@pytest.mark.real_prometheus
async def test_every_alert_that_we_emit_reaches_its_receiver_and_amtool_agrees_with_our_reading(amtool: Amtool) -> None:
    for alert in emitted_alerts():
        told = await amtool.receivers_of(alert.labels, files={"alertmanager.yml": FILES["alertmanager.yml"]})
        assert told == receivers_of(routing_tree(PLAN), alert.labels) == (alert.receiver,)


@pytest.mark.anyio
@pytest.mark.real_prometheus
@pytest.mark.parametrize("labels", [{}, {"a": "1"}, {"a": "12"}, {"a": "x", "b": "y"}, {"b": "y"}, {"c": "q\\u"}])
async def test_a_tree_of_somebody_else_is_read_as_amtool_reads_it(amtool: Amtool, labels: dict[str, str]) -> None:
    text = """
route:
  receiver: r0
  routes:
  - {matchers: ['a=~"1."'], receiver: r1}
  - {match: {a: x}, receiver: r2, continue: true, routes: [{match_re: {b: y|z}, receiver: r3}, {matchers: [b!=y]}]}
  - {matchers: ['b=y', 'c!~".+"'], receiver: r4}
receivers: [{name: r0}, {name: r1}, {name: r2}, {name: r3}, {name: r4}]
"""
    told = await amtool.receivers_of(labels, files={"alertmanager.yml": text})
    assert receivers_of(read_route(yaml.safe_load(text)["route"]), labels) == told


@pytest.mark.anyio
@pytest.mark.real_prometheus
@pytest.mark.parametrize("sample", sample_notifications(), ids=lambda sample: sample.name)
async def test_every_template_renders_for_a_page_a_ticket_and_an_end(
    amtool: Amtool, sample: SampleNotification
) -> None:
    for use in template_uses(PLAN):
        run = await amtool.rendered(
            use.text, files={"t.tmpl": template_text()}, data=sample.as_json(), is_html=use.is_html
        )
        assert run.is_ok, run.output
        assert run.output.strip()
        assert "<no value>" not in run.output
        assert "%!" not in run.output


@pytest.mark.anyio
@pytest.mark.real_prometheus
async def test_the_text_says_what_fires_since_when_and_where_the_runbook_is(amtool: Amtool) -> None:
    page = sample_notifications()[0]
    run = await amtool.rendered('{{ template "sre.text" . }}', files={"t.tmpl": template_text()}, data=page.as_json())
    for part in (
        "too many requests fail",
        "4.2%",
        "03:14:15",
        "https://runbooks.example/CheckoutErrorRatioHigh",
        "fast",
    ):
        assert part in run.output
    title = await amtool.rendered(
        '{{ template "sre.title" . }}', files={"t.tmpl": template_text()}, data=page.as_json()
    )
    assert title.output.strip() == "[FIRING 2] checkout: too many requests fail"


@pytest.mark.anyio
@pytest.mark.real_prometheus
async def test_text_of_an_alert_is_no_mention_in_slack_and_no_markup_in_mail(amtool: Amtool) -> None:
    alert = SampleAlert({"alertname": "A", "severity": "page"}, {"summary": "<!channel> & <b>x</b>"})
    data = SampleNotification("x", "pages", (alert,)).as_json()
    slack = await amtool.rendered('{{ template "sre.slack.text" . }}', files={"t.tmpl": template_text()}, data=data)
    assert "&lt;!channel&gt; &amp;" in slack.output
    mail = await amtool.rendered(
        '{{ template "sre.email.html" . }}', files={"t.tmpl": template_text()}, data=data, is_html=True
    )
    assert "<b>x</b>" not in mail.output


@pytest.mark.parametrize(
    ("page", "ticket", "expected"),
    [
        (SLO, SLO, True),
        ({**SLO, "region": "eu"}, {**SLO, "region": "eu"}, True),
        ({**SLO, "region": "eu"}, {**SLO, "region": "us"}, False),
        (SLO, {**SLO, "slo": "b"}, False),
        ({"service": "s"}, {"service": "s"}, False),
        ({"service": "s", "signal": "absence"}, {"service": "s", "signal": "traffic"}, True),
        ({"service": "s", "signal": "absence"}, {"service": "t", "signal": "traffic"}, False),
        ({"service": "s", "signal": "errors"}, {"service": "s", "signal": "saturation"}, False),
    ],
)
def test_a_page_keeps_back_only_the_ticket_of_the_same_thing(
    page: dict[str, str], ticket: dict[str, str], expected: bool
) -> None:
    by, alert = {**page, "severity": "page"}, {**ticket, "severity": "ticket"}
    assert is_inhibited(inhibitions(PLAN), by=by, alert=alert) is expected
    assert not is_inhibited(inhibitions(PLAN), by=alert, alert=by)
    assert not is_inhibited(inhibitions(PLAN), by=by, alert={**alert, "severity": "page"})


def test_secrets_are_files_and_each_is_named() -> None:
    assert {secret.path.rsplit("/", 1)[1] for secret in notification_secrets(PLAN)} == {
        "pages_pagerduty_routing_key", "pages_slack_url", "tickets_email_password",
    }  # fmt: skip


def test_url_file_needs_a_newer_alertmanager() -> None:
    """*Source*: Alertmanager's changelog, 0.26: url_file of webhooks."""
    newer = read_notification_plan("{pages: {webhook: {url_file: /x}}, tickets: {slack: {channel: '#a'}}}")
    assert (minimum_version(PLAN), minimum_version(newer)) == ("0.25", "0.26")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{pages: {slack: {channel: '#a'}}}", "tickets"),
        ("{pages: {sms: {}}, tickets: {slack: {channel: '#a'}}}", "pagerduty"),
        ("{pages: {slack: {}}, tickets: {slack: {channel: '#a'}}}", "channel"),
        ("{pages: {webhook: {}}, tickets: {slack: {channel: '#a'}}}", "url"),
        ("{pages: {pagerduty: {}}, tickets: {email: {to: x, from: a@b.c, smarthost: m:25}}}", "mail address"),
        ("{pages: {pagerduty: {}}, tickets: {pagerduty: {}}, ticket_hours: {zone: Mars/X}}", "time zone"),
        ("{pages: {pagerduty: {}}, tickets: {pagerduty: {}}, ticket_hours: {start: '18:00', end: '09:00'}}", "times"),
    ],
)
def test_wrong_receivers_are_named_with_their_mending(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_notification_plan(text)
    assert said in caught.value.explained()


EXISTING = """
route: {receiver: mine, routes: [{matchers: ['team="db"'], receiver: dba}]}
receivers: [{name: mine}, {name: dba}, {name: tickets}]
"""


@pytest.mark.anyio
@pytest.mark.real_prometheus
async def test_what_is_there_stays_and_comes_first(amtool: Amtool) -> None:
    merged = merged_alertmanager(read_existing(EXISTING).alertmanager, alertmanager_config(PLAN))
    assert merged.kept == ("receiver tickets",)
    files = {**FILES, "alertmanager.yml": yaml_document(merged.config)}
    run = await amtool.check_config(files)
    assert run.is_ok, run.output
    own = {"alertmanager.yml": files["alertmanager.yml"]}
    assert await amtool.receivers_of({"team": "db", "severity": "page"}, files=own) == ("dba",)
    assert await amtool.receivers_of({"severity": "page"}, files=own) == ("pages",)
    assert await amtool.receivers_of({}, files=own) == ("mine",)


def test_adding_twice_adds_nothing() -> None:
    ours = alertmanager_config(PLAN)
    once = merged_alertmanager(read_existing(EXISTING).alertmanager, ours).config
    again = merged_alertmanager(read_existing(yaml_document(once)).alertmanager, ours)
    assert again.added == ()
    assert again.config == once


def test_an_existing_job_is_kept_and_a_new_one_added() -> None:
    there = read_existing("scrape_configs: [{job_name: a, scrape_interval: 7s}]").prometheus
    ours = {"scrape_configs": [{"job_name": "a"}, {"job_name": "b"}], "rule_files": ["rules/*.yml"]}
    merged = merged_prometheus(there, ours)
    assert merged.config["scrape_configs"] == [{"job_name": "a", "scrape_interval": "7s"}, {"job_name": "b"}]
    assert (merged.added, merged.kept) == (("job b", "rule_files rules/*.yml"), ("job a",))


@pytest.mark.parametrize(
    "text", ["a: 1", "[1]", "route: {receiver: x}\n---\nroute: {receiver: y}", "receivers: [{k: {api_key: abcdef}}]"]
)
def test_what_is_no_configuration_or_holds_a_credential_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_existing(text)
