"""What a call of `page_oncall` is about, and what holds at its moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.text import cleaned
from tools.concurrent import outcome_of

if TYPE_CHECKING:
    from connectors.base import OncallSource
    from sre.core.oncall import OnCall, OncallService
    from sre.incidents.page_plan import PageAction, PagePlan
    from sre.incidents.records.model import Incident

# Of the 50 s of a call: looking, and enough left to do it and see what became of it (our choice).
LOOKING_SECONDS = 12.0
_MAX_NOTE = 2_000


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments of the call."""

    action: PageAction
    incident: str
    text: str
    severity: str
    service: str
    confirm: str


@dataclass(slots=True)
class Situation:
    """What holds at the moment of the call.

    Attributes:
        route: Where a trigger goes; None where that is not known.
        on_calls: None where they could not be read.
        notes: What the answer has to warn of.
    """

    source: OncallSource
    plan: PagePlan
    record: Incident | None = None
    route: OncallService | None = None
    on_calls: tuple[OnCall, ...] | None = None
    notes: list[str] = field(default_factory=list)


async def read_on_calls(source: OncallSource) -> tuple[OnCall, ...] | None:
    """Return who is on call now, or None where that cannot be read."""
    outcome = await outcome_of(source.on_calls, seconds=LOOKING_SECONDS, system=source.name)
    return None if isinstance(outcome, SreError) else outcome.items


def is_same_note(there: str, text: str) -> bool:
    """Whether a note says the same; how it is broken into lines is not read back as it was written."""
    return cleaned(there, limit=_MAX_NOTE) == cleaned(text, limit=_MAX_NOTE)
