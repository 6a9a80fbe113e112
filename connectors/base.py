"""What a tool may ask of another system. A tool names the capability; the vendor stays behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the series types bring numpy, which registration of tools must not pay for
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sre.core.alerts import LabelMatcher, NotifiedAlert, Silence
    from sre.core.dashboards import Annotation, DashboardFolder, StoredDashboard
    from sre.core.labels import Labels
    from sre.core.oncall import (
        ChangeEvent,
        IncidentNote,
        Listed,
        LogEntry,
        OnCall,
        OncallService,
        PagedAlert,
        PagedIncident,
        PageEvent,
        PageStatus,
        Urgency,
    )
    from sre.core.series import InstantResult, RangeResult
    from sre.core.telemetry import ActiveAlert, BuildInfo, MetricMetadata, Rule, Target
    from sre.core.times import Duration, Window


class Source(Protocol):
    """Any configured system."""

    @property
    def name(self) -> str:
        """Name in the configuration."""
        ...

    @property
    def kind(self) -> str:
        """What it is: `prometheus`, `snapshot`, `demo`, `alertmanager`, `grafana`, `pagerduty`."""
        ...

    async def build_info(self) -> BuildInfo:
        """Return product and version; the cheapest proof that the source answers and lets us in."""
        ...

    async def aclose(self) -> None:
        """Release connections; the source is not used again."""
        ...


class MetricSource(Source, Protocol):
    """A place with metrics that understands PromQL.

    Every method raises the errors of `sre.core.errors`: `InputError` (field `query`) for PromQL that does not parse,
    `RefusedError` for what is too costly or not supported, `UpstreamError` for what the system did wrong.
    """

    async def latest(self) -> datetime | None:
        """Return the instant that `now` means here: the end of recorded data, or None for the clock's now."""
        ...

    async def coverage(self) -> Window | None:
        """Return the window that holds data, or None where the source cannot tell cheaply."""
        ...

    async def sample_spacing(self) -> Duration | None:
        """Return the usual distance of samples, or None where the source cannot tell cheaply."""
        ...

    async def instant_query(self, query: str, *, at: datetime) -> InstantResult:
        """Evaluate PromQL at one instant."""
        ...

    async def range_query(self, query: str, *, window: Window, step: Duration | None = None) -> RangeResult:
        """Evaluate PromQL over a window.

        Args:
            step: Distance of the points; None picks one that keeps the answer at up to 250 points.
        """
        ...

    async def metadata(self, metric: str | None = None) -> Mapping[str, MetricMetadata]:
        """Return metadata by metric family name; empty where the source has none."""
        ...

    async def series(self, matchers: Sequence[str], *, window: Window, limit: int | None = None) -> tuple[Labels, ...]:
        """Return the label sets of series that match any of `matchers` and have samples in the window."""
        ...

    async def label_names(self, matchers: Sequence[str] = (), *, window: Window) -> tuple[str, ...]:
        """Return label names in use, sorted."""
        ...

    async def label_values(self, label: str, matchers: Sequence[str] = (), *, window: Window) -> tuple[str, ...]:
        """Return the values of one label, sorted; `__name__` gives the metric names."""
        ...


class RuleSource(Source, Protocol):
    """A system that evaluates recording and alerting rules."""

    async def rules(self) -> tuple[Rule, ...]:
        """Return all loaded rules with their state."""
        ...

    async def alerts(self) -> tuple[ActiveAlert, ...]:
        """Return pending and firing alerts."""
        ...


class TargetSource(Source, Protocol):
    """A system that scrapes targets."""

    async def targets(self) -> tuple[Target, ...]:
        """Return active targets with the health of their last scrape."""
        ...


class AlertSource(Source, Protocol):
    """A system that sends alerts to people: groups, silences and inhibits them."""

    async def notified_alerts(self) -> tuple[NotifiedAlert, ...]:
        """Return all alerts it holds, the suppressed ones too."""
        ...

    async def silences(self) -> tuple[Silence, ...]:
        """Return active and pending silences."""
        ...

    async def create_silence(
        self, matchers: Sequence[LabelMatcher], *, window: Window, created_by: str, comment: str
    ) -> str:
        """Silence what all matchers match, and return the id of the silence."""
        ...


class DashboardStore(Source, Protocol):
    """A system that shows dashboards."""

    async def dashboard(self, uid: str) -> StoredDashboard | None:
        """Return a dashboard, or None where there is none with this uid."""
        ...

    async def folders(self) -> tuple[DashboardFolder, ...]:
        """Return the folders dashboards may be in."""
        ...

    async def annotations(self, *, window: Window, limit: int) -> tuple[Annotation, ...]:
        """Return what people and tools marked in the window, oldest first; of more than `limit` the latest."""
        ...

    async def save_dashboard(self, model: Mapping[str, object], *, folder_uid: str, message: str, replaces: int) -> str:
        """Save a dashboard and return the address at which people see it.

        Args:
            model: Dashboard JSON with its uid.
            replaces: Version that is replaced, 0 for a new dashboard; if another is stored by now, nothing is saved.

        Raises:
            RefusedError: Somebody saved it in the meantime.
        """
        ...


class OncallSource(Source, Protocol):
    """A system that wakes people: the incidents it paged them for, what they did, who is on call.

    An id that is not there raises `InputError` (field `incident`). Lists are oldest first; one that is longer than what
    is read says so in `left_out`, and then it is the oldest that are missing.
    """

    async def incidents(
        self,
        *,
        window: Window | None = None,
        statuses: Sequence[PageStatus] = (),
        urgencies: Sequence[Urgency] = (),
        service_ids: Sequence[str] = (),
        key: str = "",
    ) -> Listed[PagedIncident]:
        """Return incidents that were created in the window.

        One that began before the window and is still open is not among them: ask for the open ones without a window.

        Args:
            window: When they were created; None for all times.
            statuses, urgencies, service_ids: Only these; empty for any.
            key: Only those with events of this key; empty for any.
        """
        ...

    async def incident(self, incident_id: str) -> PagedIncident | None:
        """Return one incident, or None where there is none with this id or number."""
        ...

    async def incident_alerts(self, incident_id: str) -> Listed[PagedAlert]:
        """Return the alerts an incident was made of."""
        ...

    async def incident_log(self, incident_id: str) -> Listed[LogEntry]:
        """Return all that happened to an incident."""
        ...

    async def incident_notes(self, incident_id: str) -> tuple[IncidentNote, ...]:
        """Return what people wrote down on an incident."""
        ...

    async def log_entries(self, *, window: Window) -> Listed[LogEntry]:
        """Return all that happened to any incident in the window."""
        ...

    async def on_calls(self) -> Listed[OnCall]:
        """Return who is on call now, by policy and level."""
        ...

    async def services(self, *, search: str = "") -> Listed[OncallService]:
        """Return services by name; `search` keeps those whose name holds it."""
        ...

    async def routed_service(self) -> OncallService | None:
        """Return the service that events go to, or None where that cannot be told."""
        ...

    async def change_events(self, *, window: Window) -> Listed[ChangeEvent]:
        """Return changes that were announced in the window."""
        ...

    @property
    def acts_as(self) -> str:
        """In whose name incidents are changed; empty where that is not configured."""
        ...

    def require_changes(self) -> None:
        """Raise `ConfigError` where incidents cannot be acknowledged, resolved or noted as configured."""
        ...

    def require_events(self) -> None:
        """Raise `ConfigError` where events cannot be sent as configured."""
        ...

    async def acknowledge(self, incident_id: str) -> PagedIncident:
        """Take an incident, so that nobody else is woken, and return it as it is now."""
        ...

    async def resolve(self, incident_id: str, *, resolution: str = "") -> PagedIncident:
        """Close an incident and return it as it is now."""
        ...

    async def add_note(self, incident_id: str, *, text: str) -> IncidentNote:
        """Write something down on an incident."""
        ...

    async def send_event(self, event: PageEvent) -> str:
        """Trigger, acknowledge or resolve by key, and return the key of the problem."""
        ...
