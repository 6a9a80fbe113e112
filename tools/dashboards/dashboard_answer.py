"""What `generate_dashboard` answers with."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sre.core.text import cleaned, listed, quoted
from tools.answer import Instant, Part
from tools.artefacts import ArtefactAnswer, CheckAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sre.dashboards.model import Dashboard
    from sre.dashboards.structure import Check
    from tools.dashboards.panel_run import PanelRun

_MAX_PROBLEMS = 12
_MAX_QUERY_CHARS = 200


class PanelAnswer(Part):
    """A panel; series is null where its queries were not run."""

    title: str
    unit: str
    queries: list[str]
    series: int | None = None
    problem: str | None = None


class DashboardAnswer(ArtefactAnswer):
    """A Grafana dashboard, and what each of its panels shows at the source."""

    RANKED: ClassVar[tuple[str, ...]] = ("panels",)

    uid: str = ""
    title: str = ""
    source: str | None = None
    at: Instant | None = Field(None, description="When the queries were run")
    panels: list[PanelAnswer] = Field(default_factory=list)


def panel_rows(dashboard: Dashboard, runs: Sequence[PanelRun]) -> list[PanelAnswer]:
    """Return a row a panel; where queries were run, with what they found. Long queries stand whole in the file."""
    by_panel = {id(run.panel): run for run in runs}
    rows = []
    for panel in dashboard.panels():
        run = by_panel.get(id(panel))
        rows.append(
            PanelAnswer(
                title=panel.title,
                unit=panel.unit,
                queries=[cleaned(target.expr, limit=_MAX_QUERY_CHARS) for target in panel.targets],
                series=run.series if run else None,
                problem=run.problem or None if run else None,
            )
        )
    return rows


def structure_answers(checks: Sequence[Check]) -> list[CheckAnswer]:
    """Return the checks of the dashboard's own structure."""
    return [
        CheckAnswer(name=check.name, tool="sre-mcp", ok=check.is_ok, detail=listed(check.problems)) for check in checks
    ]


def data_check(runs: Sequence[PanelRun], *, source: str | None, why_not: str) -> CheckAnswer:
    """Return whether every panel shows data.

    Args:
        why_not: Why the queries were not run; empty if they were.
    """
    name = "every panel shows data"
    if why_not:
        return CheckAnswer(name=name, tool="none", ok=None, detail=f"not run: {why_not}")
    unknown = [run for run in runs if run.series is None]
    broken = [run for run in runs if run.problem and run.series is not None]
    detail = f"{len(runs) - len(broken) - len(unknown)} of {len(runs)} panels"
    if unknown:
        detail += f"; {len(unknown)} not known: {listed([quoted(run.panel.title, limit=60) for run in unknown])}"
    ok = False if broken else None if unknown else True
    return CheckAnswer(name=name, tool=source or "", ok=ok, detail=detail)


def problem_lines(runs: Sequence[PanelRun]) -> list[str]:
    """Return a warning for each panel that shows nothing."""
    troubled = [run for run in runs if run.problem]
    lines = [f"Panel {quoted(run.panel.title, limit=60)}: {cleaned(run.problem, limit=400)}" for run in troubled]
    more = len(lines) - _MAX_PROBLEMS
    return [*lines[:_MAX_PROBLEMS], *([f"{more} more panels show nothing; see `panels`."] if more > 0 else [])]


def summary_of(answer: DashboardAnswer, runs: Sequence[PanelRun]) -> str:
    """Return what was made and whether its panels show data, in a sentence or two."""
    asked = [panel for panel in answer.panels if panel.queries]
    made = f"Dashboard {quoted(answer.title, limit=100)} (uid {answer.uid}) with {len(asked)} panels"
    broken = [check.name for check in answer.checks if check.tool == "sre-mcp" and check.ok is False]
    structure = f" Its structure is wrong: {listed(broken)}." if broken else ""
    if not runs:
        return f"{made}; its queries were not run.{structure}"
    empty = [run.panel.title for run in runs if run.problem and run.series is not None]
    unknown = sum(run.series is None for run in runs)
    if empty:
        names = listed([quoted(name, limit=60) for name in empty], limit=4)
        told = f"{len(empty)} show nothing at {answer.source}: {names}"
        return f"{made}; {told}; the reasons are in `warnings`.{structure}"
    if unknown:
        return f"{made}; {len(runs) - unknown} show data at {answer.source}, {unknown} could not be tried.{structure}"
    return f"{made}, each with data at {answer.source}.{structure}"
