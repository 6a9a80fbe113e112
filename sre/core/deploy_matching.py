"""Which deploy may be behind what changed: the nearest before it, never one after it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sre.core.deploys import Deploy

# Most outages begin within an hour of a change (handbook: incident-management).
WITHIN_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened, as far as that is known.

    Attributes:
        at_ms: The best guess.
        earliest_ms, latest_ms: It lies between these, both included.
    """

    at_ms: int
    earliest_ms: int
    latest_ms: int


@dataclass(frozen=True, slots=True)
class DeployMatch:
    """A deploy before something.

    Attributes:
        before_ms: How long before, >= 0; 0 where the two cannot be told apart.
        is_own: It was of a service that the changed series speak of.
    """

    deploy: Deploy
    before_ms: int
    is_own: bool


def deploys_before(
    moment: Moment, deploys: Sequence[Deploy], *, services: Collection[str], within_ms: int = WITHIN_MS
) -> tuple[DeployMatch, ...]:
    """Return the deploys that may be behind something that happened at a moment, the likeliest first.

    Those of the services themselves come first, and versions before restarts; among equals the nearest. A deploy whose
    time is known to lie after the moment is never among them; nor is a restart of another service, of which there are
    too many to mean anything.

    Args:
        services: The services that the changed series speak of; empty where they do not say.
        within_ms: How long before the earliest time of the moment a deploy may lie; and how much of the doubt about the
            moment is heeded, on each side of the best guess.
    """
    found = [
        DeployMatch(one, max(0, moment.at_ms - one.at_ms), one.service in services)
        for one in deploys
        if _may_precede(one, moment, within_ms)
    ]
    kept = [one for one in found if one.deploy.kind != "restart" or one.is_own]
    return tuple(sorted(kept, key=_rank))


def _may_precede(deploy: Deploy, moment: Moment, within_ms: int) -> bool:
    # Of something that is known to half a day only, every deploy of that day would be before it.
    first_ms = max(moment.earliest_ms, moment.at_ms - within_ms) - within_ms
    last_ms = min(moment.latest_ms, moment.at_ms + within_ms)
    # A deploy that is only known to lie between two looks may have been before the moment although it was seen after.
    return min(deploy.at_ms, deploy.after_ms) <= last_ms and deploy.at_ms >= first_ms


def _rank(match: DeployMatch) -> tuple[bool, bool, int, str]:
    # A mark names no service; it is as near to any as the service's own.
    is_near = match.is_own or match.deploy.kind == "marked"
    return (match.deploy.kind == "restart", not is_near, match.before_ms, match.deploy.service)
