"""Which status may follow which, and what a change says about the milestones."""

from collections.abc import Mapping
from datetime import datetime

from sre.core.errors import InputError
from sre.incidents.records.model import Milestone, Status

# Forward as fast as it really goes; back when the harm comes back. A closed record may be opened to complete it; harm
# that returns after closing is a new incident, so that each has its own times (our choice).
_NEXT: Mapping[Status, tuple[Status, ...]] = {
    "declared": ("investigating", "identified", "mitigated", "resolved"),
    "investigating": ("identified", "mitigated", "resolved"),
    "identified": ("investigating", "mitigated", "resolved"),
    "mitigated": ("investigating", "identified", "resolved"),
    "resolved": ("investigating", "closed"),
    "closed": ("resolved",),
}


def next_statuses(status: Status) -> tuple[Status, ...]:
    """Return what may follow."""
    return _NEXT[status]


def checked_transition(before: Status, after: Status) -> None:
    """Refuse a change of status that cannot be.

    Raises:
        InputError: It cannot; `valid` says what can.
    """
    if after not in _NEXT[before]:
        same = " It is so already." if after == before else ""
        raise InputError(
            f"An incident that is {before} cannot become {after}.{same}", field="status", valid=_NEXT[before]
        )


def milestones_after(
    times: Mapping[Milestone, datetime], *, before: Status, after: Status, at: datetime
) -> dict[Milestone, datetime]:
    """Return the milestones once the status has changed: reached ones are set, undone ones are gone.

    Opening a closed record (`closed` to `resolved`) changes none.
    """
    changed = dict(times)
    if before == "closed":
        return changed
    if after in ("investigating", "identified"):
        changed.setdefault("acknowledged", at)
        changed.pop("mitigated", None)
        changed.pop("end", None)
    if after in ("mitigated", "resolved"):
        changed.setdefault("mitigated", at)
    if after == "resolved":
        changed.setdefault("end", at)
    return changed
