"""The entries of a record as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sre.core.journal import Entry, JsonValue

_Data = Mapping[str, JsonValue]


def told(entry: Entry) -> str:
    """Return what an entry says, in a sentence; all of it is text from outside."""
    words = _WORDS.get(entry.new.kind)
    return words(entry.new.data) if words else f"{entry.new.kind}: {_all(entry.new.data)}"


def _of(data: _Data, name: str) -> str:
    value = data.get(name)
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value) or "none"
    return "" if value is None else str(value)


def _all(data: _Data) -> str:
    return "; ".join(f"{name} {_of(data, name) or 'none'}" for name in data)


def _with(first: str, further: str) -> str:
    return f"{first}: {further}" if further else first


def _declared(data: _Data) -> str:
    services = f" ({_of(data, 'services')})" if data.get("services") else ""
    because = f"; {_of(data, 'reasons')}" if data.get("reasons") else ""
    return _with(f"declared {_of(data, 'severity')}{services}", _of(data, "title")) + because


def _action(data: _Data) -> str:
    said = {name: value for name, value in data.items() if name != "number"}
    return f"action #{_of(data, 'number')}: {_all(said)}"


def _note(data: _Data) -> str:
    evidence = _of(data, "evidence")
    return _of(data, "text") + (f" [{evidence}]" if evidence else "")


_WORDS: Mapping[str, Callable[[_Data], str]] = {
    "declared": _declared,
    "status": lambda data: _with(_of(data, "status"), _of(data, "note")),
    "severity": lambda data: _with(_of(data, "severity"), _of(data, "reason")),
    "role": lambda data: f"{_of(data, 'role')}: {_of(data, 'person') or 'nobody'}",
    "time": lambda data: f"{_of(data, 'milestone')}: {_of(data, 'value') or 'not known'}",
    "note": _note,
    "services": lambda data: _of(data, "names"),
    "slos": lambda data: _of(data, "names"),
    "title": lambda data: _of(data, "text"),
    "impact": lambda data: _of(data, "text"),
    "cause": _note,
    "lesson": lambda data: _with(_of(data, "lesson"), _of(data, "text")),
    "link": lambda data: _with(_of(data, "title"), _of(data, "url")) if data.get("title") else _of(data, "url"),
    "update": lambda data: _with(f"sent to {_of(data, 'audience')}", _of(data, "text")),
    "action": _action,
}
