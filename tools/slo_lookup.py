"""The one way a tool's argument `slo` becomes an SLO: a name in the registry, or an OpenSLO document itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sre.core.errors import ConfigError

if TYPE_CHECKING:
    from connectors.openslo.folder import SloFolder
    from server.deps import Deps
    from sre.core.slo.model import Slo

MAX_DOCUMENT_CHARS = 100_000

SloArgument = Annotated[str, Field(description="Name, or OpenSLO v1 YAML", max_length=MAX_DOCUMENT_CHARS)]


def slo_registry(deps: Deps) -> SloFolder:
    """Return the registry of SLO documents.

    Raises:
        ConfigError: No folder is configured for it.
    """
    from connectors.openslo.folder import SloFolder

    if deps.slo_folder is None:
        raise ConfigError(
            "No SLO folder is configured, so there are no SLOs by name.",
            setting="SRE_MCP_SLO_DIR",
            next_steps=(
                "set SRE_MCP_SLO_DIR in the server's environment to the folder they are kept in, or",
                "pass an OpenSLO v1 document where a name is asked for.",
            ),
        )
    return SloFolder(deps.slo_folder, also=deps.demo_slo_folder)


def is_document(text: str) -> bool:
    """Whether an argument is an OpenSLO document, not the name of one."""
    return "\n" in text.strip() or "apiVersion" in text


async def slo_of(deps: Deps, text: str) -> Slo:
    """Return the SLO that an argument names or spells out.

    Raises:
        ConfigError: A name, and no SLO folder is configured.
        InputError: No such SLO (lists the nearest), or a wrong document (lists every problem).
    """
    if is_document(text):
        from connectors.openslo.document import slo_from_text

        return slo_from_text(text)
    return await slo_registry(deps).load(text.strip())
