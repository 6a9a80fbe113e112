"""What to offer while somebody types an argument: names of services, sources, SLOs and incidents, and fixed choices.

Completion is a courtesy. It asks one source, within two seconds, and offers nothing rather than an error.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

import anyio

from connectors.base import MetricSource
from prompts.arguments import read_name
from prompts.registry import completion_choices
from server.deps import Deps
from sre.core.errors import SreError
from sre.core.times import Window

TIME_LIMIT_SECONDS = 2.0
# The protocol allows at most 100 values in an answer.
MAX_VALUES = 100
# Labels that name a service, best first: ours and Kubernetes' habit, then the label every Prometheus target has.
SERVICE_LABELS = ("service", "job")
# As the address of a record and the prompts name it.
_INCIDENT_ARGUMENTS = ("id", "incident")
_LOOKBACK = timedelta(hours=6)

_log = logging.getLogger(__name__)


async def completion_values(
    deps: Deps,
    *,
    argument_name: str,
    prefix: str,
    source: str | None = None,
    choices: Mapping[str, Sequence[str]] | None = None,
) -> list[str]:
    """Return up to 100 values for an argument: those that start with `prefix` first, then those that contain it.

    Args:
        source: A source already chosen in the same form; the default one if None.
        choices: Fixed values by argument name beside those of the prompts, such as the topics of the handbook.
    """
    try:
        offered = {**completion_choices(), **(choices or {})}
        return _matching(await _values(deps, argument_name, source=source, choices=offered), prefix)
    except SreError:
        return []
    except Exception:  # a form must stay usable, whatever a source does; the log keeps the trace
        _log.exception("completion of a prompt's argument failed")
        return []


async def _values(
    deps: Deps, argument_name: str, *, source: str | None, choices: Mapping[str, Sequence[str]]
) -> Iterable[str]:
    if argument_name == "service":
        return await _service_names(deps, source)
    if argument_name == "source":
        return deps.sources.names()
    if argument_name == "slo":
        return await _slo_names(deps)
    if argument_name in _INCIDENT_ARGUMENTS:
        return await _incident_references(deps)
    return choices.get(argument_name, ())


async def _slo_names(deps: Deps) -> Iterable[str]:
    if deps.slo_folder is None:
        return ()
    from connectors.openslo.folder import SloFolder

    with anyio.move_on_after(TIME_LIMIT_SECONDS):
        return await SloFolder(deps.slo_folder, also=deps.demo_slo_folder).names()
    return ()


async def _incident_references(deps: Deps) -> Iterable[str]:
    """Return how the incidents are called, the most urgent first."""
    if deps.journal is None:
        return ()
    from sre.incidents.records.entries import incident_of, is_declared
    from sre.incidents.records.listing import by_urgency
    from sre.incidents.records.model import KIND

    with anyio.move_on_after(TIME_LIMIT_SECONDS):
        streams = await deps.journal.streams(KIND)
        return [one.reference for one in by_urgency(incident_of(kept) for kept in streams if is_declared(kept))]
    return ()


async def _service_names(deps: Deps, source_name: str | None) -> list[str]:
    configured = sorted(deps.services)
    if not deps.sources.names():
        return configured
    found: dict[str, tuple[str, ...]] = {}
    with anyio.move_on_after(TIME_LIMIT_SECONDS):
        await _read_labels(deps, deps.sources.metric(source_name), found)
    names = [*configured, *(name for label in SERVICE_LABELS for name in found.get(label, ()))]
    return [name for name in dict.fromkeys(names) if _is_usable(name)]


async def _read_labels(deps: Deps, source: MetricSource, found: dict[str, tuple[str, ...]]) -> None:
    """Fill `found` label by label, so that what came in time is offered when the rest did not."""
    end = await deps.now_of(source)
    window = Window(end - _LOOKBACK, end)

    async def read(label: str) -> None:
        # One label that cannot be read leaves the other.
        with suppress(SreError):
            found[label] = await source.label_values(label, window=window)

    async with anyio.create_task_group() as group:
        for label in SERVICE_LABELS:
            group.start_soon(read, label)


def _is_usable(name: str) -> bool:
    # A label value is outside text: what the prompt would refuse or rewrite is not offered.
    try:
        return read_name(name, "service") == name
    except SreError:
        return False


def _matching(values: Iterable[str], prefix: str) -> list[str]:
    wanted = prefix.strip().lower()
    names = list(values)
    starting = [name for name in names if name.lower().startswith(wanted)]
    containing = [name for name in names if wanted in name.lower()]
    return list(dict.fromkeys([*starting, *containing]))[:MAX_VALUES]
