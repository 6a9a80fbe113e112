"""What `generate_monitoring_config` answers with."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tools.answer import Part
from tools.artefacts import ArtefactAnswer


class JobRow(Part):
    """One scrape job."""

    job: str
    found_by: str
    targets: list[str] = Field(default_factory=list)


class RouteRow(Part):
    """Whom an alert reaches."""

    alert: str
    receiver: str
    ok: bool


class SecretRow(Part):
    """A file to make by hand."""

    path: str
    holds: str
    owner: str
    mode: str = "0400"


class MonitoringConfigAnswer(ArtefactAnswer):
    """Configuration of Prometheus and Alertmanager, what was checked, and what is left to do."""

    RANKED: ClassVar[tuple[str, ...]] = ("jobs", "routes")

    jobs: list[JobRow] = Field(default_factory=list)
    routes: list[RouteRow] = Field(default_factory=list)
    secret_files: list[SecretRow] = Field(default_factory=list)
    needs_prometheus: str | None = None
    needs_alertmanager: str | None = None
    next_steps: list[str] = Field(default_factory=list)
