"""A rule changed inside the text of its file: as few lines as possible, and proven by reading the file again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import unified_diff
from functools import cached_property
from typing import Final

from yaml import Node

from sre.alerting.rule_editing import CannotEditError, Editor, Rule, fields_of, rule_lists
from sre.core.errors import InputError
from sre.core.rules import RuleFile, read_rule_file, rule_file_yaml
from sre.core.rules.model import RuleGroup

_CONTEXT_LINES: Final = 2
_NO_NEWLINE: Final = "\\ No newline at end of file\n"


@dataclass(frozen=True)
class RuleText:
    """A rule file as it stands, with what it says.

    Attributes:
        path: For the header of a diff.
        is_ours: Whether we wrote the text, because the source tells rules and not files.
    """

    text: str
    file: RuleFile
    path: str
    is_ours: bool = False

    @classmethod
    def of_rules(cls, file: RuleFile) -> "RuleText":
        """Return rules as we write them."""
        return cls(rule_file_yaml(file), file, file.path, is_ours=True)

    def diff(self, index: int, changed: Rule | None) -> str:
        """Return a unified diff that changes one rule, or removes it; empty where the text cannot be edited safely.

        Args:
            index: Of the rule, counted over all groups.
            changed: The rule as it should be; None removes it.
        """
        edited = _edited(self, index, changed)
        return "" if edited is None else unified(self.text, edited, path=self.path or "rules.yml")

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of all groups."""
        return tuple(self.file.rules())

    @cached_property
    def rule_nodes(self) -> list[list[Node]] | None:
        """The rules of each group as nodes of the text; None where they are written in a way that is not edited."""
        return rule_lists(self.text)


def unified(before: str, after: str, *, path: str) -> str:
    """Return the difference of two texts as `patch` takes it, with two lines of context."""
    lines = unified_diff(
        _lines(before), _lines(after), fromfile=f"a/{path}", tofile=f"b/{path}", n=_CONTEXT_LINES, lineterm="\n"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}" for line in lines)


def _lines(text: str) -> list[str]:
    # Not splitlines(): a form feed or a Unicode separator ends no line for `patch`.
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def with_rule(file: RuleFile, index: int, changed: Rule | None) -> RuleFile:
    """Return the file with one rule changed or removed."""
    groups: list[RuleGroup] = []
    place = index
    for group in file.groups:
        rules = list(group.rules)
        if 0 <= place < len(rules):
            rules[place : place + 1] = [] if changed is None else [changed]
        place -= len(group.rules)
        groups.append(replace(group, rules=tuple(rules)))
    return replace(file, groups=tuple(groups))


def _edited(source: RuleText, index: int, changed: Rule | None) -> str | None:
    rule = source.rules[index]
    if rule == changed:
        return None
    attempts: tuple[Callable[[Editor], str], ...] = (
        lambda editor: _fields_edited(editor, rule, changed),
        lambda editor: _rule_rewritten(editor, changed),
    )
    for attempt in attempts:
        try:
            editor = Editor.of(source.text, source.rule_nodes, index)
            text = attempt(editor)
            if _says(text, source, editor, index, changed):
                return text
        except (InputError, CannotEditError):
            continue
    return None


def _says(edited: str, source: RuleText, editor: Editor, index: int, changed: Rule | None) -> bool:
    """Whether the edited file differs from the file in this one rule and as it should."""
    first, end = editor.surroundings()
    last = len(edited) - (len(source.text) - end)
    before, after = source.text[first:end], edited[first:last]
    is_inside = edited.startswith(source.text[:first]) and edited.endswith(source.text[end:])
    # What an anchor stands for may be used anywhere else.
    if is_inside and "&" not in before + after:
        place, count = editor.place, len(editor.items)
        rules = source.rules[index - min(place, 1) : index + min(count - place, 2)]
        wanted = [one for one in (*rules[: min(place, 1)], changed, *rules[min(place, 1) + 1 :]) if one is not None]
        if _rules_alone(before) == list(rules) and _rules_alone(after) == wanted:
            return True
    return read_rule_file(edited).groups == with_rule(source.file, index, changed).groups


def _rules_alone(text: str) -> list[Rule] | None:
    """Return the rules of some items of a list, None where they cannot be read by themselves."""
    try:
        return list(read_rule_file(f"groups:\n- name: g\n  rules:\n{text}").rules())
    except InputError:
        return None


def _fields_edited(editor: Editor, rule: Rule, changed: Rule | None) -> str:
    text = editor.text
    edits = editor.removal() if changed is None else editor.changes(fields_of(rule), fields_of(changed))
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _rule_rewritten(editor: Editor, changed: Rule | None) -> str:
    if changed is None:
        raise CannotEditError
    text = editor.text
    lines = rule_file_yaml(RuleFile((RuleGroup("g", (changed,)),))).splitlines()
    first = next(
        number for number, line in enumerate(lines) if line.lstrip().startswith("- alert:") or "- record:" in line
    )
    indent = len(lines[first]) - len(lines[first].lstrip())
    body = [line[indent + 2 :] for line in lines[first:]]
    padding = " " * editor.column
    written = f"\n{padding}".join(body)
    return text[: editor.start] + written + text[editor.end :]
