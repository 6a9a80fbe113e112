"""Live resources: what the server knows at the moment a client asks, not what was written into it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.server.mcpserver.resources import FunctionResource

from sre.core.errors import ConfigError, SreError
from sre.core.text import HIDDEN_CATEGORIES

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from connectors.openslo.files import BrokenDocument
    from connectors.openslo.folder import RegisteredSlo, Registry, SloFolder
    from server.deps import Deps

SLOS_URI: Final = "sre://slos"
_MARKDOWN: Final = "text/markdown"
_YAML: Final = "application/yaml"
# What a client can take in; the tool `list_slos` ranks and filters.
_MAX_ROWS = 500
_MAX_PROBLEMS = 3


def register(server: MCPServer[Deps], deps: Deps) -> None:
    """Add the resources that are made anew each time they are read."""

    async def slos() -> str:
        return await slos_text(deps)

    async def slo_document(slo: str) -> str:
        return await slo_document_text(deps, slo)

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
