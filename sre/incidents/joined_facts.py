"""What a record says and what a caller adds to it, as one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from sre.core.text import listed
from sre.incidents.model import IncidentFacts

_Item = TypeVar("_Item")
# Of these there is one each: what the caller says goes before the record.
_SINGLE: Final = ("end", "detected_at", "acknowledged_at", "mitigated_at", "severity", "impact", "users")
_NOT_A_WORD = re.compile(r"\W+")


def joined_facts(record: IncidentFacts, told: IncidentFacts) -> IncidentFacts:
    """Return both as one: lists are joined, each statement once, and what was told replaces what is recorded.

    Args:
        told: Has the record's own title and start, the latter marked as assumed, where the caller gave none.
    """
    changed = {name: getattr(told, name) for name in _SINGLE if getattr(told, name)}
    if not told.is_start_assumed:
        changed["start"] = told.start
    replaced = {*changed, *(["title"] if told.title != record.title else [])}
    return replace(
        record,
        **changed,
        title=told.title,
        is_start_assumed=record.is_start_assumed and told.is_start_assumed,
        services=tuple(dict.fromkeys((*record.services, *told.services))),
        slos=tuple(dict.fromkeys((*record.slos, *told.slos))),
        events=(*record.events, *told.events),
        causes=_joined(record.causes, told.causes, lambda cause: cause.text),
        went_well=_joined(record.went_well, told.went_well, str),
        went_badly=_joined(record.went_badly, told.went_badly, str),
        lucky=_joined(record.lucky, told.lucky, str),
        action_items=_joined(record.action_items, told.action_items, lambda item: item.title),
        cites={name: cite for name, cite in record.cites.items() if name not in replaced},
    )


def contradictions(record: IncidentFacts, told: IncidentFacts, *, reference: str) -> tuple[str, ...]:
    """Return a sentence about what was told otherwise than it is recorded; none where they agree."""
    differing = [
        name for name in _SINGLE if getattr(told, name) and getattr(record, name) not in ("", None, getattr(told, name))
    ]
    if not (told.is_start_assumed or record.is_start_assumed or told.start == record.start):
        differing.insert(0, "start")
    if not differing:
        return ()
    names = listed(differing)
    return (f"{reference} records another {names}; the draft has what the call says. update_incident corrects it.",)


def _joined(recorded: Sequence[_Item], told: Sequence[_Item], text_of: Callable[[_Item], str]) -> tuple[_Item, ...]:
    """Return all that is recorded, as it is, and of what was told what says something else."""
    known = {_words(text_of(item)) for item in recorded}
    return (*recorded, *(item for item in told if _words(text_of(item)) not in known))


def _words(text: str) -> str:
    return _NOT_A_WORD.sub(" ", text).strip().casefold()
