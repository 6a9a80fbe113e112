"""What people recorded of an incident, as happenings for a timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.text import cleaned, quoted
from sre.incidents.chronicle import Evidence, Happening
from tools.incidents.timeline_window import Asked

if TYPE_CHECKING:
    from sre.incidents.records.model import Incident

_MAX_TEXT, _MAX_NAME = 400, 80
_STATUS = "Status: "
_MILESTONES = {
    "start": "Impact began.",
    "detected": "Detected.",
    "acknowledged": "Acknowledged.",
    "mitigated": "Mitigated: users no longer affected.",
    "end": "Resolved.",
}
# Which milestone a status sets when it is reached: both are told as one.
_STATUS_MILESTONES = {"mitigated": "mitigated", "resolved": "end"}


def recorded(incident: Incident) -> Asked:
    """Return the milestones, notes, changes of status and updates of a record."""
    system = incident.reference
    shown = (Evidence(system),)
    declared = Happening(
        at=incident.declared_at,
        kind="status",
        text=f"{system} declared.",
        who=cleaned(incident.declared_by, limit=_MAX_NAME),
        evidence=shown,
    )
    found = [declared]
    found += [
        Happening(at, "milestone", _MILESTONES[name], evidence=shown, key=f"milestone:{name}")
        for name, at in incident.times.items()
    ]
    for note in incident.notes:
        text = cleaned(note.text, limit=_MAX_TEXT)
        is_status = text.startswith(_STATUS)
        status = text.removeprefix(_STATUS).split(".")[0] if is_status else ""
        reached = _STATUS_MILESTONES.get(status, "")
        found.append(
            Happening(
                at=note.at,
                kind="status" if is_status else "note",
                text=text,
                who=cleaned(note.who, limit=_MAX_NAME),
                evidence=shown,
                key=f"milestone:{reached}" if reached else "",
            )
        )
    found += [
        Happening(update.at, "update", f"Update sent ({cleaned(update.audience, limit=_MAX_NAME)}).", evidence=shown)
        for update in incident.updates
    ]
    found += [
        Happening(entry.new.at, "note", f"Cause noted: {quoted(str(entry.new.data.get('text', '')), limit=_MAX_TEXT)}.",
                  who=cleaned(entry.new.author, limit=_MAX_NAME), evidence=shown)
        for entry in incident.entries
        if entry.new.kind == "cause"
    ]  # fmt: skip
    return Asked(system, "milestones, notes, statuses", happenings=found)
