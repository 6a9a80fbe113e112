"""The postmortem as Markdown. Every line is given, computed with its query, or marked as to be filled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sre.core.figures import figure_text, seconds_text
from sre.core.markdown import markdown_environment
from sre.core.times import format_instant
from sre.incidents.model import (
    ACTION_KINDS,
    ActionItem,
    Evidence,
    IncidentFacts,
    Measured,
    ServiceImpact,
    TimelineEvent,
)
from sre.incidents.response_times import ResponseTimes
from sre.incidents.targets import TargetResult

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
TO_FILL = "**TO FILL**"
_KIND_TITLES = {
    "prevent": "Prevent a repetition",
    "mitigate": "Limit the harm",
    "detect": "Notice sooner",
    "process": "Work together better",
    None: "Kind to be decided",
}


@dataclass(frozen=True, slots=True)
class Postmortem:
    """All that the document says.

    Attributes:
        timeline: Ordered, each event once.
        objective_ratio: What the burnt budget is a share of.
        budget_window: Window of that budget, for people.
        evaluated_at: End of the measured window: the end of the incident, or now while it goes on.
    """

    facts: IncidentFacts
    times: ResponseTimes
    targets: tuple[TargetResult, ...]
    timeline: tuple[TimelineEvent, ...]
    impacts: tuple[ServiceImpact, ...]
    evidence: tuple[Evidence, ...]
    gaps: tuple[str, ...]
    objective_ratio: float
    budget_window: str
    evaluated_at: datetime


def postmortem_markdown(postmortem: Postmortem) -> str:
    """Return the document; text from outside is escaped and can form nothing but text."""
    text = (
        _environment()
        .get_template("postmortem.md.j2")
        .render(
            p=postmortem,
            facts=postmortem.facts,
            times=postmortem.times,
            action_groups=_action_groups(postmortem.facts.action_items),
            objective=f"{postmortem.objective_ratio * 100:.10g} %",
        )
    )
    return text.strip() + "\n"


def impact_sentence(impact: ServiceImpact) -> str:
    """Return what a service lost, as plain text for a summary."""
    failed, requests = impact.failed_requests.value, impact.requests.value
    if failed is None or requests is None:
        return f"{impact.service}: no request numbers"
    share = f" ({figure_text(failed / requests, 'ratio')})" if requests else ""
    burnt = impact.budget_burnt_ratio.value
    budget = f", {figure_text(burnt, 'ratio')} of the error budget" if burnt is not None else ""
    return f"{impact.service}: {failed:,.0f} of {requests:,.0f} requests failed{share}{budget}"


def _environment() -> "Environment":
    filters: dict[str, Callable[..., object]] = {
        "utc": _utc,
        "minutes": _minutes,
        "count": lambda measured: _cited(measured, "count"),
        "ratio": lambda measured: _cited(measured, "ratio"),
        "seconds": lambda measured: _cited(measured, "seconds"),
        "evidence": _citation,
        "impact_sentence": impact_sentence,
        "met": {True: "met", False: "**missed**", None: "not known"}.__getitem__,
    }
    environment = markdown_environment(_TEMPLATES, filters)
    environment.globals |= {"TO_FILL": TO_FILL}
    return environment


def _utc(at: datetime | None) -> str:
    return TO_FILL if at is None else format_instant(at.replace(microsecond=0))


def _minutes(minutes: float | None) -> str:
    return TO_FILL if minutes is None else seconds_text(minutes * 60)


def _cited(measured: Measured, unit: str) -> str:
    if measured.value is None:
        return "no data"
    value = f"{measured.value:,.0f}" if unit == "count" else figure_text(measured.value, unit)
    return value + _citation(measured.evidence)


def _citation(numbers: Sequence[int]) -> str:
    return " (" + ", ".join(f"E{number}" for number in numbers) + ")" if numbers else ""


def _action_groups(items: Sequence[ActionItem]) -> list[tuple[str, list[ActionItem]]]:
    groups = [(_KIND_TITLES[kind], [item for item in items if item.kind == kind]) for kind in (*ACTION_KINDS, None)]
    return [(title, members) for title, members in groups if members]
