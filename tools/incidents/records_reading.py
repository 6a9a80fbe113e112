"""What a caller says about an incident, read strictly, every problem named at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from sre.core.errors import InputError
from sre.core.text import cleaned, cleaned_lines, listed, quoted
from sre.incidents.cadence import AUDIENCES, Audience
from sre.incidents.records.changing import Addition
from sre.incidents.records.model import LESSONS, MILESTONES, ROLES, Milestone, Role
from tools.incidents.given import Given

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sre.core.journal import JsonValue
    from tools.recording import RecordTime

MAX_TITLE_CHARS = 200
MAX_NOTE_CHARS = 4_000
MAX_NAME_CHARS = 200
_MAX_UPDATE_CHARS = 10_000
_MAX_ITEMS = 100
_MAX_PROBLEMS = 8
_ADDRESS = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)
# As people and other tools spell them.
_MILESTONES: Mapping[str, Milestone] = {
    **{name: name for name in MILESTONES},
    "started": "start", "started_at": "start", "start_at": "start", "start_time": "start",
    "detected_at": "detected", "acknowledged_at": "acknowledged", "mitigated_at": "mitigated",
    "ended": "end", "ended_at": "end", "end_at": "end", "end_time": "end", "resolved": "end", "resolved_at": "end",
}  # fmt: skip
_ROLES: Mapping[str, Role] = {
    **{name: name for name in ROLES},
    "commander": "incident_commander", "ic": "incident_commander",
    "lead": "tech_lead", "technical_lead": "tech_lead", "operations": "tech_lead",
    "comms": "communications", "communication": "communications", "communications_lead": "communications",
}  # fmt: skip
# One of a thing, where the key is for several.
_SEVERAL = {"cause": "causes", "link": "links", "service": "services", "slo": "slos", "sent_updates": "sent_update"}

_Note = Annotated[str, Field(min_length=1, max_length=MAX_NOTE_CHARS)]
_Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)]
_Time = str | int | float


def _as_list(value: object) -> object:
    return value if isinstance(value, list) or value is None else [value]


def _named_text(name: str) -> BeforeValidator:
    return BeforeValidator(lambda value: {name: value} if isinstance(value, str) else value)


class GivenEvent(Given):
    """Something that happened; just its words mean now."""

    text: _Note
    time: _Time = ""
    who: Annotated[str, Field(max_length=MAX_NAME_CHARS)] = ""
    evidence: Annotated[str, Field(max_length=MAX_NOTE_CHARS)] = ""


class _GivenCause(Given):
    text: _Note
    evidence: Annotated[str, Field(max_length=MAX_NOTE_CHARS)] = ""


class _GivenLink(Given):
    url: Annotated[str, Field(min_length=1, max_length=2_000)]
    title: Annotated[str, Field(max_length=MAX_NAME_CHARS)] = ""


class _GivenUpdate(Given):
    audience: Audience
    text: Annotated[str, Field(min_length=1, max_length=_MAX_UPDATE_CHARS)]
    time: _Time = ""


_Notes = Annotated[list[_Note], Field(max_length=_MAX_ITEMS), BeforeValidator(_as_list)]
_Names = Annotated[list[_Name], Field(max_length=_MAX_ITEMS), BeforeValidator(_as_list)]


class GivenFacts(Given):
    """The `facts` of a record; lists of names replace, all other lists add."""

    impact: Annotated[str, Field(max_length=MAX_NOTE_CHARS)] = ""
    services: _Names | None = None
    slos: _Names | None = None
    evidence: Annotated[str, Field(max_length=MAX_NOTE_CHARS)] = ""
    causes: Annotated[
        list[Annotated[_GivenCause, _named_text("text")]], Field(max_length=_MAX_ITEMS), BeforeValidator(_as_list)
    ] = Field(default_factory=list)
    went_well: _Notes = Field(default_factory=list)
    went_badly: _Notes = Field(default_factory=list)
    lucky: _Notes = Field(default_factory=list)
    links: Annotated[
        list[Annotated[_GivenLink, _named_text("url")]], Field(max_length=_MAX_ITEMS), BeforeValidator(_as_list)
    ] = Field(default_factory=list)
    sent_update: Annotated[list[_GivenUpdate], Field(max_length=_MAX_ITEMS), BeforeValidator(_as_list)] = Field(
        default_factory=list
    )

    @model_validator(mode="before")
    @classmethod
    def _as_named(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return {_SEVERAL.get(str(name), name): value for name, value in given.items()}


class _GivenEvents(Given):
    events: Annotated[list[Annotated[GivenEvent, _named_text("text")]], Field(max_length=_MAX_ITEMS)]


@dataclass(slots=True)
class RecordReader:
    """Reads the parts of a call, collecting what is wrong with them; `check` raises it all at once.

    Attributes:
        time: Resolves times and collects what had to be assumed about them.
        problems: Sentences without their full stop.
    """

    time: RecordTime
    problems: list[str] = field(default_factory=list)
    _fields: list[str] = field(default_factory=list)
    _valid: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Raise an error that names all problems, if there are any.

        Raises:
            InputError: With the first problem's field and valid values.
        """
        if not self.problems:
            return
        shown = "; ".join(self.problems[:_MAX_PROBLEMS])
        more = f" and {len(self.problems) - _MAX_PROBLEMS} more" if len(self.problems) > _MAX_PROBLEMS else ""
        raise InputError(f"Nothing was recorded: {shown}{more}.", field=self._fields[0], valid=self._valid)

    def wrong(self, name: str, problem: str, *, valid: Sequence[str] = ()) -> None:
        """Note a problem with an argument."""
        if not self.problems:
            self._valid = list(valid)
        self.problems.append(problem)
        self._fields.append(name)

    def kept(self, name: str, read: Callable[[], Any]) -> Any:
        """Return what `read` returns; its error is noted and gives None."""
        try:
            return read()
        except InputError as error:
            self.wrong(name, error.message.rstrip("."), valid=error.valid)
            return None

    def at(self, spelt: _Time, name: str) -> datetime | None:
        """Return the time that was said; None where nothing was."""
        if spelt == "":
            return None
        return cast("datetime | None", self.kept(name, lambda: self.time.read(spelt, field=name)))

    def roles(self, given: Mapping[str, Any]) -> dict[Role, str]:
        """Return persons by role; empty text or null takes a role back."""
        found: dict[Role, str] = {}
        for name, person in given.items():
            role = _ROLES.get(_key(name))
            if role is None:
                self.wrong("roles", f"there is no role {quoted(name, limit=80)}: {listed(ROLES)}", valid=ROLES)
            elif not (person is None or isinstance(person, str)):
                self.wrong("roles", f"roles.{role} is not the name of a person")
            else:
                found[role] = cleaned(person or "", limit=MAX_NAME_CHARS)
        return found

    def times(self, given: Mapping[str, Any]) -> dict[Milestone, datetime | None]:
        """Return times by milestone; null or empty text takes one back."""
        found: dict[Milestone, datetime | None] = {}
        for name, spelt in given.items():
            milestone = _MILESTONES.get(_key(name))
            if milestone is None:
                known = listed(MILESTONES)
                self.wrong("times", f"there is no milestone {quoted(name, limit=80)}: {known}", valid=MILESTONES)
            elif isinstance(spelt, bool) or not (spelt is None or isinstance(spelt, (str, int, float))):
                self.wrong("times", f"times.{milestone} is not a time")
            else:
                found[milestone] = self.at("" if spelt is None else spelt, f"times.{milestone}")
        return found

    def events(self, given: Sequence[Any]) -> list[Addition]:
        """Return events as notes with their own times."""
        try:
            events = _GivenEvents.model_validate({"events": list(given)}).events
        except ValidationError as error:
            self._explain(error, "", GivenEvent)
            return []
        return [self._event(event, f"events[{n}].time") for n, event in enumerate(events)]

    def facts(self, given: Mapping[str, Any]) -> GivenFacts:
        """Return the facts; none where they are wrong."""
        try:
            facts = GivenFacts.model_validate(dict(given))
        except ValidationError as error:
            self._explain(error, "facts.", GivenFacts)
            return GivenFacts()
        for link in facts.links:
            if not _ADDRESS.fullmatch(link.url.strip()):
                self.wrong("facts", f"facts.links: not an http address: {quoted(link.url, limit=80)}")
        return facts

    def additions(self, facts: GivenFacts) -> list[Addition]:
        """Return what the facts add to a record."""
        causes = [_said("cause", text=one.text, evidence=one.evidence) for one in facts.causes]
        lessons = [_said("lesson", lesson=name, text=text) for name in LESSONS for text in getattr(facts, name)]
        links = [_said("link", url=one.url, title=one.title) for one in facts.links]
        return [*causes, *lessons, *links, *(self._update(one) for one in facts.sent_update)]

    def _event(self, event: GivenEvent, name: str) -> Addition:
        noted = _said("note", text=event.text, evidence=event.evidence)
        return Addition("note", noted.data, self.at(event.time, name), cleaned(event.who))

    def _update(self, update: _GivenUpdate) -> Addition:
        text = recorded_text(update.text, limit=_MAX_UPDATE_CHARS)
        data: dict[str, JsonValue] = {"audience": update.audience, "text": text}
        return Addition("update", data, self.at(update.time, "facts.sent_update.time"))

    def _explain(self, error: ValidationError, prefix: str, model: type[BaseModel]) -> None:
        for problem in error.errors(include_url=False, include_input=False):
            name = cleaned(prefix + ".".join(str(part) for part in problem["loc"]), limit=80)
            is_unknown, is_choice = problem["type"] == "extra_forbidden", problem["type"] == "literal_error"
            valid = tuple(model.model_fields) if is_unknown else AUDIENCES if is_choice else ()
            reason = "is not a known key" if is_unknown else quoted(problem["msg"])
            self.wrong(name.split(".", 1)[0], f"{name} {reason}", valid=valid)


def recorded_text(text: str, *, limit: int = MAX_NOTE_CHARS) -> str:
    """Return text for the record: its lines kept, nothing hidden in it."""
    return cleaned_lines(text, limit=limit)


def names_told(names: Sequence[str]) -> tuple[str, ...]:
    """Return names for the record, each once, without empty ones."""
    shown = (cleaned(name, limit=MAX_NAME_CHARS) for name in names)
    return tuple(dict.fromkeys(name for name in shown if name))


def _said(kind: str, /, **texts: str) -> Addition:
    return Addition(kind, {name: recorded_text(text) for name, text in texts.items() if text})


def _key(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")
