"""A rule changed inside the text of its file: as few lines as possible, and proven by reading the file again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff
from functools import cached_property
from typing import Final

import yaml
from yaml import MappingNode, Node, SequenceNode

from sre.core.errors import InputError
from sre.core.rules import AlertRule, RecordingRule, RuleFile, read_rule_file, rule_file_yaml
from sre.core.rules.model import RuleGroup
from sre.core.times import format_duration

Rule = AlertRule | RecordingRule
_CONTEXT_LINES: Final = 2
_NO_NEWLINE: Final = "\\ No newline at end of file\n"
# Where a field that was not there belongs: behind the last of these that is.
_ORDER: Final = ("alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations")


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
        return _rule_lists(self.text)


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
    attempts: tuple[Callable[[_Editor], str], ...] = (
        lambda editor: _fields_edited(editor, rule, changed),
        lambda editor: _rule_rewritten(editor, changed),
    )
    for attempt in attempts:
        try:
            editor = _Editor.of(source, index)
            text = attempt(editor)
            if _says(text, source, editor, index, changed):
                return text
        except (InputError, _CannotEditError):
            continue
    return None


def _says(edited: str, source: RuleText, editor: "_Editor", index: int, changed: Rule | None) -> bool:
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


class _CannotEditError(Exception):
    """The text is written in a way that this kind of edit does not know."""


@dataclass(frozen=True, slots=True, order=True)
class _Edit:
    """Text put in place of [start, end); insertions have start == end."""

    start: int
    end: int
    text: str


def _fields_edited(editor: "_Editor", rule: Rule, changed: Rule | None) -> str:
    text = editor.text
    edits = editor.removal() if changed is None else editor.changes(_fields(rule), _fields(changed))
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _rule_rewritten(editor: "_Editor", changed: Rule | None) -> str:
    if changed is None:
        raise _CannotEditError
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


Fields = Mapping[str, str | Mapping[str, str]]


def _fields(rule: Rule) -> Fields:
    if isinstance(rule, RecordingRule):
        return {"record": rule.record, "expr": rule.expr, "labels": rule.labels}
    return {
        "alert": rule.alert,
        "expr": rule.expr,
        "for": format_duration(rule.for_seconds) if rule.for_seconds else "",
        "keep_firing_for": format_duration(rule.keep_firing_for_seconds) if rule.keep_firing_for_seconds else "",
        "labels": rule.labels,
        "annotations": rule.annotations,
    }


@dataclass(frozen=True, slots=True)
class _Editor:
    """Knows where one rule stands in a text."""

    text: str
    node: MappingNode
    items: Sequence[Node]
    place: int

    @classmethod
    def of(cls, source: RuleText, index: int) -> "_Editor":
        for items in source.rule_nodes or ():
            if index < len(items):
                node = items[index]
                if not isinstance(node, MappingNode) or node.flow_style:
                    raise _CannotEditError
                return cls(source.text, node, items, index)
            index -= len(items)
        raise _CannotEditError

    @property
    def column(self) -> int:
        return int(self.node.start_mark.column)

    @property
    def start(self) -> int:
        return int(self.node.start_mark.index)

    @property
    def end(self) -> int:
        return self._end_of(self.node)

    def surroundings(self) -> tuple[int, int]:
        """Return from where to where the lines of the rule and of those next to it reach."""
        neighbours = self.items[max(0, self.place - 1) : self.place + 2]
        first = self.text.rfind("\n", 0, neighbours[0].start_mark.index) + 1
        return first, self._line_end(self._end_of(neighbours[-1]))

    def removal(self) -> list[_Edit]:
        """Return the edit that takes the whole item out, with the comment lines right above it."""
        first = self.text.rfind("\n", 0, self.start) + 1
        if self.text[first : self.start].strip() != "-":
            raise _CannotEditError
        while first > 0:
            above = self.text.rfind("\n", 0, first - 1) + 1
            if not self.text[above : first - 1].strip().startswith("#"):
                break
            first = above
        # The empty line that set it off goes with it, unless another rule begins right behind.
        last = self._line_end(self.end)
        if self.text[last : last + 1] == "\n" and self.text[:first].endswith("\n\n"):
            last += 1
        elif last >= len(self.text.rstrip()) and self.text[:first].endswith("\n\n"):
            first -= 1
        return [_Edit(first, last, "")]

    def changes(self, old: Fields, new: Fields) -> list[_Edit]:
        """Return the edits that turn the fields into others."""
        edits: list[_Edit] = []
        for name in dict.fromkeys((*old, *new)):
            before, after = old.get(name, ""), new.get(name, "")
            if before == after:
                continue
            if isinstance(before, str) and isinstance(after, str):
                edits += self._scalar(name, after)
            elif not isinstance(before, str) and not isinstance(after, str):
                edits += self._mapping(name, before, after)
            else:
                raise _CannotEditError
        return edits

    def _scalar(self, name: str, value: str) -> list[_Edit]:
        found = self._field(name)
        if found is None:
            return [self._insertion(name, f"{name}: {_scalar_text(value, column=self.column)}")]
        key, node = found
        if not value:
            return [self._line_removal(key, node)]
        written = _scalar_text(value, column=self.column)
        end = self._end_of(node)
        # Behind a block of text no comment can stay on the line.
        end = self._line_end(end) - 1 if "\n" in written and self.text.find("\n", end) >= 0 else end
        return [_Edit(node.start_mark.index, end, written)]

    def _mapping(self, name: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[_Edit]:
        found = self._field(name)
        if found is None:
            lines = [f"{name}:", *(f"  {_entry(key, value, column=self.column + 2)}" for key, value in after.items())]
            return [self._insertion(name, f"\n{' ' * self.column}".join(lines))]
        key, node = found
        if not after:
            return [self._line_removal(key, node)]
        if not isinstance(node, MappingNode) or not node.value:
            raise _CannotEditError
        if node.flow_style:
            return [_Edit(node.start_mark.index, self._end_of(node), _flow(after))]
        return self._entries(node, before, after)

    def _entries(self, node: MappingNode, before: Mapping[str, str], after: Mapping[str, str]) -> list[_Edit]:
        edits: list[_Edit] = []
        column = int(node.start_mark.column)
        entries = {key.value: (key, value) for key, value in node.value}
        for name, (key, value) in entries.items():
            if name not in after:
                edits.append(self._line_removal(key, value))
            elif before.get(name) != after[name]:
                edits.append(
                    _Edit(value.start_mark.index, self._end_of(value), _scalar_text(after[name], column=column))
                )
        added = [_entry(name, value, column=column) for name, value in after.items() if name not in entries]
        if added:
            end = self._line_end(self._end_of(node.value[-1][1]))
            edits.append(self._lines_at(end, [f"{' ' * column}{line}" for line in added]))
        return edits

    def _insertion(self, name: str, block: str) -> _Edit:
        before = _ORDER[: _ORDER.index(name)]
        ends = [self._end_of(value) for key, value in self.node.value if key.value in before]
        if not ends:
            raise _CannotEditError
        return self._lines_at(self._line_end(max(ends)), [" " * self.column + block])

    def _lines_at(self, place: int, lines: Sequence[str]) -> _Edit:
        missing = "" if place == 0 or self.text[place - 1] == "\n" else "\n"
        return _Edit(place, place, missing + "".join(f"{line}\n" for line in lines))

    def _line_removal(self, key: Node, value: Node) -> _Edit:
        first = self.text.rfind("\n", 0, key.start_mark.index) + 1
        if self.text[first : key.start_mark.index].strip():
            raise _CannotEditError
        return _Edit(first, self._line_end(self._end_of(value)), "")

    def _field(self, name: str) -> tuple[Node, Node] | None:
        return next(((key, value) for key, value in self.node.value if key.value == name), None)

    def _end_of(self, node: Node) -> int:
        """Return the place behind the last character of a value; YAML ends a block where the next token begins."""
        if isinstance(node, MappingNode) and node.value and not node.flow_style:
            return self._end_of(node.value[-1][1])
        end = int(node.end_mark.index)
        inside = self.text[node.start_mark.index : end]
        return int(node.start_mark.index) + len(inside.rstrip())

    def _line_end(self, place: int) -> int:
        """Return where the next line begins."""
        found = self.text.find("\n", place)
        return len(self.text) if found < 0 else found + 1


def _rule_lists(text: str) -> list[list[Node]] | None:
    root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    groups = _child(root, "groups") or _child(_child(root, "spec"), "groups")
    if not isinstance(groups, SequenceNode):
        return None
    lists = [_child(group, "rules") for group in groups.value]
    if any(isinstance(each, SequenceNode) and each.flow_style for each in lists):
        return None
    return [list(each.value) if isinstance(each, SequenceNode) else [] for each in lists]


def _child(node: Node | None, name: str) -> Node | None:
    if not isinstance(node, MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _entry(name: str, value: str, *, column: int) -> str:
    return f"{_scalar_text(name, column=column)}: {_scalar_text(value, column=column)}"


def _scalar_text(value: str, *, column: int) -> str:
    """Return a string as YAML, plain where that is safe; text of several lines as a block below its key."""
    if "\n" in value.rstrip("\n"):
        indent = " " * (column + 2)
        keep = "" if value.endswith("\n") else "-"
        return f"|{keep}\n" + "\n".join(indent + line if line else "" for line in value.rstrip("\n").split("\n"))
    dumped: str = yaml.safe_dump(value, width=10**9, allow_unicode=True, default_style=None)
    return dumped.removesuffix("\n").removesuffix("\n...")


def _flow(entries: Mapping[str, str]) -> str:
    dumped: str = yaml.safe_dump(
        dict(entries), default_flow_style=True, width=10**9, allow_unicode=True, sort_keys=False
    )
    return dumped.strip()
