"""What a caller writes about services, read as a scrape plan."""

import re
from collections.abc import Sequence
from typing import cast

from sre.alerting.scrape_discovery import read_discovery, read_targets
from sre.alerting.scrape_model import (
    DEFAULT_ALERTMANAGER,
    DEFAULT_INTERVAL_SECONDS,
    DEFAULT_PROMETHEUS,
    OWN_JOBS,
    Scheme,
    ScrapeAccess,
    ScrapePlan,
    ScrapeService,
)
from sre.alerting.secret_fields import add_inline_secrets
from sre.core.fields import Fields
from sre.core.problems import Findings
from sre.core.text import quoted
from sre.core.yaml_text import yaml_value

_JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")


def read_scrape_plan(text: str, *, field: str = "services") -> ScrapePlan:
    """Return what a YAML text says is to be scraped: a list of services, or a mapping that holds it as `services`.

    Raises:
        InputError: Not YAML, or wrong; lists every problem. Also for a credential in the text.
    """
    document = yaml_value(text, what=field, field=field)
    found = Findings()
    is_list = isinstance(document, Sequence) and not isinstance(document, str)
    top = {"services": document} if is_list else document
    add_inline_secrets(top, found)
    plan = _plan(Fields(top, "$", found))
    found.raise_if_any(what="The description of services", field_name=field)
    return plan


def _plan(top: Fields) -> ScrapePlan:
    services = tuple(_service(one) for one in top.parts("services"))
    plan = ScrapePlan(
        services=services,
        interval_seconds=top.seconds("scrape_interval", default=DEFAULT_INTERVAL_SECONDS),
        evaluation_seconds=top.seconds("evaluation_interval", default=DEFAULT_INTERVAL_SECONDS),
        external_labels=top.labels("external_labels"),
        alertmanagers=read_targets(top, "alertmanagers") or (DEFAULT_ALERTMANAGER,),
        prometheus_address=next(iter(read_targets(top, "prometheus")), DEFAULT_PROMETHEUS),
    )
    top.refuse_others()
    if not services:
        top.problem("services", "names no service", "give a list with name and targets or discovery")
    for index, service in enumerate(services):
        if service.timeout_seconds > (service.interval_seconds or plan.interval_seconds):
            top.problem(f"services[{index}].timeout", "is longer than the interval", "give a shorter one, or none")
    for name, value in plan.external_labels.items():
        if "$" in value:
            top.problem(f"external_labels.{name}", "has a $, which Prometheus 3 would expand", "leave it out")
    names = [service.name for service in services]
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        top.problem("services", f"has {quoted(name)} more than once", "give each service one entry")
    return plan


def _service(fields: Fields) -> ScrapeService:
    name = fields.text("name", is_needed=True)
    if name and (not _JOB_NAME.fullmatch(name) or name in OWN_JOBS):
        fields.problem("name", f"cannot be {quoted(name)}", "letters, digits, . _ - ; not prometheus or alertmanager")
    interval = fields.seconds("interval", default=0.0)
    timeout = fields.seconds("timeout", default=0.0)
    path = fields.text("metrics_path", default="/metrics")
    if not path.startswith("/"):
        fields.problem("metrics_path", "does not begin with /", "give a path such as /metrics")
    service = ScrapeService(
        name=name,
        discovery=read_discovery(fields, name),
        metrics_path=path,
        scheme=cast("Scheme", fields.choice("scheme", ("http", "https"), default="http")),
        interval_seconds=interval,
        timeout_seconds=timeout,
        labels=fields.labels("labels"),
        access=_access(fields),
        sample_limit=round(fields.number("sample_limit", default=0, low=1, high=10_000_000)),
    )
    fields.refuse_others()
    return service


def _access(fields: Fields) -> ScrapeAccess:
    tls = fields.part("tls")
    access = ScrapeAccess(
        credentials_file=fields.text("credentials_file"),
        username=fields.text("username"),
        password_file=fields.text("password_file"),
        ca_file=tls.text("ca_file") if tls else "",
        cert_file=tls.text("cert_file") if tls else "",
        key_file=tls.text("key_file") if tls else "",
        server_name=tls.text("server_name") if tls else "",
        is_unverified=tls.flag("insecure_skip_verify") if tls else False,
    )
    if tls:
        tls.refuse_others()
    if bool(access.cert_file) != bool(access.key_file):
        fields.problem("tls", "has one of cert_file and key_file", "give both, or neither")
    if access.credentials_file and (access.username or access.password_file):
        fields.problem("credentials_file", "stands beside a user name", "give one way to sign in")
    if bool(access.username) != bool(access.password_file):
        fields.problem("username", "and password_file belong together", "give both, or neither")
    return access
