"""The services of a source, for questions that name none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.concurrent import seconds_left, within

if TYPE_CHECKING:
    from connectors.base import MetricSource
    from sre.core.times import Window

# Of the time of a call, what is kept for reading once the services are known.
_READING_SECONDS = 30.0


async def all_services(source: MetricSource, *, window: Window) -> tuple[str, ...]:
    """Return the values of the first label in use that is made to hold the name of a service; none where there is none.

    Only that one: a namespace holds all of them together, and a job is often the same thing once more.

    Raises:
        UpstreamError: The source did not say, or not in time.
    """
    from sre.core.golden_conventions import conventions

    present = await within(
        lambda: source.label_names(window=window),
        seconds=seconds_left(spare_seconds=_READING_SECONDS),
        system=source.name,
    )
    label = next((name for name in conventions().service_labels if name in present), None)
    if label is None:
        return ()
    return await within(
        lambda: source.label_values(label, window=window),
        seconds=seconds_left(spare_seconds=_READING_SECONDS),
        system=source.name,
    )
