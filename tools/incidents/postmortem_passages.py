"""The texts of an incident, and where each stands, to look for words that blame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.incidents.blameless import LanguageFinding, Passage, language_findings

if TYPE_CHECKING:
    from sre.incidents.model import IncidentFacts


def blaming_words(told: IncidentFacts, recorded: IncidentFacts | None) -> tuple[LanguageFinding, ...]:
    """Return what to rephrase: of what was told by its field, of a record by its entry."""
    both = [told, *([recorded] if recorded else [])]
    people = {name for facts in both for name in _people(facts)}
    services = tuple(dict.fromkeys(service for facts in both for service in facts.services))
    passages = [*_told(told, recorded), *(_recorded(recorded) if recorded else [])]
    return language_findings(passages, people=sorted(people - {""}), services=services)


def _people(facts: IncidentFacts) -> list[str]:
    return [
        *(event.who for event in facts.events),
        *(item.owner for item in facts.action_items),
        *(person for _, person in facts.roles),
    ]


def _told(facts: IncidentFacts, recorded: IncidentFacts | None) -> list[Passage]:
    title = [] if recorded and facts.title == recorded.title else [Passage("title", facts.title)]
    return [*title, *_texts(facts)]


def _recorded(facts: IncidentFacts) -> list[Passage]:
    cites = {
        **facts.cites,
        **{f"events[{n}]": event.cite for n, event in enumerate(facts.events)},
        **{f"causes[{n}]": cause.cite for n, cause in enumerate(facts.causes)},
        **{f"action_items[{n}]": item.cite for n, item in enumerate(facts.action_items)},
    }
    return [
        Passage(cites.get(passage.where) or passage.where, passage.text)
        for passage in (Passage("title", facts.title), *_texts(facts))
    ]


def _texts(facts: IncidentFacts) -> list[Passage]:
    return [
        Passage("impact", facts.impact),
        *(Passage(f"events[{n}]", event.text) for n, event in enumerate(facts.events)),
        *(Passage(f"causes[{n}]", f"{cause.text} {cause.evidence}") for n, cause in enumerate(facts.causes)),
        *(Passage(f"went_well[{n}]", text) for n, text in enumerate(facts.went_well)),
        *(Passage(f"went_badly[{n}]", text) for n, text in enumerate(facts.went_badly)),
        *(Passage(f"lucky[{n}]", text) for n, text in enumerate(facts.lucky)),
        *(Passage(f"action_items[{n}]", item.title) for n, item in enumerate(facts.action_items)),
    ]
