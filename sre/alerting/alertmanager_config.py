"""alertmanager.yml from a notification plan, in the subset that Alertmanager 0.25 and later share.

Source: prometheus.io/docs, "Alerting: Configuration"; the times are our choice, with their reasons in the file itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sre.alerting.prometheus_config import REPLICA_LABELS, SecretFile
from sre.alerting.receiver_model import (
    AUDIENCES,
    Audience,
    Email,
    Integration,
    NotificationPlan,
    OfficeHours,
    PagerDuty,
    Slack,
    Webhook,
)
from sre.alerting.routes import Inhibition, Route, RouteMatcher
from sre.core.conventions import SERVICE_LABEL, SEVERITY_LABEL, SIGNAL_LABEL, SLO_LABEL, WATCHDOG_ALERT
from sre.core.rules.writing import YamlValue
from sre.core.times import format_duration

TEMPLATE_PATH: Final = "templates/sre.tmpl"
OFFICE_HOURS: Final = "office-hours"
_TEMPLATE = Path(__file__).parent / "templates" / "sre.tmpl"

_HEADER = """\
Alertmanager configuration; works with Alertmanager {version} and later.
Secrets are read from the files named here; paths of keys are absolute, since Alertmanager does not resolve them.
Pages: one notification a service (whoever answers is the same); 10s to gather what breaks together, again every 4h.
Tickets: one an alert and SLO; 1m to gather, changes every 30m, again every day{hours}.
Watchdog: always fires and is sent every 5m; the receiver must raise an alarm when it stops coming.
Any other severity, or none: the tickets' receiver, at any hour, so that nothing is lost."""


@dataclass(frozen=True, slots=True)
class TemplateUse:
    """A template written into the configuration; the HTML of a mail escapes what it is given."""

    text: str
    is_html: bool = False


def template_text() -> str:
    """Return the file of message templates."""
    return _TEMPLATE.read_text(encoding="utf-8")


def alertmanager_header(plan: NotificationPlan) -> str:
    """Return the comment at the top of alertmanager.yml."""
    hours = ", in office hours" if plan.office_hours else ""
    return _HEADER.format(version=minimum_version(plan), hours=hours)


def alertmanager_config(plan: NotificationPlan) -> dict[str, YamlValue]:
    """Return alertmanager.yml as data."""
    config: dict[str, YamlValue] = {
        "templates": ["templates/*.tmpl"],
        "route": route_yaml(routing_tree(plan)),
        "inhibit_rules": [_inhibition_yaml(rule) for rule in inhibitions(plan)],
        "receivers": [_receiver(audience, plan) for audience in AUDIENCES],
    }
    if plan.office_hours is not None:
        config["time_intervals"] = [_interval(plan.office_hours)]
    return config


def minimum_version(plan: NotificationPlan) -> str:
    """Return the first Alertmanager that loads the configuration."""
    # routing_key_file and auth_password_file came with 0.25, url_file of a webhook with 0.26 (its changelog).
    told = [one for audience in AUDIENCES for one in plan.integrations(audience)]
    return "0.26" if any(isinstance(one, Webhook) and one.url_file for one in told) else "0.25"


def routing_tree(plan: NotificationPlan) -> Route:
    """Return who gets what, and when."""
    identity = tuple(name for name in plan.identity_labels if name not in REPLICA_LABELS)
    hours = (OFFICE_HOURS,) if plan.office_hours else ()
    return Route(
        receiver="tickets",
        group_by=("alertname", *identity, SERVICE_LABEL, SLO_LABEL),
        group_wait_seconds=60,
        group_interval_seconds=1800,
        repeat_seconds=86_400,
        routes=(
            Route(
                receiver="watchdog",
                matchers=(RouteMatcher("alertname", "=", WATCHDOG_ALERT),),
                group_by=("alertname", *identity),
                group_wait_seconds=1,
                group_interval_seconds=60,
                # Alertmanager looks at this each group interval only, so it goes out with every fifth.
                repeat_seconds=300,
            ),
            Route(
                receiver="pages",
                # Rules of others say critical where ours say page.
                matchers=(RouteMatcher(SEVERITY_LABEL, "=~", "page|critical"),),
                group_by=(*identity, SERVICE_LABEL),
                group_wait_seconds=10,
                group_interval_seconds=300,
                repeat_seconds=14_400,
            ),
            Route(receiver="tickets", matchers=(RouteMatcher(SEVERITY_LABEL, "=", "ticket"),), active_intervals=hours),
        ),
    )


def inhibitions(plan: NotificationPlan) -> tuple[Inhibition, ...]:
    """Return what keeps what back; a page is never kept back."""
    identity = tuple(name for name in plan.identity_labels if name not in REPLICA_LABELS)
    page, ticket = RouteMatcher(SEVERITY_LABEL, "=", "page"), RouteMatcher(SEVERITY_LABEL, "=", "ticket")
    # Without this an alert that has no SLO at all would count as one of the same SLO: both labels are empty.
    of_slo = RouteMatcher(SLO_LABEL, "=~", ".+")
    return (
        Inhibition(
            source=(page, of_slo),
            target=(ticket, of_slo),
            equal=(*dict.fromkeys((*identity, SERVICE_LABEL, SLO_LABEL, *plan.group_labels)),),
        ),
        Inhibition(
            source=(page, RouteMatcher(SIGNAL_LABEL, "=", "absence"), RouteMatcher(SERVICE_LABEL, "=~", ".+")),
            target=(ticket, RouteMatcher(SIGNAL_LABEL, "=~", ".+")),
            equal=(*identity, SERVICE_LABEL),
        ),
    )


def template_uses(plan: NotificationPlan) -> tuple[TemplateUse, ...]:
    """Return every template that the receivers of a plan use, each once."""
    told = [(one, audience) for audience in AUDIENCES for one in plan.integrations(audience)]
    configs = [_integration(one, is_watchdog=audience == "watchdog")[1] for one, audience in told]
    return tuple(dict.fromkeys(use for config in configs for use in _uses(config, "")))


def notification_secrets(plan: NotificationPlan) -> tuple[SecretFile, ...]:
    """Return the files with credentials that Alertmanager reads."""
    found: dict[str, SecretFile] = {}
    for audience in AUDIENCES:
        for one in plan.integrations(audience):
            for path, purpose in _secret_of(one).items():
                if path:
                    found[path] = SecretFile(path, f"{purpose} ({audience})", "alertmanager")
    return tuple(found.values())


def route_yaml(route: Route) -> dict[str, YamlValue]:
    """Return a node of the tree and all below it."""
    node: dict[str, YamlValue] = {"receiver": route.receiver} if route.receiver else {}
    if route.matchers:
        node["matchers"] = [str(matcher) for matcher in route.matchers]
    if route.group_by:
        node["group_by"] = list(route.group_by)
    for name, seconds in (
        ("group_wait", route.group_wait_seconds),
        ("group_interval", route.group_interval_seconds),
        ("repeat_interval", route.repeat_seconds),
    ):
        if seconds is not None:
            node[name] = format_duration(seconds)
    if route.active_intervals:
        node["active_time_intervals"] = list(route.active_intervals)
    if route.goes_on:
        node["continue"] = True
    if route.routes:
        node["routes"] = [route_yaml(child) for child in route.routes]
    return node


def _inhibition_yaml(rule: Inhibition) -> dict[str, YamlValue]:
    return {
        "source_matchers": [str(matcher) for matcher in rule.source],
        "target_matchers": [str(matcher) for matcher in rule.target],
        "equal": list(rule.equal),
    }


def _interval(hours: OfficeHours) -> dict[str, YamlValue]:
    times: list[YamlValue] = [{"start_time": hours.start, "end_time": hours.end}]
    return {
        "name": OFFICE_HOURS,
        "time_intervals": [{"times": times, "weekdays": [hours.weekdays], "location": hours.zone}],
    }


def _receiver(audience: Audience, plan: NotificationPlan) -> dict[str, YamlValue]:
    receiver: dict[str, YamlValue] = {"name": audience}
    kinds: dict[str, list[YamlValue]] = {}
    for one in plan.integrations(audience):
        name, config = _integration(one, is_watchdog=audience == "watchdog")
        kinds.setdefault(name, []).append(config)
    return receiver | {name: list(configs) for name, configs in kinds.items()}


def _integration(one: Integration, *, is_watchdog: bool) -> tuple[str, dict[str, YamlValue]]:
    # The watchdog is a heartbeat: that it stopped is for its receiver to notice, not for us to report.
    resolved: dict[str, YamlValue] = {"send_resolved": not is_watchdog}
    match one:
        case PagerDuty():
            return "pagerduty_configs", resolved | _pagerduty(one)
        case Slack():
            return "slack_configs", resolved | _slack(one)
        case Webhook():
            return "webhook_configs", resolved | _webhook(one)
        case Email():
            return "email_configs", resolved | _email(one)


def _pagerduty(one: PagerDuty) -> dict[str, YamlValue]:
    details: dict[str, YamlValue] = {"firing": _use("sre.text"), "runbook": _use("sre.runbook")}
    return {
        "routing_key_file": one.routing_key_file,
        **({"url": one.url} if one.url else {}),
        "severity": _use("sre.pagerduty.severity"),
        "description": _use("sre.title"),
        "details": details,
    }


def _slack(one: Slack) -> dict[str, YamlValue]:
    return {
        "api_url_file": one.api_url_file,
        "channel": one.channel,
        "color": _use("sre.color"),
        "title": _use("sre.slack.title"),
        "text": _use("sre.slack.text"),
    }


def _webhook(one: Webhook) -> dict[str, YamlValue]:
    address: dict[str, YamlValue] = {"url": one.url} if one.url else {"url_file": one.url_file}
    if one.credentials_file:
        address["http_config"] = {"authorization": {"credentials_file": one.credentials_file}}
    return address


def _email(one: Email) -> dict[str, YamlValue]:
    config: dict[str, YamlValue] = {"to": one.to, "from": one.sender, "smarthost": one.smarthost}
    if one.auth_username:
        config |= {"auth_username": one.auth_username, "auth_password_file": one.auth_password_file}
    subject: Mapping[str, YamlValue] = {"Subject": _use("sre.title")}
    return config | {
        "require_tls": one.require_tls,
        "headers": subject,
        "html": _use("sre.email.html"),
        "text": _use("sre.text"),
    }


def _secret_of(one: Integration) -> dict[str, str]:
    match one:
        case PagerDuty():
            return {one.routing_key_file: "PagerDuty integration key (Events API v2)"}
        case Slack():
            return {one.api_url_file: "Slack incoming webhook address"}
        case Webhook():
            return {one.url_file: "webhook address", one.credentials_file: "webhook bearer token"}
        case Email():
            return {one.auth_password_file: f"password of {one.auth_username} at the mail server"}


def _use(template: str) -> str:
    return f'{{{{ template "{template}" . }}}}'


def _uses(value: YamlValue, key: str) -> Iterator[TemplateUse]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _uses(item, name)
    elif isinstance(value, str) and "{{" in value:
        yield TemplateUse(value, is_html=key == "html")
