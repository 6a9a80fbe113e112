"""prometheus.yml from a scrape plan, in the subset that Prometheus 2.42 and 3 share.

Source: prometheus.io/docs, "Configuration"; the limits and their sizes are our choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sre.alerting.scrape_jobs import discovery_config, relabelling
from sre.alerting.scrape_model import FileTargets, ScrapeAccess, ScrapePlan, ScrapeService, StaticTargets
from sre.core.conventions import SERVICE_LABEL
from sre.core.rules.writing import YamlValue
from sre.core.times import format_duration

RULE_FILES: Final = "rules/*.yml"
# A scrape over a limit fails as a whole, so the limits are far above what a service exposes and only stop a leak.
SAMPLE_LIMIT: Final = 50_000
_BODY_LIMIT: Final = "100MB"
_LABEL_LIMIT: Final = 64
_LABEL_NAME_LIMIT: Final = 256
_LABEL_VALUE_LIMIT: Final = 2_048
# Labels that tell the members of a pair of Prometheus servers apart: with them one alert would be two.
REPLICA_LABELS: Final = frozenset({"replica", "prometheus_replica", "__replica__"})

_HEADER = """\
Prometheus configuration; works with Prometheus 2.42 and later, 3 included.
Limits: a scrape over sample_limit fails as a whole (up becomes 0), so that a leak of labels costs one job only.
Rules are read from {rules} beside this file; after a change send SIGHUP, or POST to /-/reload where that is enabled."""


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file that the operator makes: generated configuration names it, and never holds what is in it.

    Attributes:
        purpose: What belongs in it.
        reader: The program that reads it, and should own it.
    """

    path: str
    purpose: str
    reader: str


def prometheus_header() -> str:
    """Return the comment at the top of prometheus.yml."""
    return _HEADER.format(rules=RULE_FILES)


def prometheus_config(plan: ScrapePlan) -> dict[str, YamlValue]:
    """Return prometheus.yml as data."""
    own = _own_jobs(plan)
    return {
        "global": _global(plan),
        "rule_files": [RULE_FILES],
        "alerting": _alerting(plan),
        "scrape_configs": [*own, *(scrape_config(service) for service in plan.services)],
    }


def scrape_config(service: ScrapeService) -> dict[str, YamlValue]:
    """Return one scrape job."""
    job: dict[str, YamlValue] = {"job_name": service.name}
    if service.interval_seconds:
        job["scrape_interval"] = format_duration(service.interval_seconds)
    if service.timeout_seconds:
        job["scrape_timeout"] = format_duration(service.timeout_seconds)
    if service.metrics_path != "/metrics":
        job["metrics_path"] = service.metrics_path
    if service.scheme != "http":
        job["scheme"] = service.scheme
    job |= _access(service.access)
    job |= {
        "sample_limit": service.sample_limit or SAMPLE_LIMIT,
        "body_size_limit": _BODY_LIMIT,
        "label_limit": _LABEL_LIMIT,
        "label_name_length_limit": _LABEL_NAME_LIMIT,
        "label_value_length_limit": _LABEL_VALUE_LIMIT,
    }
    return job | _found(service)


def target_files(plan: ScrapePlan) -> dict[str, str]:
    """Return the files of targets that a plan asks for, content by path."""
    return {
        service.discovery.files[0]: _target_file(service.name, service.discovery.targets)
        for service in plan.services
        if isinstance(service.discovery, FileTargets) and service.discovery.targets
    }


def scrape_secrets(plan: ScrapePlan) -> tuple[SecretFile, ...]:
    """Return the files with credentials that Prometheus reads."""
    found: list[SecretFile] = []
    for service in plan.services:
        access = service.access
        named = {
            access.credentials_file: f"bearer token for scraping {service.name}",
            access.password_file: f"password of {access.username} for scraping {service.name}",
            access.key_file: f"private key of the client certificate for scraping {service.name}",
            getattr(service.discovery, "credentials_file", ""): f"Consul token for finding {service.name}",
        }
        found += [SecretFile(path, purpose, "prometheus") for path, purpose in named.items() if path]
    return tuple(found)


def certificate_files(plan: ScrapePlan) -> tuple[str, ...]:
    """Return the files that have to be there and are no secrets."""
    files = [file for one in plan.services for file in (one.access.ca_file, one.access.cert_file) if file]
    return tuple(dict.fromkeys(files))


def _global(plan: ScrapePlan) -> dict[str, YamlValue]:
    settings: dict[str, YamlValue] = {
        "scrape_interval": format_duration(plan.interval_seconds),
        "evaluation_interval": format_duration(plan.evaluation_seconds),
    }
    if plan.external_labels:
        settings["external_labels"] = dict(plan.external_labels)
    return settings


def _alerting(plan: ScrapePlan) -> dict[str, YamlValue]:
    alerting: dict[str, YamlValue] = {}
    replicas = sorted(REPLICA_LABELS & set(plan.external_labels))
    if replicas:
        alerting["alert_relabel_configs"] = [{"action": "labeldrop", "regex": "|".join(replicas)}]
    alerting["alertmanagers"] = [{"static_configs": [{"targets": list(plan.alertmanagers)}]}]
    return alerting


def _own_jobs(plan: ScrapePlan) -> list[YamlValue]:
    addresses = {"prometheus": (plan.prometheus_address,), "alertmanager": plan.alertmanagers}
    return [{"job_name": name, "static_configs": [_static(name, targets, {})]} for name, targets in addresses.items()]


def _static(service: str, targets: tuple[str, ...], labels: Mapping[str, str]) -> dict[str, YamlValue]:
    return {"targets": list(targets), "labels": {SERVICE_LABEL: service, **labels}}


def _found(service: ScrapeService) -> dict[str, YamlValue]:
    if isinstance(service.discovery, StaticTargets):
        return {"static_configs": [_static(service.name, service.discovery.targets, service.labels)]}
    return {**discovery_config(service.discovery), "relabel_configs": relabelling(service)}


def _target_file(name: str, targets: tuple[str, ...]) -> str:
    import yaml

    comment = f"# Targets of {name}; Prometheus reads this file again whenever it changes.\n"
    return comment + yaml.safe_dump([{"targets": list(targets)}], sort_keys=False)


def _access(access: ScrapeAccess) -> dict[str, YamlValue]:
    config: dict[str, YamlValue] = {}
    if access.credentials_file:
        config["authorization"] = {"credentials_file": access.credentials_file}
    if access.username:
        config["basic_auth"] = {"username": access.username, "password_file": access.password_file}
    tls: dict[str, YamlValue] = {
        name: value
        for name, value in {
            "ca_file": access.ca_file,
            "cert_file": access.cert_file,
            "key_file": access.key_file,
            "server_name": access.server_name,
        }.items()
        if value
    }
    if access.is_unverified:
        tls["insecure_skip_verify"] = True
    return config | ({"tls_config": tls} if tls else {})
