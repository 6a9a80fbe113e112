"""Where a rule and its fields stand in a text of YAML, and what to put in place of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import yaml
from yaml import MappingNode, Node, SequenceNode

from sre.core.rules import AlertRule, RecordingRule
from sre.core.times import format_duration

Rule = AlertRule | RecordingRule
# Where a field that was not there belongs: behind the last of these that is.
_ORDER: Final = ("alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations")


class CannotEditError(Exception):
    """The text is written in a way that this kind of edit does not know."""


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Text put in place of [start, end); insertions have start == end."""

    start: int
    end: int
    text: str


Fields = Mapping[str, str | Mapping[str, str]]


def fields_of(rule: Rule) -> Fields:
    """Return what a rule says, by the names of the file; empty texts stand for fields that are not there."""
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
class Editor:
    """Knows where one rule stands in a text."""

    text: str
    node: MappingNode
    items: Sequence[Node]
    place: int

    @classmethod
    def of(cls, text: str, rule_nodes: Sequence[Sequence[Node]] | None, index: int) -> "Editor":
        """Return the editor of one rule.

        Args:
            rule_nodes: Of each group, as `rule_lists` gives them.
            index: Of the rule, counted over all groups.

        Raises:
            CannotEditError: The rule is not written as a block.
        """
        for items in rule_nodes or ():
            if index < len(items):
                node = items[index]
                if not isinstance(node, MappingNode) or node.flow_style:
                    raise CannotEditError
                return cls(text, node, items, index)
            index -= len(items)
        raise CannotEditError

    @property
    def column(self) -> int:
        """Where the fields of the rule begin in their lines."""
        return int(self.node.start_mark.column)

    @property
    def start(self) -> int:
        """Where the rule begins in the text."""
        return int(self.node.start_mark.index)

    @property
    def end(self) -> int:
        """The place behind its last character."""
        return self._end_of(self.node)

    def surroundings(self) -> tuple[int, int]:
        """Return from where to where the lines of the rule and of those next to it reach."""
        neighbours = self.items[max(0, self.place - 1) : self.place + 2]
        first = self.text.rfind("\n", 0, neighbours[0].start_mark.index) + 1
        return first, self._line_end(self._end_of(neighbours[-1]))

    def removal(self) -> list[Edit]:
        """Return the edit that takes the whole item out, with the comment lines right above it."""
        first = self.text.rfind("\n", 0, self.start) + 1
        if self.text[first : self.start].strip() != "-":
            raise CannotEditError
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
        return [Edit(first, last, "")]

    def changes(self, old: Fields, new: Fields) -> list[Edit]:
        """Return the edits that turn the fields into others."""
        edits: list[Edit] = []
        for name in dict.fromkeys((*old, *new)):
            before, after = old.get(name, ""), new.get(name, "")
            if before == after:
                continue
            if isinstance(before, str) and isinstance(after, str):
                edits += self._scalar(name, after)
            elif not isinstance(before, str) and not isinstance(after, str):
                edits += self._mapping(name, before, after)
            else:
                raise CannotEditError
        return edits

    def _scalar(self, name: str, value: str) -> list[Edit]:
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
        return [Edit(node.start_mark.index, end, written)]

    def _mapping(self, name: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[Edit]:
        found = self._field(name)
        if found is None:
            lines = [f"{name}:", *(f"  {_entry(key, value, column=self.column + 2)}" for key, value in after.items())]
            return [self._insertion(name, f"\n{' ' * self.column}".join(lines))]
        key, node = found
        if not after:
            return [self._line_removal(key, node)]
        if not isinstance(node, MappingNode) or not node.value:
            raise CannotEditError
        if node.flow_style:
            return [Edit(node.start_mark.index, self._end_of(node), _flow(after))]
        return self._entries(node, before, after)

    def _entries(self, node: MappingNode, before: Mapping[str, str], after: Mapping[str, str]) -> list[Edit]:
        edits: list[Edit] = []
        column = int(node.start_mark.column)
        entries = {key.value: (key, value) for key, value in node.value}
        for name, (key, value) in entries.items():
            if name not in after:
                edits.append(self._line_removal(key, value))
            elif before.get(name) != after[name]:
                edits.append(
                    Edit(value.start_mark.index, self._end_of(value), _scalar_text(after[name], column=column))
                )
        added = [_entry(name, value, column=column) for name, value in after.items() if name not in entries]
        if added:
            end = self._line_end(self._end_of(node.value[-1][1]))
            edits.append(self._lines_at(end, [f"{' ' * column}{line}" for line in added]))
        return edits

    def _insertion(self, name: str, block: str) -> Edit:
        before = _ORDER[: _ORDER.index(name)]
        ends = [self._end_of(value) for key, value in self.node.value if key.value in before]
        if not ends:
            raise CannotEditError
        return self._lines_at(self._line_end(max(ends)), [" " * self.column + block])

    def _lines_at(self, place: int, lines: Sequence[str]) -> Edit:
        missing = "" if place == 0 or self.text[place - 1] == "\n" else "\n"
        return Edit(place, place, missing + "".join(f"{line}\n" for line in lines))

    def _line_removal(self, key: Node, value: Node) -> Edit:
        first = self.text.rfind("\n", 0, key.start_mark.index) + 1
        if self.text[first : key.start_mark.index].strip():
            raise CannotEditError
        return Edit(first, self._line_end(self._end_of(value)), "")

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


def rule_lists(text: str) -> list[list[Node]] | None:
    """Return the rules of each group as nodes; None where they are written in a way that is not edited."""
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
