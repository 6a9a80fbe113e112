"""Names that stay: the uid of a dashboard, its tags, its file."""

import re
from hashlib import sha256
from typing import Literal, TypeAlias

from sre.dashboards.model import OUR_TAG

Subject: TypeAlias = Literal["service", "slo", "rules"]

# Grafana lets 40 characters through.
_READABLE = 20
_HASHED = 10


def dashboard_uid(subject: Subject, name: str) -> str:
    """Return the uid of the dashboard of a subject: the same for the same subject, at most 40 characters.

    A readable part for people and a hash of the whole name, so that two long names do not meet.
    """
    digest = sha256(f"{subject}/{name}".encode()).hexdigest()[:_HASHED]
    readable = _dashed(name)[:_READABLE].strip("-")
    return "-".join(part for part in (subject, readable, digest) if part)


def dashboard_tags(subject: Subject, *, service: str = "") -> tuple[str, ...]:
    """Return the tags by which dashboards find each other."""
    return (OUR_TAG, subject, *((service_tag(service),) if service else ()))


def service_tag(service: str) -> str:
    """Return the tag of everything about a service."""
    return f"service:{service}"


def file_name(subject: Subject, name: str) -> str:
    """Return the path of a dashboard's file below the folder that is handed over."""
    return f"dashboards/{subject}-{_dashed(name)[:60].strip('-') or 'dashboard'}.json"


def _dashed(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())
