"""Selectors composed from parts, with the escaping PromQL wants."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from sre.core.labels import METRIC_NAME, Labels

# Stands for the range in a query that can be asked over several windows.
WINDOW: Final = "$window"
MatchOp: TypeAlias = Literal["=", "!=", "=~", "!~"]
LabelMatch: TypeAlias = tuple[str, MatchOp, str]
# Enough to recognise statuses, modes and hosts; a label with more values is an identity.
_MAX_VALUES_KEPT = 1000


@dataclass(frozen=True, slots=True)
class MetricShape:
    """A metric as one service publishes it.

    Attributes:
        base: The matchers that pick the service's own series.
        label_values: Values seen for each label, at most a thousand.
    """

    metric: str
    base: tuple[LabelMatch, ...]
    label_values: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, metric: str, series: Iterable[Labels], *, base: tuple[LabelMatch, ...]) -> "MetricShape":
        """Return the shape that these series have."""
        values: dict[str, set[str]] = {}
        for labels in series:
            for name, value in labels.items():
                seen = values.setdefault(name, set())
                if name != METRIC_NAME and len(seen) < _MAX_VALUES_KEPT:
                    seen.add(value)
        values.pop(METRIC_NAME, None)
        return cls(metric, base, {name: frozenset(seen) for name, seen in values.items()})

    def selector(self, *more: LabelMatch) -> str:
        """Return the PromQL selector of these series, with further matchers."""
        return selector(self.metric, [*self.base, *more])


def restricted_to(shape: MetricShape, only: Mapping[str, str]) -> MetricShape:
    """Return the shape with matchers for those labels of `only` that the metric has."""
    more: list[LabelMatch] = [(name, "=", value) for name, value in only.items() if name in shape.label_values]
    return replace(shape, base=(*shape.base, *more))


def selector(metric: str, matches: Sequence[LabelMatch] = ()) -> str:
    """Return a PromQL vector selector; values are quoted and escaped."""
    inside = ",".join(f'{name}{op}"{escaped(value)}"' for name, op, value in matches)
    return f"{metric}{{{inside}}}" if inside or not metric else metric


def escaped(value: str) -> str:
    """Return a label value as it stands inside double quotes in PromQL."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
