"""The names a source knows: services, machines, places, alerts; none of them belongs into what customers read."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.times import Window
from tools.concurrent import all_of, outcome_of, seconds_left

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.base import MetricSource

_READ_SECONDS = 8.0
_LOOK_BACK = timedelta(hours=1)
_MAX_VALUES = 2_000
_PLACES = (
    "instance", "pod", "node", "host", "hostname", "nodename", "namespace", "container", "cluster", "zone", "database",
    "datname", "queue", "topic", "pool", "exported_instance",
)  # fmt: skip
_ALERT = "alertname"


async def names_at(source: MetricSource, *, at: datetime) -> tuple[dict[str, list[str]], str]:
    """Return names by kind (service, host, alert), and why some are missing; empty where all were read."""
    from sre.core.golden_conventions import conventions

    window = Window(at - _LOOK_BACK, at)
    kinds = dict.fromkeys(conventions().service_labels, "service") | dict.fromkeys(_PLACES, "host")
    kinds[_ALERT] = "alert"
    present = await outcome_of(lambda: source.label_names(window=window), seconds=_patience(), system=source.name)
    if isinstance(present, SreError):
        return {}, present.message
    labels = [label for label in kinds if label in present]
    values = await all_of([partial(_values, source, label, window) for label in labels])
    found: dict[str, list[str]] = {}
    problem = ""
    for label, each in zip(labels, values, strict=True):
        if isinstance(each, SreError):
            problem = each.message
            continue
        names = each[:_MAX_VALUES]
        found.setdefault(kinds[label], []).extend(names)
        # An address is a name with its port and without.
        found[kinds[label]] += [name.rsplit(":", 1)[0] for name in names if ":" in name]
    return found, problem


async def _values(source: MetricSource, label: str, window: Window) -> tuple[str, ...] | SreError:
    return await outcome_of(lambda: source.label_values(label, window=window), seconds=_patience(), system=source.name)


def _patience() -> float:
    return min(_READ_SECONDS, seconds_left())
