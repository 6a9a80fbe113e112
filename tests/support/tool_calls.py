"""Reads the calls written in pages and prompts, and compares their arguments with the tools there are."""

import ast
import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass

from tests.support.markdown_pages import fenced
from tools.registry import TOOLS

# Capital words stand for what the reader has found out by then: LIMIT, TOTAL.
_PLACEHOLDER = str.isupper
_TO_REPLACE = re.compile(r"<[A-Za-z]")
_JSON_WORDS = {"true": True, "false": False, "null": None}
_QUERY_ARGUMENTS = {"query", "good", "bad", "total"}


@dataclass(frozen=True)
class WrittenCall:
    tool: str
    arguments: dict[str, object]


def written_calls(text: str) -> list[WrittenCall]:
    return [_read(block) for block in fenced(text, "tool-call")]


def parameters_of(tool: str) -> set[str]:
    spec = next(spec for spec in TOOLS if spec.name == tool)
    return set(inspect.signature(spec.function).parameters) - {"ctx"}


def queries_of(calls: Iterable[WrittenCall]) -> list[str]:
    """What is PromQL in these calls; a text in angle brackets is for the reader to replace, and is left out."""
    values = [value for call in calls for name, value in call.arguments.items() if name in _QUERY_ARGUMENTS]
    return [value for value in values if isinstance(value, str) and not _TO_REPLACE.search(value)]


def is_complete(call: WrittenCall) -> bool:
    """Whether the call can be made as it is, with nothing for the reader to fill in."""
    values = [str(value) for value in call.arguments.values()]
    return not any(_TO_REPLACE.search(value) or _PLACEHOLDER(value) for value in values)


def _read(block: str) -> WrittenCall:
    call = ast.parse(block.strip(), mode="eval").body
    assert isinstance(call, ast.Call), block
    assert isinstance(call.func, ast.Name), block
    assert not call.args, block
    return WrittenCall(call.func.id, {str(keyword.arg): _value(keyword.value) for keyword in call.keywords})


def _value(node: ast.expr) -> object:
    if isinstance(node, ast.Name):
        # Arguments are JSON, and spelt that way.
        if node.id in _JSON_WORDS:
            return _JSON_WORDS[node.id]
        assert _PLACEHOLDER(node.id), node.id
        return node.id
    return ast.literal_eval(node)
