"""What is wrong with the times of a record."""

from collections.abc import Mapping
from datetime import datetime

from sre.core.times import format_instant
from sre.incidents.records.model import Milestone

# Each pair: the later one cannot lie before the earlier one.
_ORDER: tuple[tuple[Milestone, Milestone], ...] = (
    ("start", "acknowledged"),
    ("start", "mitigated"),
    ("start", "end"),
    ("detected", "acknowledged"),
    ("mitigated", "end"),
)


def order_violations(times: Mapping[Milestone, datetime]) -> dict[tuple[Milestone, Milestone], str]:
    """Return a sentence for each pair of milestones of which the second lies before the first, by the pair.

    Detection before the start is no violation: a forecast can be earlier than the harm (see `odd_times`).
    """
    return {
        (earlier, later): f"{later} ({format_instant(times[later])}) lies before {earlier} "
        f"({format_instant(times[earlier])})"
        for earlier, later in _ORDER
        if earlier in times and later in times and times[later] < times[earlier]
    }


def odd_times(times: Mapping[Milestone, datetime], *, is_over: bool) -> tuple[str, ...]:
    """Return a sentence for each time that can be right but seldom is."""
    odd = [f"{sentence}: one of the two is wrong." for sentence in order_violations(times).values()]
    start, detected = times.get("start"), times.get("detected")
    if start and detected and detected < start:
        odd.append("detected lies before start: right only if it was foreseen.")
    if "end" in times and not is_over:
        odd.append("end is given, but the status does not say that it is over.")
    return tuple(odd)
