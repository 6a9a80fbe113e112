"""Live resources: what the server knows at the moment a client asks, not what was written into it."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from anyio import to_thread
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.server.mcpserver.resources import FunctionResource

from sre.core.errors import ConfigError, SreError
from sre.core.text import HIDDEN_CATEGORIES, nearest_names, quoted

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mcp.server import MCPServer

    from connectors.openslo.files import BrokenDocument
    from connectors.openslo.folder import RegisteredSlo, Registry, SloFolder
    from server.deps import Deps
    from sre.incidents.records.model import Incident

SLOS_URI: Final = "sre://slos"
RUNBOOKS_URI: Final = "sre://runbooks"
INCIDENTS_URI: Final = "sre://incidents"
_MARKDOWN: Final = "text/markdown"
_YAML: Final = "application/yaml"
# What a client can take in; the tool `list_slos` ranks and filters.
_MAX_ROWS = 500
_MAX_PROBLEMS = 3
_MAX_NAMED = 10
# A page that people wrote on for years is still far below this.
_MAX_RUNBOOK_BYTES = 200_000
_ALERT_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")


def register(server: MCPServer[Deps], deps: Deps) -> None:
    """Add the resources that are made anew each time they are read."""

    async def slos() -> str:
        return await slos_text(deps)

    async def slo_document(slo: str) -> str:
        return await slo_document_text(deps, slo)

    async def incidents() -> str:
        return await incidents_text(deps)

    async def incident(id: str) -> str:  # noqa: A002  # named in the URI
        return await incident_text(deps, id)

    async def runbook(alert: str) -> str:
        return await to_thread.run_sync(runbook_text, deps, alert)

    server.resource(
        RUNBOOKS_URI + "/{alert}",
        name="runbook",
        title="The runbook of an alert",
        description="As it stands in runbooks/ below the output folder; `generate_runbook` writes it there.",
        mime_type=_MARKDOWN,
    )(runbook)
    server.add_resource(
        FunctionResource(
            uri=SLOS_URI,
            name="slos",
            title="The SLOs that are defined",
            description="Live: each SLO of the registry with objective, window and file; documents that are broken.",
            mime_type=_MARKDOWN,
            fn=slos,
        )
    )
    server.resource(
        SLOS_URI + "/{slo}",
        name="slo_document",
        title="The OpenSLO document of an SLO",
        description="As it stands in its file, comments and all.",
        mime_type=_YAML,
    )(slo_document)
    server.add_resource(
        FunctionResource(
            uri=INCIDENTS_URI,
            name="incidents",
            title="The incidents that are recorded",
            description="Live: each incident with severity, status and actions, the most urgent first.",
            mime_type=_MARKDOWN,
            fn=incidents,
        )
    )
    server.resource(
        INCIDENTS_URI + "/{id}",
        name="incident",
        title="The record of an incident",
        description="Such as INC-7: times, deadlines, notes, causes, actions, and who recorded what and when.",
        mime_type=_MARKDOWN,
    )(incident)


async def slos_text(deps: Deps) -> str:
    """Return the registry as a Markdown page."""
    if deps.slo_folder is None:
        return "# SLOs\n\nNo SLO folder is configured: set SRE_MCP_SLO_DIR.\n"
    registry = await _folder(deps).load_all()
    lines = ["# SLOs", "", *_table(registry), *_broken_lines(registry.broken)]
    lines += ["", "How they stand: call `list_slos`. A document: `sre://slos/<name>`.", ""]
    return "\n".join(lines)


async def slo_document_text(deps: Deps, name: str) -> str:
    """Return the document of an SLO.

    Raises:
        ResourceNotFoundError: No SLO has this name; lists those that exist.
    """
    try:
        text = await _folder(deps).document_text(name)
    except SreError as error:
        raise ResourceNotFoundError(error.explained()) from error
    return _visible(text)


async def incidents_text(deps: Deps) -> str:
    """Return the incidents as a Markdown page."""
    from sre.incidents.records.page import incidents_page

    if deps.journal is None:
        return "# Incidents\n\nThere is no place for records: set SRE_MCP_DATA_DIR.\n"
    known, now = await _incidents(deps), await _record_now(deps)
    return await to_thread.run_sync(lambda: incidents_page(known, now=now, limit=_MAX_ROWS))


async def incident_text(deps: Deps, reference: str) -> str:
    """Return the record of an incident as a Markdown page.

    Raises:
        ResourceNotFoundError: There is no such incident; lists the most urgent ones.
    """
    from sre.incidents.records.listing import by_urgency
    from sre.incidents.records.model import number_of
    from sre.incidents.records.page import incident_page

    number = number_of(reference)
    found = await _incidents(deps, number) if number else ()
    if not found:
        known = ", ".join(incident.reference for incident in by_urgency(await _incidents(deps))[:_MAX_NAMED])
        there = f"There are: {known}." if known else "None is recorded yet."
        raise ResourceNotFoundError(f"No incident is called {quoted(reference)}. {there}")
    now = await _record_now(deps)
    return await to_thread.run_sync(lambda: incident_page(found[0], now=now))


async def _incidents(deps: Deps, number: int | None = None) -> tuple[Incident, ...]:
    """Return all incidents, or the one of a number."""
    from sre.core.journal import StreamRef
    from sre.incidents.records.entries import incident_of, is_declared
    from sre.incidents.records.model import KIND

    try:
        journal = deps.records()
        streams = (await journal.entries(StreamRef(KIND, number)),) if number else await journal.streams(KIND)
    except SreError as error:
        raise ResourceNotFoundError(error.explained()) from error
    return await to_thread.run_sync(lambda: tuple(incident_of(entries) for entries in streams if is_declared(entries)))


async def _record_now(deps: Deps) -> datetime:
    return await deps.recorded_until() or deps.clock.now()


def runbook_text(deps: Deps, alert: str) -> str:
    """Return the runbook of an alert as it stands in a file, with what people have added to it.

    Raises:
        ResourceNotFoundError: There is none; lists those that exist.
    """
    pages = _runbook_files(deps)
    file = pages.get(alert) if _ALERT_NAME.fullmatch(alert) else None
    if file is None:
        close = nearest_names(alert, pages) or tuple(sorted(pages))[:_MAX_ROWS]
        known = f"There are: {', '.join(close[:20])}." if close else "There are none yet."
        raise ResourceNotFoundError(f"No runbook is named {quoted(alert)}. {known} generate_runbook writes one.")
    with file.open("rb") as stream:
        return _visible(stream.read(_MAX_RUNBOOK_BYTES).decode("utf-8", errors="replace"))


def _runbook_files(deps: Deps) -> dict[str, Path]:
    """Return the runbooks of the output folder and of the folders right below it, by alert."""
    root = deps.output_root
    if root is None or not root.is_dir():
        return {}
    found = [*root.glob("*/runbooks/*.md"), *root.glob("runbooks/*.md")]
    inside = [file for file in found if file.is_file() and file.resolve().is_relative_to(root.resolve())]
    return {file.stem: file for file in inside}


def _visible(text: str) -> str:
    # Line breaks and tabs are part of the document, other controls and bidi characters only mislead.
    return "".join(character for character in text if character in "\n\t" or not _is_hidden(character))


def _folder(deps: Deps) -> SloFolder:
    from connectors.openslo.folder import SloFolder

    if deps.slo_folder is None:
        raise ConfigError("No SLO folder is configured.", setting="SRE_MCP_SLO_DIR")
    return SloFolder(deps.slo_folder, also=deps.demo_slo_folder)


def _table(registry: Registry) -> list[str]:
    if not registry.slos:
        return ["None is defined yet; `define_slo` makes one."]
    rows = [_row(one) for one in registry.slos[:_MAX_ROWS]]
    more = len(registry.slos) - len(rows)
    tail = ["", f"And {more} more."] if more else []
    return ["| SLO | Service | Objective | Window | Groups | File |", "|---|---|---|---|---|---|", *rows, *tail]


def _row(one: RegisteredSlo) -> str:
    from sre.core.exact import exact_number
    from sre.core.markdown import escaped

    slo = one.slo
    # Through text of few digits: 0.999 x 100 as floats is 99.90000000000001.
    objective = f"{exact_number(slo.objective_ratio * 100)} %"
    file = one.file if one.is_own else f"(demo) {one.file}"
    name, service, groups, shown = (
        escaped(text, limit=200) for text in (slo.name, slo.service, ", ".join(slo.group_by), file)
    )
    return f"| {name} | {service} | {objective} | {slo.window} | {groups} | {shown} |"


def _broken_lines(broken: tuple[BrokenDocument, ...]) -> list[str]:
    from sre.core.markdown import escaped

    if not broken:
        return []
    lines = ["", "## Broken documents", ""]
    for one in broken[:_MAX_ROWS]:
        lines.append(f"- {escaped(one.file, limit=200)} {escaped(one.name, limit=200)}".rstrip())
        lines += [f"  - {escaped(problem, limit=300)}" for problem in one.problems[:_MAX_PROBLEMS]]
        more = len(one.problems) - _MAX_PROBLEMS
        lines += [f"  - and {more} more"] if more > 0 else []
    return lines


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in HIDDEN_CATEGORIES
