"""Deploys near a change, as a source shows them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.text import cleaned
from sre.core.times import Window, epoch_ms, format_instant, instant_from_ms

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.base import DashboardStore, MetricSource
    from sre.core.deploys import Deploy

# Either side: a time that people remember is often that of the ticket (our choice).
_NEAR = timedelta(minutes=30)
_MOST = 3
_WEEK, _LATEST_SECONDS = timedelta(days=7), 10.0
_MAX_NAME = 60


async def deploys_near(
    source: MetricSource,
    change: datetime | None,
    services: tuple[str, ...],
    *,
    dashboards: DashboardStore | None,
) -> tuple[str, ...]:
    """Return deploys near the change in words, those of the services first; none where no change was named."""
    from tools.deploys import read_deploys

    if change is None:
        return ()
    # What was there before is needed to tell what is new.
    known = await read_deploys(source, Window(change - 2 * _NEAR, change + _NEAR), dashboards=dashboards)
    at_ms = epoch_ms(change)
    near = [one for one in known.deploys if abs(one.at_ms - at_ms) <= _NEAR.total_seconds() * 1000]
    own = [one for one in near if one.kind == "marked" or not services or one.service in services]
    ranked = sorted(own, key=lambda one: (one.kind == "restart", abs(one.at_ms - at_ms)))
    return tuple(_words(one) for one in ranked[:_MOST])


async def latest_deploys(
    source: MetricSource, now: datetime, services: tuple[str, ...], *, dashboards: DashboardStore | None
) -> tuple[str, ...]:
    """Return the latest deploys of a week in words, newest first; for a caller who did not say which one is meant."""
    from tools.deploys import read_deploys

    known = await read_deploys(source, Window(now - _WEEK, now), dashboards=dashboards, seconds=_LATEST_SECONDS)
    own = [one for one in known.deploys if one.kind != "restart" and (not services or one.service in services)]
    return tuple(_words(one) for one in reversed(own[-_MOST:]))


def _words(deploy: Deploy) -> str:
    at = format_instant(instant_from_ms(deploy.at_ms // 1000 * 1000))
    name, old, new = (cleaned(text, limit=_MAX_NAME) for text in (deploy.service, deploy.before, deploy.after))
    if deploy.kind == "restart":
        return f"{name} restarted at {at}"
    if deploy.kind == "marked":
        return f"{new} (annotation) at {at}"
    return f"{name} {f'{old} -> {new}' if old else new} at {at}"
