"""How many people an incident hurt, where somebody wrote it in the words of its impact."""

import re
from dataclasses import replace

from sre.core.text import cleaned
from sre.incidents.model import IncidentFacts

_MAX_TEXT = 2_000
_NUMBER = r"\d{1,12}(?:[,. ]\d{3})*(?:\.\d{1,3})?\s?(?:k|m|thousand|million|%|percent|per cent)?"
_SHARE = r"all|every|most|nearly all|half|a third|a quarter|a tenth|no"
_PEOPLE = (
    "users?|customers?|shoppers?|visitors?|buyers?|clients?|subscribers?|tenants?|accounts?|people|persons?|guests?|"
    "patients?|students?|players?|drivers?|riders?|passengers?|merchants?|sellers?|employees?|colleagues?"
)
_WHICH = "paying|active|affected|new|registered|logged-in|mobile|business|premium|internal|external|private"
_HURT = re.compile(
    rf"\b(?:(?:about|around|roughly|some|nearly|almost|over|up to|at least|at most|more than|fewer than|less than)\s+)?"
    rf"(?:{_NUMBER}|{_SHARE})\s+(?:of\s+)?(?:all\s+|our\s+|the\s+|its\s+)?(?:(?:{_WHICH})\s+)?(?:{_PEOPLE})\b",
    re.IGNORECASE,
)


def people_hurt(impact: str) -> str:
    """Return the words of an impact that say how many people it hurt, such as `about 3,000 customers`, or none."""
    found = _HURT.search(cleaned(impact, limit=_MAX_TEXT))
    return found[0] if found else ""


def with_people_hurt(facts: IncidentFacts) -> IncidentFacts:
    """Return facts that say how many people were hurt, as far as the words of the impact do."""
    users = "" if facts.users else people_hurt(facts.impact)
    if not users:
        return facts
    cites = {"users": facts.cites["impact"]} if "impact" in facts.cites else {}
    return replace(facts, users=users, cites={**facts.cites, **cites})
