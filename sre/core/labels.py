"""The label set that identifies a series."""

import re
from collections.abc import Iterable, Iterator, Mapping

METRIC_NAME = "__name__"
_LEGACY_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


class Labels(Mapping[str, str]):
    """An immutable, hashable label set, sorted by name.

    A label with an empty value is the same as no label (Prometheus data model), so such pairs are dropped.
    """

    __slots__ = ("_hash", "_items")

    def __init__(self, pairs: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        items = dict(pairs)
        self._items = {name: items[name] for name in sorted(items) if items[name] != ""}
        self._hash = hash(tuple(self._items.items()))

    def __getitem__(self, name: str) -> str:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Labels) and self._items == other._items

    @property
    def metric(self) -> str:
        """The metric name, or an empty string."""
        return self._items.get(METRIC_NAME, "")

    def only(self, names: Iterable[str]) -> "Labels":
        """Return just the labels in `names`."""
        keep = frozenset(names)
        return Labels((name, value) for name, value in self._items.items() if name in keep)

    def without(self, *names: str) -> "Labels":
        """Return all labels but `names`."""
        return Labels((name, value) for name, value in self._items.items() if name not in names)

    def replaced(self, **values: str) -> "Labels":
        """Return a copy with these labels set; an empty value removes the label."""
        return Labels({**self._items, **values})

    def __str__(self) -> str:
        """The selector that matches this series, for example `up{job="api"}`."""
        metric = self.metric if _LEGACY_NAME.fullmatch(self.metric) else ""
        shown = self.without(METRIC_NAME) if metric or not self.metric else self
        inside = ", ".join(f'{name}="{_escaped(value)}"' for name, value in shown.items())
        return f"{metric}{{{inside}}}" if inside or not metric else metric

    def __repr__(self) -> str:
        return f"Labels({self})"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
