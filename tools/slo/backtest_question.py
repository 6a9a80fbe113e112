"""What `backtest_slo` was asked: the SLO with its settings, the incidents that are known, the candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sre.core.errors import InputError
from sre.core.problems import Findings
from sre.core.text import cleaned, listed, quoted
from sre.core.times import Window, epoch_ms, format_duration, format_instant, parse_instant

if TYPE_CHECKING:
    from datetime import datetime

    from sre.core.slo.model import Slo
    from sre.slo.alert_tiers import AlertTiers
    from sre.slo.backtest import AlertSetting
    from sre.slo.burn_history import BaseHistory
    from sre.slo.judgement import KnownIncident

MAX_TEXT_CHARS = 50_000
BOOK = "book"
_MAX_INCIDENTS = 200
_INCIDENT_KEYS = {"start", "end", "name"}
_TIME_MENDING = "give RFC 3339, such as 2026-01-31T12:00:00Z"
_EXAMPLE = "- {start: 2026-01-31T12:00:00Z, end: 2026-01-31T12:40:00Z, name: pool exhausted}"


@dataclass(frozen=True, slots=True)
class Settings:
    """How an SLO alerts and what that is compared with.

    Attributes:
        defined: The SLO as it is.
        others: Candidates, in their order.
        period_seconds: Length of the SLO's period.
    """

    slo: Slo
    defined: AlertSetting
    others: tuple[AlertSetting, ...]
    tiers: AlertTiers
    period_seconds: float

    @property
    def all(self) -> tuple[AlertSetting, ...]:
        """The SLO as it is, then the candidates."""
        return (self.defined, *self.others)

    @property
    def reach_seconds(self) -> float:
        """The longest window of any of them."""
        return max(setting.longest_seconds() for setting in self.all)

    def as_generated(self, history: BaseHistory) -> Settings:
        """Return them with what rules generated from this traffic add where it is low."""
        from sre.core.slo.sli_queries import sli_queries
        from sre.slo.quietest import as_generated

        if sli_queries(self.slo).counted != "events":
            return self
        others = tuple(as_generated(one, history) for one in self.others)
        return replace(self, defined=as_generated(self.defined, history), others=others)

    def notes(self) -> list[str]:
        """Return what cannot happen with these settings."""
        notes = [f"Tier {left.name}: {left.reason}." for left in self.tiers.left_out if left.is_refused]
        for setting in self.others:
            dead = [tier.name for tier in setting.tiers if setting.threshold_ratio(tier) >= 1]
            if dead:
                notes.append(f"{quoted(setting.name)}: {listed(dead)} can never fire, the threshold is 100 % or more.")
        return notes


@dataclass(frozen=True, slots=True)
class ReadIncidents:
    """Incidents inside the time that is judged, and what was assumed or left aside."""

    incidents: tuple[KnownIncident, ...]
    notes: tuple[str, ...]


def settings_of(slo: Slo, candidates: str) -> Settings:
    """Return the settings of an SLO, with candidates from a YAML or JSON text, or the Workbook's own for `book`.

    Raises:
        InputError: No tier of the SLO can alert, or the candidates are wrong.
    """
    from sre.core.slo.sli_queries import sli_queries
    from sre.slo.alert_tiers import alert_tiers
    from sre.slo.approaches import Frame, book_settings
    from sre.slo.candidates import candidate_settings, setting_as_defined

    tiers = alert_tiers(slo)
    defined = setting_as_defined(slo, tiers)
    frame = Frame(tiers.period_seconds, sli_queries(slo).base_seconds)
    others: tuple[AlertSetting, ...] = ()
    if candidates.strip() == BOOK:
        others = book_settings(defined, frame=frame)
    elif candidates.strip():
        from sre.core.yaml_text import yaml_value

        rows = yaml_value(candidates, what="candidates", field="candidates")
        others = candidate_settings(rows, base=defined, frame=frame)
    return Settings(slo, defined, others, tiers, tiers.period_seconds)


def incidents_of(text: str, *, now: datetime) -> tuple[tuple[KnownIncident, ...], tuple[str, ...]]:
    """Return the incidents of a YAML or JSON text, and what was assumed to read them.

    Raises:
        InputError: Not a list of mappings with start and end; lists every problem.
    """
    if not text.strip():
        return (), ()
    from sre.core.yaml_text import yaml_value

    rows = yaml_value(text, what="incidents", field="incidents")
    if isinstance(rows, Mapping) and set(rows) == {"incidents"}:
        rows = rows["incidents"]
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise InputError("incidents is not a list.", field="incidents", valid=(_EXAMPLE,))
    if len(rows) > _MAX_INCIDENTS:
        raise InputError(f"At most {_MAX_INCIDENTS} incidents are judged at once.", field="incidents")
    found, notes = Findings(), list[str]()
    read = [_incident(row, f"[{number}]", found, notes, now=now) for number, row in enumerate(rows, 1)]
    found.raise_if_any(what="The list of incidents", field_name="incidents")
    return tuple(one for one in read if one is not None), tuple(dict.fromkeys(notes))


def within(incidents: Sequence[KnownIncident], window: Window) -> ReadIncidents:
    """Return the incidents that touch the time that is judged."""
    start, end = epoch_ms(window.start), epoch_ms(window.end)
    inside = tuple(one for one in incidents if one.start_ms < end and one.end_ms > start)
    notes = []
    if len(inside) < len(incidents):
        count = len(incidents) - len(inside)
        notes.append(f"{count} incident(s) lie outside {window} and were not judged.")
    early = [one for one in inside if one.start_ms < start]
    if early:
        began = format_instant(window.start)
        notes.append(f"{len(early)} incident(s) began before {began}; their pages may have come before it too.")
    return ReadIncidents(inside, tuple(notes))


def tier_run_up_note(settings: Settings, window: Window) -> str:
    """Return the warning that windows reach back before the data begin."""
    from sre.slo.burn_history import LEAST_KNOWN_RATIO

    longest = settings.reach_seconds
    half = format_duration(LEAST_KNOWN_RATIO * longest)
    return (
        f"The history begins near {format_instant(window.start)}: a window says nothing before half of it is known, "
        f"the longest ({format_duration(longest)}) not in the first {half}."
    )


def counting_notes(settings: Settings, history: BaseHistory) -> list[str]:
    """Return a warning where one bad sample or slice is enough to page; of events the rules ask for more then."""
    from sre.core.slo.sli_queries import sli_queries

    counted = sli_queries(settings.slo).counted
    if counted == "events" or (settings.defined.min_bad_events or 0) > 1:
        return []
    rates, told = history.events_per_second, []
    for tier in settings.defined.tiers:
        # So few in the long window that one bad one is above the threshold.
        few = (rates > 0) & (settings.defined.threshold_ratio(tier) * rates * tier.long_seconds < 1)
        if tier.severity == "page" and few.any():
            groups = f" in {int(few.sum())} of {len(history.groups)} groups" if len(history.groups) > 1 else ""
            told.append(f"{tier.name}{groups}")
    if not told:
        return []
    enough = f"one bad {counted.removesuffix('s')} is enough to page (tier {listed(told)})"
    return [f"Coarse counting: {enough}; compare with min_bad_events."]


def _incident(row: object, path: str, found: Findings, notes: list[str], *, now: datetime) -> KnownIncident | None:
    from sre.slo.judgement import KnownIncident

    if not isinstance(row, Mapping):
        found.add(path, "is not a mapping", f"write it like {_EXAMPLE}")
        return None
    for key in sorted({str(key) for key in row} - _INCIDENT_KEYS):
        found.add(f"{path}.{cleaned(key, limit=40)}", "is not known", "an incident has start, end and name")
    ends = [_instant(row.get(key), f"{path}.{key}", found, notes, now=now) for key in ("start", "end")]
    start, end = ends
    if start is None or end is None:
        return None
    if end <= start:
        found.add(f"{path}.end", "is not after start", "an incident has some length")
        return None
    name = cleaned(str(row.get("name") or ""), limit=80)
    return KnownIncident(name or format_instant(start), epoch_ms(start), epoch_ms(end))


def _instant(value: object, path: str, found: Findings, notes: list[str], *, now: datetime) -> datetime | None:
    if value is None or not isinstance(value, (str, int, float)):
        found.add(
            path, "is missing" if value is None else "is not a time", "give RFC 3339, such as 2026-01-31T12:00:00Z"
        )
        return None
    try:
        read = parse_instant(value, now=now, field=path)
    except InputError as error:
        found.add(path, error.message.rstrip("."), _TIME_MENDING)
        return None
    if read.notes:
        notes.append("Incident times without a zone were read as UTC.")
    return read.at
