"""Reading a document that a caller wrote, field by field: every problem is kept, none stops the reading."""

import re
from collections.abc import Mapping, Sequence

from sre.core.errors import InputError
from sre.core.problems import Findings
from sre.core.text import quoted
from sre.core.times import parse_duration

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class Fields:
    """One mapping of a document.

    Args:
        values: The mapping; anything else is a problem and reads as empty.
        path: Where it stands, for messages.
        found: Collects the problems of the whole document.
    """

    def __init__(self, values: object, path: str, found: Findings) -> None:
        self.path = path
        self.found = found
        self._asked: set[str] = set()
        if not isinstance(values, Mapping):
            found.add(path, "is not a mapping", "give names and values")
        self._values: Mapping[object, object] = values if isinstance(values, Mapping) else {}

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def problem(self, key: str, what: str, mending: str) -> None:
        """Record a problem of a field."""
        self.found.add(f"{self.path}.{key}" if key else self.path, what, mending)

    def is_text(self, key: str) -> bool:
        """Return whether a field is written as one text or number, not as a mapping or a list."""
        return isinstance(self._value(key), (str, int, float))

    def text(self, key: str, *, default: str = "", is_needed: bool = False) -> str:
        """Return a text on one line, or the default."""
        value = self._value(key)
        if value is None:
            if is_needed:
                self.problem(key, "is missing", "give a text")
            return default
        if isinstance(value, bool) or not isinstance(value, (str, int, float)) or not str(value).strip():
            self.problem(key, "is not a text", "give a text")
            return default
        if any(ord(character) < 32 for character in str(value)):
            self.problem(key, "has line breaks or control characters", "give one line")
            return default
        return str(value).strip()

    def lines(self, key: str, *, limit: int) -> str:
        """Return a text that may have several lines, such as a query; empty where it is missing or wrong."""
        value = self._value(key)
        if value is None:
            return ""
        if not isinstance(value, str) or not value.strip():
            self.problem(key, "is not a text", "give a text")
            return ""
        if len(value) > limit:
            self.problem(key, f"is longer than {limit:,} characters", "give a shorter one")
            return ""
        return value.strip()

    def items(self, key: str) -> tuple[object, ...]:
        """Return a list of anything; what is no list is a problem and reads as empty."""
        value = self._value(key)
        if not isinstance(value, Sequence) or isinstance(value, str):
            self.problem(key, "is missing" if value is None else "is not a list", "give a list")
            return ()
        return tuple(value)

    def choice(self, key: str, choices: Sequence[str], *, default: str) -> str:
        """Return one of the choices."""
        value = self.text(key, default=default)
        if value not in choices:
            self.problem(key, f"is {quoted(value, limit=40)}", f"give one of {', '.join(choices)}")
            return default
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; a single text is a list of one."""
        value = self._value(key)
        if value is None:
            return ()
        items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        wrong = [item for item in items if isinstance(item, bool) or not isinstance(item, (str, int, float))]
        if wrong:
            self.problem(key, "is not a list of texts", "give texts")
            return ()
        return tuple(str(item).strip() for item in items if str(item).strip())

    def labels(self, key: str) -> dict[str, str]:
        """Return label names and values."""
        value = self._value(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.problem(key, "is not a mapping", "give names and values")
            return {}
        read: dict[str, str] = {}
        for name, item in value.items():
            if not _LABEL_NAME.fullmatch(str(name)) or str(name).startswith("__"):
                self.problem(key, f"has {quoted(str(name), limit=60)}, which is no label name", "use [a-zA-Z_][\\w]*")
            elif isinstance(item, (str, int, float)):
                read[str(name)] = str(item).lower() if isinstance(item, bool) else str(item)
            else:
                self.problem(f"{key}.{name}", "is not a text", "give a text")
        return read

    def pairs(self, key: str) -> dict[str, str]:
        """Return names and values where a name may be any text, such as the tags of a machine."""
        value = self._value(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(isinstance(item, (str, int, float)) for item in value.values()):
            self.problem(key, "is not a mapping of texts", "give names and values")
            return {}
        return {str(name): str(item) for name, item in value.items()}

    def seconds(self, key: str, *, default: float) -> float:
        """Return a duration in seconds."""
        text = self.text(key)
        if not text:
            return default
        try:
            return parse_duration(text, field=key).seconds
        except InputError:
            self.problem(key, f"is {quoted(text, limit=40)}, which is no duration", "give one such as 30s or 5m")
            return default

    def number(self, key: str, *, default: float, low: float, high: float) -> float:
        """Return a number between two others, both included."""
        value = self._value(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            self.problem(key, "is out of range or no number", f"give a number from {low:g} to {high:g}")
            return default
        return float(value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return true or false."""
        value = self._value(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.problem(key, "is neither true nor false", "give true or false")
            return default
        return value

    def part(self, key: str) -> "Fields | None":
        """Return a mapping below, or None where there is none."""
        value = self._value(key)
        return None if value is None else Fields(value, f"{self.path}.{key}", self.found)

    def parts(self, key: str) -> "tuple[Fields, ...]":
        """Return a list of mappings below; a single mapping is a list of one."""
        value = self._value(key)
        if value is None:
            return ()
        items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        return tuple(Fields(item, f"{self.path}.{key}[{index}]", self.found) for index, item in enumerate(items))

    def knows(self, key: str) -> None:
        """Let a field pass that is read elsewhere."""
        self._asked.add(key)

    def refuse_others(self) -> None:
        """Record every field that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                valid = ", ".join(sorted(self._asked))
                self.problem(quoted(str(key), limit=60), "is not a field here", f"fields are {valid}")

    def _value(self, key: str) -> object:
        self._asked.add(key)
        return self._values.get(key)
