"""Functions that rewrite labels: label_replace, label_join; and the labels that absent() gives."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import takewhile

from sre.core.errors import InputError
from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql.frames import Vector, joined_rows
from sre.core.promql.matcher import Matcher
from sre.core.promql.regex import FullMatch
from sre.core.text import quoted

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_REFERENCE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))")
_NAME_CATEGORIES = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"})
# A number with a leading zero is a name to Go; more than a few digits are no group.
_GROUP_NUMBER = re.compile(r"0|[1-9][0-9]{0,5}")


def checked_label_name(name: str, *, role: str) -> str:
    """Return the name.

    Raises:
        InputError: It is no label name of the classic data model.
    """
    if _LABEL_NAME.fullmatch(name) is None:
        raise InputError(
            f"the {role} is not a label name: {quoted(name)}.", field="query", valid=("[a-zA-Z_][a-zA-Z0-9_]*",)
        )
    return name


def label_replace(vector: Vector, *, target: str, template: str, source: str, regex: FullMatch) -> Vector:
    """Return the vector with `target` set from the match of `regex` on the whole of `source`, where it matches."""
    checked_label_name(target, role="target label of label_replace")

    def rewritten(labels: Labels) -> Labels:
        groups = regex.groups(labels.get(source, ""))
        if groups is None:
            return labels
        return labels.replaced(**{target: _expanded(template, groups, regex.names)})

    return joined_rows(vector.relabelled([rewritten(labels) for labels in vector.labels]))


def label_join(vector: Vector, *, target: str, separator: str, sources: Sequence[str]) -> Vector:
    """Return the vector with `target` set to the values of `sources`, joined."""
    for source in sources:
        checked_label_name(source, role="source label of label_join")
    checked_label_name(target, role="target label of label_join")
    joined = [
        labels.replaced(**{target: separator.join(labels.get(source, "") for source in sources)})
        for labels in vector.labels
    ]
    return joined_rows(vector.relabelled(joined))


def absent_labels(matchers: Sequence[Matcher]) -> Labels:
    """Return the labels of absent(): those that the selector pins to one value, and pins only once."""
    pinned: dict[str, str] = {}
    spoilt: set[str] = set()
    for matcher in matchers:
        if matcher.name == METRIC_NAME:
            continue
        if matcher.op == "=" and matcher.name not in pinned:
            pinned[matcher.name] = matcher.value
        else:
            spoilt.add(matcher.name)
    return Labels((name, value) for name, value in pinned.items() if name not in spoilt)


def _expanded(template: str, groups: Sequence[str], names: Sequence[str]) -> str:
    """Return the template with $1, ${1}, $name and ${name} filled in; an unknown group is empty, $$ is a dollar.

    Source:
        Go, package regexp, Regexp.Expand: a name is as long as letters, digits and underscores go on.
    """

    def filled(reference: re.Match[str]) -> str:
        if reference[1]:
            return "$"
        written = reference[2] or reference[3]
        name = "".join(takewhile(_is_in_name, written))
        rest = written[len(name) :]
        if not name or (rest and reference[2]):
            return reference[0]
        return value(name) + rest

    def value(name: str) -> str:
        if _GROUP_NUMBER.fullmatch(name) is not None:
            return groups[int(name)] if int(name) < len(groups) else ""
        return next((groups[index] for index, own in enumerate(names) if own == name), "")

    return _REFERENCE.sub(filled, template)


def _is_in_name(character: str) -> bool:
    # Go's letters and digits; Python's `\w` also takes numerals such as a superscript two.
    return character == "_" or unicodedata.category(character) in _NAME_CATEGORIES
