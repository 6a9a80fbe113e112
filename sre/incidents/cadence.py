"""When the next status update is due, by severity and audience."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias, cast, get_args

from sre.incidents.model import SEVERITIES, Severity
from sre.incidents.records.model import Incident

Audience: TypeAlias = Literal["internal", "executive", "customer"]
Clockless: TypeAlias = Literal["on_change", "if_noticed", "none"]
AUDIENCES: tuple[Audience, ...] = get_args(Audience)
_TABLE = Path(__file__).parent / "update_cadence.yaml"
_WORDS: Mapping[Clockless, str] = {
    "on_change": "when something changes",
    "if_noticed": "if customers notice",
    "none": "none is planned",
}


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often an audience is told.

    Attributes:
        every_minutes: Between two updates; None where there is no clock.
        first_minutes: From the declaration to the first one; None where there is no clock.
        words: The policy for a sentence.
    """

    words: str
    every_minutes: float | None = None
    first_minutes: float | None = None


@dataclass(frozen=True, slots=True)
class UpdateDue:
    """The next update of an audience.

    Attributes:
        at: When it is due; None where the policy sets no clock, or the incident is over.
        is_first: Nothing was sent to this audience yet.
    """

    audience: Audience
    at: datetime | None
    is_first: bool
    words: str

    def is_late(self, now: datetime) -> bool:
        """Whether the time has passed."""
        return self.at is not None and self.at < now


@cache
def default_cadences() -> Mapping[Severity, Mapping[Audience, Cadence]]:
    """Return the table of `update_cadence.yaml`."""
    import yaml

    return checked_cadences(yaml.safe_load(_TABLE.read_text(encoding="utf-8"))["cadence"])


def checked_cadences(table: Mapping[str, Mapping[str, object]]) -> Mapping[Severity, Mapping[Audience, Cadence]]:
    """Return a table as cadences.

    Raises:
        ValueError: A severity or an audience is missing or unknown, or a time is not above zero.
    """
    if set(table) != set(SEVERITIES):
        raise ValueError(f"cadences are needed for exactly {', '.join(SEVERITIES)}")
    for severity, row in table.items():
        if set(row) != set(AUDIENCES):
            raise ValueError(f"{severity}: cadences are needed for exactly {', '.join(AUDIENCES)}")
    return {severity: {who: _cadence(table[severity][who]) for who in AUDIENCES} for severity in SEVERITIES}


def next_update(incident: Incident, audience: Audience) -> UpdateDue:
    """Return when the next update to an audience is due: after the last one, or after the declaration.

    The last word on an incident is owed once: one that is over is due an update until one was given since.
    """
    cadence = default_cadences()[incident.severity][audience]
    sent = [update.at for update in incident.updates if update.audience == audience]
    if incident.is_over():
        return _last_word(incident, audience, sent, cadence)
    if cadence.every_minutes is None:
        return UpdateDue(audience, None, not sent, cadence.words)
    minutes = cadence.every_minutes if sent else cadence.first_minutes or cadence.every_minutes
    return UpdateDue(
        audience, max(sent, default=incident.declared_at) + timedelta(minutes=minutes), not sent, cadence.words
    )


def update_after(severity: Severity, audience: Audience, *, at: datetime) -> UpdateDue:
    """Return when the update after one given now is due, while the incident lasts."""
    cadence = default_cadences()[severity][audience]
    due = None if cadence.every_minutes is None else at + timedelta(minutes=cadence.every_minutes)
    return UpdateDue(audience, due, False, cadence.words)


def _last_word(incident: Incident, audience: Audience, sent: list[datetime], cadence: Cadence) -> UpdateDue:
    over_at = incident.times.get("end") or incident.closed_at
    is_owed = bool(sent) and over_at is not None and max(sent) < over_at and incident.status == "resolved"
    if is_owed and over_at is not None and cadence.every_minutes is not None:
        due = max(sent) + timedelta(minutes=cadence.every_minutes)
        return UpdateDue(audience, due, False, "the last one: it is over")
    return UpdateDue(audience, None, not sent, "none: it is over")


def _cadence(row: object) -> Cadence:
    if isinstance(row, str):
        if row not in _WORDS:
            raise ValueError(f"no such cadence: {row}")
        return Cadence(_WORDS[cast("Clockless", row)])
    if not isinstance(row, Mapping):
        raise ValueError("a cadence is a word or a pair of minutes")
    every, first = float(row["every_minutes"]), float(row["first_minutes"])
    if not (every > 0 and first > 0):
        raise ValueError("minutes are above zero")
    return Cadence(f"every {every:g} min", every, first)
