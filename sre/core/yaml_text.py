"""YAML from outside, read without harm: one pass bounds its size and depth, and nothing in it is silently lost.

Other than with a plain `safe_load`: a key that is there twice is an error and not the last one's victory, aliases may
repeat things but not multiply them (the "billion laughs"), and what looks like a time stays the text it was written as.
"""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from sre.core.errors import InputError
from sre.core.text import quoted

if TYPE_CHECKING:
    from yaml import Node, SafeLoader

# Hand-written documents are a few kB, a folder's worth in one file some hundred (our choice).
MAX_CHARS = 1_000_000
# OpenSLO, rule files and receivers go ten levels deep at most.
MAX_DEPTH = 64
# Nodes after every alias is replaced by what it stands for; 1 MB of plain YAML has about as many.
MAX_NODES = 200_000
# Text after every alias is replaced; without aliases no document comes near it.
MAX_WRITTEN_CHARS = 2 * MAX_CHARS

_TIMESTAMP = "tag:yaml.org,2002:timestamp"


def yaml_documents(text: str, *, what: str, field: str) -> list[object]:
    """Return the documents of a YAML text as plain values, empty documents left out.

    Args:
        what: What the text is, for messages, such as `The SLO document`.
        field: The argument it came in.

    Raises:
        InputError: Not YAML, too large, too deep, a key twice, or aliases that multiply or refer to themselves.
    """
    import yaml

    if len(text) > MAX_CHARS:
        raise InputError(f"{what} is longer than {MAX_CHARS:,} characters.", field=field)
    try:
        _check_depth(text, what=what, field=field)
        return [value for value in _values(text, what=what, field=field) if value is not None]
    except yaml.YAMLError as error:
        raise InputError(f"{what} is not YAML: {quoted(_place(error))}.", field=field) from None
    except (RecursionError, ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{what} is not YAML that can be read: {quoted(str(error))}.", field=field) from None


def yaml_value(text: str, *, what: str, field: str) -> object:
    """Return the one document of a YAML text as plain values, None if it is empty.

    Raises:
        InputError: As `yaml_documents`, or several documents.
    """
    documents = yaml_documents(text, what=what, field=field)
    if len(documents) > 1:
        raise InputError(f"{what} holds {len(documents)} YAML documents; one is needed.", field=field)
    return documents[0] if documents else None


def _check_depth(text: str, *, what: str, field: str) -> None:
    """Look at the text as a stream of events: building a tree recurses, so its depth has to be known before."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=_loader()):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise InputError(f"{what} is nested more than {MAX_DEPTH} levels deep.", field=field)


def _values(text: str, *, what: str, field: str) -> Iterator[object]:
    loader = _loader()(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is None:
                continue
            _check_size(node, what=what, field=field)
            yield loader.construct_document(node)
    finally:
        loader.dispose()


def _check_size(root: "Node", *, what: str, field: str) -> None:
    """Refuse aliases that multiply or refer to themselves, and keys that are there twice."""
    import yaml

    sizes: dict[int, tuple[int, int]] = {}
    under_way: set[int] = set()

    def size(node: yaml.Node) -> tuple[int, int]:
        known = sizes.get(id(node))
        if known is not None:
            return known
        if id(node) in under_way:
            raise InputError(f"{what} has an alias that refers to itself.", field=field)
        under_way.add(id(node))
        count, chars = 1, len(node.value) if isinstance(node, yaml.ScalarNode) else 0
        for child in _children(node, what=what, field=field):
            more_count, more_chars = size(child)
            count, chars = count + more_count, chars + more_chars
        under_way.discard(id(node))
        if count > MAX_NODES:
            raise InputError(f"{what} has more than {MAX_NODES:,} values, aliases written out.", field=field)
        if chars > MAX_WRITTEN_CHARS:
            raise InputError(
                f"{what} is longer than {MAX_WRITTEN_CHARS:,} characters, aliases written out.", field=field
            )
        sizes[id(node)] = count, chars
        return count, chars

    size(root)


def _children(node: "Node", *, what: str, field: str) -> "Iterator[Node]":
    import yaml

    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        seen: set[tuple[str, str]] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                spelt = (key.tag, key.value)
                if spelt in seen:
                    place = f"line {key.start_mark.line + 1}"
                    raise InputError(f"{what} has the key {quoted(key.value)} twice ({place}).", field=field)
                seen.add(spelt)
            yield key
            yield value


def _place(error: Exception) -> str:
    """Return a YAML error with its line, without the lines around it."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return f"{problem}, line {mark.line + 1}" if mark is not None else str(problem)


@cache
def _loader() -> "type[SafeLoader]":
    import yaml

    # The one in C is ten times faster; both construct the same values.
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc, valid-type]  # which of the two is known at run time only
        yaml_implicit_resolvers = {  # noqa: RUF012 - the library's face
            first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
            for first, resolvers in base.yaml_implicit_resolvers.items()
        }

    return Loader
