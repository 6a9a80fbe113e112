"""What of a service could not be read, said in words: a failed query must never look like a quiet service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.errors import InputError
from sre.core.text import cleaned, listed, quoted, without_quotations
from sre.core.times import format_duration
from tools.metrics.health_reading import RECENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sre.core.errors import SreError
    from tools.metrics.health_reading import Reading, ServiceReadings

_RECENT_TEXT = format_duration(RECENT.seconds)


def failure_text(error: SreError) -> str:
    """Return why something could not be read, in our words alone: a verdict's reason is no place for text of others."""
    return f"could not be read: {without_quotations(error.message).rstrip('.')}"


def named_readings(readings: ServiceReadings) -> Mapping[str, Reading]:
    """Return the readings there are by the name a reader knows them by."""
    singles = {"errors": readings.errors, "latency": readings.latency, "traffic": readings.traffic}
    named = {name: one for name, one in singles.items() if one is not None}
    return named | {f"saturation ({cleaned(one.resource)})": one.reading for one in readings.saturation}


def unread_warnings(readings: ServiceReadings) -> list[str]:
    """Return a warning for each way in which the source left something out."""
    named = named_readings(readings)
    warnings = [f"{_sentence(name)} {failure_text(one.error)}." for name, one in named.items() if one.error is not None]
    alone = [name for name, one in named.items() if one.error is None and not one.is_compared]
    if alone:
        warnings.append(f"The earlier days could not be read, so nothing is compared with them: {listed(alone)}.")
    late = [name for name, one in named.items() if not one.has_recent]
    if late:
        warnings.append(
            f"The last {_RECENT_TEXT} could not be read, so what began just now may be missed: {listed(late)}."
        )
    if readings.unread_percentiles:
        warnings.append(f"Could not be read: {listed(readings.unread_percentiles)}.")
    return warnings


def unread_steps(service: str, readings: ServiceReadings) -> list[str]:
    """Return what to do about signals that could not be read."""
    failed = {name: one.error for name, one in named_readings(readings).items() if one.error is not None}
    wrong = [name for name, error in failed.items() if isinstance(error, InputError)]
    other = [name for name in failed if name not in wrong]
    steps = []
    if wrong:
        place = quoted(service, limit=80)
        steps.append(f"the query of {listed(wrong)} is wrong: correct it in the settings under services, {place}")
    if other:
        steps.append(f"ask again in a moment, or with a shorter window and baseline, for {listed(other)}")
    return steps


def _sentence(name: str) -> str:
    return name[:1].upper() + name[1:]
