"""Everything wrong with a document, gathered before anything is said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sre.core.errors import InputError

_MAX_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, what, and how to mend it."""

    path: str
    what: str
    mending: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}; {self.mending}"


@dataclass(slots=True)
class Findings:
    """Collects the problems of one document."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, path: str, what: str, mending: str) -> None:
        """Record a problem."""
        self.problems.append(Problem(path, what, mending))

    def mapping(self, parent: Mapping[str, object], key: str, *, path: str) -> Mapping[str, object]:
        """Return a mapping below `parent`; a missing one or another type is a problem and reads as empty."""
        value = parent.get(key)
        if isinstance(value, Mapping):
            return value
        self.add(f"{path}.{key}", "is missing" if value is None else "is not a mapping", "give a mapping")
        return {}

    def text(self, parent: Mapping[str, object], key: str, *, path: str) -> str:
        """Return a non-empty string below `parent`; anything else is a problem and reads as empty."""
        value = parent.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        self.add(f"{path}.{key}", "is missing" if value in (None, "") else "is not a string", "give a string")
        return ""

    def first(self, parent: Mapping[str, object], key: str, *, path: str) -> Mapping[str, object]:
        """Return the only item of a list of mappings; OpenSLO v1 keeps time windows and objectives in lists."""
        value = parent.get(key)
        if isinstance(value, Sequence) and not isinstance(value, str) and value and isinstance(value[0], Mapping):
            if len(value) > 1:
                self.add(f"{path}.{key}", f"has {len(value)} entries", "one is supported; make one SLO of each")
            return value[0]
        self.add(f"{path}.{key}", "is missing or not a list of mappings", "give a list with one entry")
        return {}

    def raise_if_any(self, *, what: str, field_name: str) -> None:
        """Raise all problems at once.

        Args:
            what: What has them, for the message, such as `The SLO document "a"`; outside text in it is quoted.
            field_name: The argument it came in.

        Raises:
            InputError: There is at least one problem.
        """
        if not self.problems:
            return
        shown = [str(problem) for problem in self.problems[:_MAX_SHOWN]]
        more = len(self.problems) - len(shown)
        raise InputError(
            f"{what} has {len(self.problems)} problem(s).",
            field=field_name,
            next_steps=(*shown, *((f"and {more} more",) if more else ())),
        )
