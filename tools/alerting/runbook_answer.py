"""What `generate_runbook` answers with."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sre.core.text import cleaned, listed
from tools.answer import Part
from tools.artefacts import ArtefactAnswer, CheckAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sre.alerting.runbook import Runbook


class RunbookRow(Part):
    """One alert and its page."""

    alert: str
    kind: str = Field(description="Kind of signal, read from the expression")
    severity: str
    queries: int
    with_data: int | None = Field(description="Null: no source was asked")


class RunbookAnswer(ArtefactAnswer):
    """Runbooks, one an alert."""

    RANKED: ClassVar[tuple[str, ...]] = ("runbooks",)

    source: str | None = None
    runbooks: list[RunbookRow] = Field(default_factory=list)


def row_of(runbook: Runbook) -> RunbookRow:
    """Return the row of one page."""
    outcomes = [query for query in runbook.queries if query.outcome]
    return RunbookRow(
        alert=cleaned(runbook.alert),
        kind=runbook.kind,
        severity=cleaned(", ".join(runbook.severities)),
        queries=len(runbook.queries),
        with_data=sum(query.has_data is True for query in outcomes) if outcomes else None,
    )


def summary_of(runbooks: Sequence[Runbook]) -> str:
    """Return what was written and what is still to fill in."""
    names = listed([cleaned(runbook.alert, limit=80) for runbook in runbooks], limit=5)
    pages = "1 runbook" if len(runbooks) == 1 else f"{len(runbooks)} runbooks"
    empty = sum(query.is_empty_by_mistake for runbook in runbooks for query in runbook.queries)
    tried = any(query.outcome for runbook in runbooks for query in runbook.queries)
    data = (
        "its queries were not run, since no source answered"
        if not tried
        else "every query that should have data has it"
        if not empty
        else f"{empty} of the queries that should have data have none"
    )
    return f"{pages} ({names}): {data}. What only your team knows (commands, people) is marked TO FILL."


def checks_of(runbooks: Sequence[Runbook], *, source: str | None) -> list[CheckAnswer]:
    """Return for each page whether its queries parse and have data."""
    checks = []
    for runbook in runbooks:
        name = cleaned(runbook.alert, limit=80)
        checks.append(CheckAnswer(name=f"{name}: PromQL parses", tool="parser", ok=True))
        tried = [query for query in runbook.queries if query.has_data is not None]
        empty = [query.asked.query for query in tried if query.is_empty_by_mistake]
        checks.append(
            CheckAnswer(
                name=f"{name}: queries have data",
                tool=source or "none",
                ok=None if not tried else not empty,
                detail=f"no data: {cleaned('; '.join(empty), limit=400)}" if empty else "" if tried else "not run",
            )
        )
    return checks
