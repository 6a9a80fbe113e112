"""Matchers of a silence as people write them, and which alerts they match.

Read are PromQL's `{alertname="X", service=~"a|b"}`, amtool's `alertname=X service=~a.*`, and a bare alert name.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sre.core.alerts import LabelMatcher
from sre.core.errors import InputError, RefusedError
from sre.core.labels import Labels
from sre.core.promql.matcher import Matcher, MatchOperator
from sre.core.text import quoted

FIELD: Final = "matchers"
EXAMPLES: Final = ('{alertname="CheckoutErrors", service="checkout"}', "alertname=CheckoutErrors")
_ALERT_NAME: Final = "alertname"
# Bounds on what a person would write (our choice).
_MAX_MATCHERS: Final = 20
_MAX_VALUE_CHARS: Final = 1000
_QUOTED: Final = r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\''
# A name outside the classic alphabet is written in quotes (Alertmanager, "UTF-8 matchers").
_MATCHER: Final = re.compile(
    rf"\s*(?P<name>[a-zA-Z_:][a-zA-Z0-9_:.\-]*|{_QUOTED})\s*(?P<op>=~|!~|!=|=)\s*(?P<value>{_QUOTED}|[^\s,;={{}}\"']*)\s*",
)
_SEPARATOR: Final = re.compile(r"\s*,?\s*")
_BARE_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:.\-]*")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t"}
# Values that no rule would ever have: what matches all of them matches anything.
_PROBES: Final = ("a", "0", "Zq7-never-seen_~§", "x" * 40)
_OPERATORS: Final[dict[tuple[bool, bool], MatchOperator]] = {
    (False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~",
}  # fmt: skip


def parse_matchers(text: str) -> tuple[LabelMatcher, ...]:
    """Return the matchers that `text` spells.

    Raises:
        InputError: It spells none, or something else beside them; a regular expression is none.
    """
    name, inside = _split(text)
    found = [*([LabelMatcher(_ALERT_NAME, name)] if name else []), *_each(inside)]
    if not found:
        raise _unreadable("matchers is empty")
    if len(found) > _MAX_MATCHERS:
        raise InputError(f"matchers has {len(found)} conditions; {_MAX_MATCHERS} are the most.", field=FIELD)
    for matcher in found:
        _check(matcher)
    return tuple(dict.fromkeys(found))


def matches(matchers: Sequence[LabelMatcher], labels: Labels) -> bool:
    """Return whether an alert with these labels is matched by all matchers; a missing label counts as empty."""
    return all(matches_value(matcher, labels.get(matcher.name, "")) for matcher in matchers)


def matches_value(matcher: LabelMatcher, value: str) -> bool:
    """Return whether one value of the matcher's label passes."""
    op = _OPERATORS[matcher.is_regex, matcher.is_equal]
    # Go's regular expressions, as the Alertmanager uses them, have a dot that stops at a line break.
    return Matcher(matcher.name, op, value=matcher.value, dot_newline=False).matches_value(value)


def is_narrow(matcher: LabelMatcher) -> bool:
    """Return whether a matcher asks for something: not negative, not the empty value, not any value at all."""
    if not matcher.is_equal or matches_value(matcher, ""):
        return False
    return not all(matches_value(matcher, probe) for probe in _PROBES)


def matchers_text(matchers: Sequence[LabelMatcher]) -> str:
    """Return matchers as PromQL writes them."""
    return "{" + ", ".join(str(matcher) for matcher in matchers) + "}"


def _split(text: str) -> tuple[str, str]:
    """Return the bare alert name in front, if there is one, and what is between the braces, if there are any."""
    spelt = text.strip()
    if _BARE_NAME.fullmatch(spelt):
        return spelt, ""
    head, brace, rest = spelt.partition("{")
    if not brace or not (head.strip() == "" or _BARE_NAME.fullmatch(head.strip())):
        return "", spelt
    if not rest.endswith("}"):
        raise _unreadable("the brace is not closed")
    return head.strip(), rest[:-1]


def _each(inside: str) -> Iterator[LabelMatcher]:
    position = 0
    while position < len(inside) and inside[position:].strip():
        match = _MATCHER.match(inside, position)
        if match is None:
            raise _unreadable(f"not a matcher from here: {quoted(inside[position:], limit=60)}")
        op = match["op"]
        yield LabelMatcher(
            _plain(match["name"]), _plain(match["value"]), is_regex=op.endswith("~"), is_equal=not op.startswith("!")
        )
        separator = _SEPARATOR.match(inside, match.end())
        position = separator.end() if separator else match.end()


def _plain(spelt: str) -> str:
    if not spelt.startswith(('"', "'")):
        return spelt
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), spelt[1:-1])


def _check(matcher: LabelMatcher) -> None:
    if not matcher.name or len(matcher.name) > _MAX_VALUE_CHARS or len(matcher.value) > _MAX_VALUE_CHARS:
        raise InputError("A label name or value in matchers is empty or too long.", field=FIELD)
    try:
        (matcher.name + matcher.value).encode()
        matches_value(matcher, "")
    except UnicodeEncodeError:
        raise InputError("matchers holds half a character (a lone surrogate).", field=FIELD) from None
    except (InputError, RefusedError) as error:
        raise InputError(error.message, field=FIELD, next_steps=error.next_steps) from None


def _unreadable(problem: str) -> InputError:
    return InputError(f"matchers cannot be read: {problem}.", field=FIELD, valid=EXAMPLES)
