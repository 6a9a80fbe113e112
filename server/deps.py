"""What a tool may use: a frozen record, made once by `server/app.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from connectors.amtool import Amtool
from connectors.base import AlertSource, DashboardStore, MetricSource, OncallSource
from connectors.promtool import Promtool
from sre.core.clock import Clock
from sre.core.errors import ConfigError, InputError, SreError
from sre.core.journal import Journal
from sre.core.text import quoted
from sre.metrics.model import SignalQueries


@dataclass(frozen=True, slots=True)
class Sources:
    """The configured sources by name."""

    metric_sources: Mapping[str, MetricSource] = field(default_factory=dict)
    default_name: str | None = None

    def names(self) -> tuple[str, ...]:
        """Return the names of all sources, the default first."""
        return tuple(sorted(self.metric_sources, key=lambda name: (name != self.default_name, name)))

    def metric(self, name: str | None = None) -> MetricSource:
        """Return a metric source by name, or the default one.

        Raises:
            ConfigError: No source is configured, or several and none is the default.
            InputError: No source has this name.
        """
        if not self.metric_sources:
            raise ConfigError(
                "No metric source is configured.",
                setting="PROMETHEUS_URL",
                next_steps=(
                    "set PROMETHEUS_URL (and PROMETHEUS_TOKEN if needed) in the server's environment, or",
                    "set SRE_MCP_SNAPSHOT to a file or folder of exported metrics, or",
                    "start the server with `serve --demo` for a built-in world, or pass the data inline.",
                ),
            )
        wanted = name or self.default_name
        if wanted is None:
            raise InputError(
                "Several sources are configured and none is the default.", field="source", valid=self.names()
            )
        if wanted not in self.metric_sources:
            raise InputError(f"There is no source {quoted(wanted)}.", field="source", valid=self.names())
        return self.metric_sources[wanted]


@dataclass(frozen=True, slots=True)
class Deps:
    """Everything a tool may reach.

    Attributes:
        services: Signal queries by service name, for services whose metrics follow no known convention.
        output_root: The only folder generated files may be written to; None forbids writing.
        slo_folder: Where SLO documents are kept; None where there is none.
        demo_slo_folder: SLO documents that come with the demo world, read beside those of `slo_folder`.
        alert_source: What sends alerts to people; None where none is configured.
        dashboard_store: Where dashboards are published; None where none is configured.
        oncall_source: What wakes people; None where none is configured.
        promtool, amtool: Check what is generated; may not be on this machine.
        runbook_url: Address of an alert's runbook, `{alert}` standing for its name; empty where there is none.
        journal: Where incidents, actions and toil are recorded; None where nothing may be remembered.
        author: Who records, where a call does not say: the user this process runs for.
    """

    sources: Sources
    clock: Clock
    services: Mapping[str, SignalQueries] = field(default_factory=dict)
    output_root: Path | None = None
    slo_folder: Path | None = None
    demo_slo_folder: Path | None = None
    alert_source: AlertSource | None = None
    dashboard_store: DashboardStore | None = None
    oncall_source: OncallSource | None = None
    promtool: Promtool = field(default_factory=Promtool)
    amtool: Amtool = field(default_factory=Amtool)
    runbook_url: str = ""
    journal: Journal | None = None
    author: str = ""

    def records(self) -> Journal:
        """Return where incidents, actions and toil are recorded.

        Raises:
            ConfigError: There is no place for them.
        """
        if self.journal is None:
            raise ConfigError(
                "There is no place for records.",
                setting="SRE_MCP_DATA_DIR",
                next_steps=("set SRE_MCP_DATA_DIR to a folder that this server may write to.",),
            )
        return self.journal

    def alerts(self) -> AlertSource:
        """Return what sends alerts to people.

        Raises:
            ConfigError: None is configured.
        """
        if self.alert_source is None:
            raise ConfigError(
                "No Alertmanager is configured.",
                setting="ALERTMANAGER_URL",
                next_steps=("set ALERTMANAGER_URL (and ALERTMANAGER_TOKEN if needed) in the server's environment.",),
            )
        return self.alert_source

    def dashboards(self) -> DashboardStore:
        """Return where dashboards are published.

        Raises:
            ConfigError: None is configured.
        """
        if self.dashboard_store is None:
            raise ConfigError(
                "No Grafana is configured.",
                setting="GRAFANA_URL",
                next_steps=("set GRAFANA_URL and GRAFANA_TOKEN (a service account's) in the server's environment.",),
            )
        return self.dashboard_store

    def oncall(self) -> OncallSource:
        """Return what wakes people.

        Raises:
            ConfigError: None is configured.
        """
        if self.oncall_source is None:
            raise ConfigError(
                "No PagerDuty is configured.",
                setting="PAGERDUTY_TOKEN",
                next_steps=(
                    "set PAGERDUTY_TOKEN (and PAGERDUTY_URL for an account in the EU) in the server's environment.",
                ),
            )
        return self.oncall_source

    async def recorded_until(self) -> datetime | None:
        """Return the end of the recording that the default source is; None for a live one, or one that cannot tell."""
        try:
            return await self.sources.metric().latest()
        except SreError:
            return None

    async def now_of(self, source: MetricSource) -> datetime:
        """Return what `now` means for a source: the end of a snapshot, the clock for a live system, to the second.

        Fractions of a second would stand in every window, range and sentence and tell nobody anything.
        """
        return await source.latest() or self.clock.now().replace(microsecond=0)
