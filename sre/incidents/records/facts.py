"""A record as the facts that the arithmetic of incidents takes."""

from datetime import datetime

from sre.incidents.model import ActionItem, IncidentFacts
from sre.incidents.records.model import Incident


def began_at(incident: Incident) -> datetime:
    """Return when it began, as far as that is known: the start of the harm, else its detection, else the declaration.

    The last two are not later than each other by much where people declare what they notice; a record says which it is.
    """
    return incident.times.get("start") or incident.times.get("detected") or incident.declared_at


def facts_of(incident: Incident) -> IncidentFacts:
    """Return what people recorded of an incident, with `began_at` for a start that is not known."""
    times, lessons = incident.times, incident.lessons
    return IncidentFacts(
        title=incident.title,
        start=began_at(incident),
        end=times.get("end"),
        detected_at=times.get("detected"),
        acknowledged_at=times.get("acknowledged"),
        mitigated_at=times.get("mitigated"),
        severity=incident.severity,
        services=incident.services,
        impact=incident.impact,
        events=incident.notes,
        causes=incident.causes,
        went_well=lessons.get("went_well", ()),
        went_badly=lessons.get("went_badly", ()),
        lucky=lessons.get("lucky", ()),
        action_items=tuple(
            ActionItem(action.title, action.kind, action.owner, action.due.isoformat() if action.due else "")
            for action in incident.actions
            if action.status != "dropped"
        ),
    )
