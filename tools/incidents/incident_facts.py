"""The facts of an incident as a caller gives them: strict, with every problem named at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from sre.core.errors import InputError
from sre.core.text import cleaned, quoted
from sre.incidents.model import (
    ACTION_KINDS,
    SEVERITIES,
    ActionItem,
    ActionKind,
    Cause,
    IncidentFacts,
    Severity,
    TimelineEvent,
)
from tools.incidents.given import Given, TimesReader

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_ITEMS = 200
_MAX_SLOS = 20
_MAX_PROBLEMS = 8
_OR_RECORD = ("or pass incident, such as INC-7, to write up what is recorded.",)
_Time = str | int | float
_Line = Annotated[str, Field(min_length=1, max_length=2_000)]
_Word = Annotated[str, Field(max_length=200)]


def _as_text(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


def _as_title(value: object) -> object:
    return {"title": value} if isinstance(value, str) else value


class _Event(Given):
    time: _Time
    text: _Line
    who: _Word = ""


class _Cause(Given):
    text: _Line
    evidence: Annotated[str, Field(max_length=2_000)] = ""


class _Action(Given):
    title: _Line
    kind: ActionKind | None = None
    owner: _Word = ""
    due: _Word = ""


_Lines = Annotated[list[_Line], Field(max_length=_MAX_ITEMS, default_factory=list)]


class GivenFacts(Given):
    """The `facts` argument; a cause or an action may be just its sentence."""

    detected_at: _Time | None = None
    acknowledged_at: _Time | None = None
    mitigated_at: _Time | None = None
    severity: Severity | None = None
    impact: Annotated[str, Field(max_length=2_000)] = ""
    users: _Word = ""
    slos: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=_MAX_SLOS, default_factory=list)]
    events: Annotated[list[_Event], Field(max_length=_MAX_ITEMS, default_factory=list)]
    causes: Annotated[
        list[Annotated[_Cause, BeforeValidator(_as_text)]], Field(max_length=_MAX_ITEMS, default_factory=list)
    ]
    went_well: _Lines
    went_badly: _Lines
    lucky: _Lines
    action_items: Annotated[
        list[Annotated[_Action, BeforeValidator(_as_title)]], Field(max_length=_MAX_ITEMS, default_factory=list)
    ]


class FactsReader(TimesReader):
    """Turns given facts into an incident, collecting what had to be assumed about times."""

    def incident(
        self,
        *,
        title: str,
        start: str,
        end: str,
        services: list[str],
        facts: Mapping[str, Any],
        record: IncidentFacts | None = None,
    ) -> IncidentFacts:
        """Return what the call says of the incident; what a record says is not repeated, but for title and start.

        Raises:
            InputError: A field is missing, wrong or unknown; or the incident ends before it starts.
        """
        given = _validated(facts)
        shown = cleaned(title) or (record.title if record else "")
        if not shown:
            raise InputError("title must say what happened, in a few words.", field="title", next_steps=_OR_RECORD)
        if not start.strip() and record is None:
            raise InputError("start must say when it began.", field="start", next_steps=_OR_RECORD)
        is_told = bool(start.strip()) or record is None
        started = self.at(start, "start") if is_told or record is None else record.start
        ended = self.at(end, "end") if end else None
        known_end = ended or (record.end if record else None)
        if known_end is not None and known_end <= started:
            raise InputError("end must lie after start.", field="end")
        return IncidentFacts(
            title=shown,
            start=started,
            end=ended,
            is_start_assumed=not is_told,
            detected_at=self.maybe_at(given.detected_at, "detected_at"),
            acknowledged_at=self.maybe_at(given.acknowledged_at, "acknowledged_at"),
            mitigated_at=self.maybe_at(given.mitigated_at, "mitigated_at"),
            severity=given.severity,
            services=tuple(dict.fromkeys(cleaned(service) for service in services if service.strip())),
            impact=given.impact,
            users=given.users,
            slos=tuple(dict.fromkeys(cleaned(slo) for slo in given.slos if slo.strip())),
            events=tuple(
                TimelineEvent(self.at(event.time, f"events[{n}].time"), event.text, event.who)
                for n, event in enumerate(given.events)
            ),
            causes=tuple(Cause(cause.text, cause.evidence) for cause in given.causes),
            went_well=tuple(given.went_well),
            went_badly=tuple(given.went_badly),
            lucky=tuple(given.lucky),
            action_items=tuple(ActionItem(a.title, a.kind, a.owner, a.due) for a in given.action_items),
        )


def _validated(facts: Mapping[str, Any]) -> GivenFacts:
    try:
        return GivenFacts.model_validate(dict(facts))
    except ValidationError as error:
        raise _explained(error) from None


def _explained(error: ValidationError) -> InputError:
    found = error.errors(include_url=False, include_input=False)[:_MAX_PROBLEMS]
    problems = [f"{_path(problem['loc'])}: {_reason(problem['type'], problem['msg'])}" for problem in found]
    first = problems[0].split(":", 1)[0].split(".", 1)[0]
    return InputError(
        f"facts has {error.error_count()} problem{'s' if error.error_count() != 1 else ''}: {'; '.join(problems)}.",
        field=f"facts.{first}",
        valid=_valid_for(problems[0], error),
        next_steps=("keys of facts: " + ", ".join(GivenFacts.model_fields),),
    )


def _path(parts: tuple[int | str, ...]) -> str:
    return cleaned(".".join(str(part) for part in parts), limit=80)


def _valid_for(problem: str, error: ValidationError) -> tuple[str, ...]:
    kind = error.errors(include_url=False, include_input=False)[0]["type"]
    if kind != "literal_error":
        return ()
    return SEVERITIES if problem.startswith("severity") else ACTION_KINDS


def _reason(kind: str, message: str) -> str:
    return "is not a known key" if kind == "extra_forbidden" else quoted(message)
