"""What a caller writes about receivers, read as a notification plan."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from sre.alerting.receiver_model import (
    AUDIENCES,
    DEFAULT_SECRETS_DIR,
    Audience,
    Email,
    Integration,
    NotificationPlan,
    OfficeHours,
    PagerDuty,
    Slack,
    Webhook,
)
from sre.alerting.secret_fields import add_inline_secrets
from sre.core.fields import Fields
from sre.core.problems import Findings
from sre.core.text import quoted
from sre.core.yaml_text import yaml_value

_URL = re.compile(r"https?://[^\s/]+(?:/\S*)?")
_ADDRESS = re.compile(r"[^@\s,]+@[^@\s,]+")
_SMARTHOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}")
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")
_DAY = "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_WEEKDAYS = re.compile(rf"{_DAY}(?::{_DAY})?")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+){0,2}")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def read_notification_plan(text: str, *, field: str = "receivers") -> NotificationPlan:
    """Return who is told about pages, tickets and the watchdog, from YAML.

    Raises:
        InputError: Not YAML, or wrong; lists every problem. Also for a credential in the text.
    """
    document = yaml_value(text, what=field, field=field)
    found = Findings()
    add_inline_secrets(document, found)
    plan = _plan(Fields(document, "$", found))
    found.raise_if_any(what="The description of receivers", field_name=field)
    return plan


def _plan(top: Fields) -> NotificationPlan:
    secrets_dir = top.text("secrets_dir", default=DEFAULT_SECRETS_DIR).rstrip("/")
    told = {audience: _integrations(top, audience, secrets_dir) for audience in AUDIENCES}
    for audience in ("pages", "tickets"):
        if not told[audience]:
            top.problem(audience, "names nobody", "give pagerduty, slack, webhook or email")
    group_labels = top.texts("group_labels")
    for name in group_labels:
        if not _LABEL_NAME.fullmatch(name):
            top.problem("group_labels", f"has {quoted(name, limit=60)}", "give label names")
    plan = NotificationPlan(
        pages=told["pages"],
        tickets=told["tickets"],
        watchdog=told["watchdog"],
        office_hours=_office_hours(top.part("ticket_hours")),
        group_labels=group_labels,
    )
    top.refuse_others()
    return plan


def _integrations(top: Fields, audience: Audience, secrets_dir: str) -> tuple[Integration, ...]:
    found: list[Integration] = []
    for part in top.parts(audience):
        for kind, read in _READERS.items():
            for number, fields in enumerate(part.parts(kind)):
                suffix = f"_{number + 1}" if number else ""
                found.append(read(fields, f"{secrets_dir}/{audience}_{kind}{suffix}"))
                fields.refuse_others()
        part.refuse_others()
    return tuple(found)


def _pagerduty(fields: Fields, secret: str) -> Integration:
    return PagerDuty(fields.text("routing_key_file", default=f"{secret}_routing_key"), _url(fields, "url"))


def _slack(fields: Fields, secret: str) -> Integration:
    channel = fields.text("channel", is_needed=True)
    if channel and not channel.startswith(("#", "@", "C", "G")):
        fields.problem(
            "channel", f"is {quoted(channel, limit=60)}", "give #name (quote it: # begins a comment in YAML)"
        )
    return Slack(fields.text("api_url_file", default=f"{secret}_url"), channel)


def _webhook(fields: Fields, secret: str) -> Integration:
    hook = Webhook(_url(fields, "url"), fields.text("url_file"), fields.text("credentials_file"))
    if bool(hook.url) == bool(hook.url_file):
        fields.problem(
            "url", "and url_file are both there or both missing", f"give one, such as url_file: {secret}_url"
        )
    return hook


def _email(fields: Fields, secret: str) -> Integration:
    username = fields.text("auth_username")
    mail = Email(
        to=fields.text("to", is_needed=True),
        sender=fields.text("from", is_needed=True),
        smarthost=fields.text("smarthost", is_needed=True),
        auth_username=username,
        auth_password_file=fields.text("auth_password_file", default=f"{secret}_password" if username else ""),
        require_tls=fields.flag("require_tls", default=True),
    )
    for key, value in (("to", mail.to), ("from", mail.sender)):
        if value and not all(_ADDRESS.fullmatch(address.strip()) for address in value.split(",")):
            fields.problem(key, f"is {quoted(value, limit=80)}", "give a mail address")
    if mail.smarthost and not _SMARTHOST.fullmatch(mail.smarthost):
        fields.problem("smarthost", f"is {quoted(mail.smarthost, limit=80)}", "give host:port, such as mail:587")
    return mail


_READERS: Final[Mapping[str, Callable[[Fields, str], Integration]]] = {
    "pagerduty": _pagerduty,
    "slack": _slack,
    "webhook": _webhook,
    "email": _email,
}


def _url(fields: Fields, key: str) -> str:
    value = fields.text(key)
    if value and not _URL.fullmatch(value):
        fields.problem(key, "is no http address", "give one such as https://events.example/alerts")
    return value


def _office_hours(fields: Fields | None) -> OfficeHours | None:
    if fields is None:
        return None
    hours = OfficeHours(
        weekdays=fields.text("days", default=OfficeHours().weekdays).lower(),
        start=fields.text("start", default=OfficeHours().start),
        end=fields.text("end", default=OfficeHours().end),
        zone=fields.text("zone", default=OfficeHours().zone),
    )
    if not _WEEKDAYS.fullmatch(hours.weekdays):
        fields.problem("days", "are no weekdays", "give days such as monday:friday")
    if not (_TIME.fullmatch(hours.start) and _TIME.fullmatch(hours.end) and hours.start < hours.end):
        fields.problem("start", "and end are no times of one day", 'give quoted times such as "09:00" and "17:00"')
    if not _is_zone(hours.zone):
        fields.problem("zone", f"{quoted(hours.zone, limit=60)} is no time zone", "give one such as Europe/Berlin")
    fields.refuse_others()
    return hours


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if not _ZONE.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
