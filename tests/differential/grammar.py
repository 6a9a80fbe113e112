"""Random PromQL that is valid by type, from one seed.

Kept out on purpose, since the two sides may rightly differ there:
- topk of values with ties (which of the equals stays depends on the inside of Go's heap);
- rounding, equality, changes and resets of computed values (one unit in the last place decides);
- curves and spreads of computed values, such as sin(exp(x)) or stddev(a / b), which magnify the last bit;
- predict_linear and timestamp of a selector with `@` (2.42 moves the window with the step, against its own manual);
  for the same reason `@` inside a subquery that has an offset itself.
"""

import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

_T = TypeVar("_T")

_LEAVES = (
    "requests_total",
    'requests_total{job="api"}',
    'requests_total{code!~"4..",instance=~"a.*|b.*"}',
    "cpu_seconds_total",
    "temperature_celsius",
    'temperature_celsius{side="north"}',
    "special",
    'special{kind="mixed"}',
    "pod_memory_bytes",
    "pod_restarts_total",
    "sparse_value",
    "queue_length",
    "build_info",
    "latency_seconds_bucket",
    "latency_seconds_count",
    "twin_a",
    "early_half",
    '{__name__=~"twin_a|twin_b"}',
    "byte_count",
    "nothing_here",
)
_UNTIED = ("temperature_celsius", "cpu_seconds_total", "pod_memory_bytes", "twin_a", "sparse_value")
_DURATIONS = ("40s", "1m", "3m17s", "5m", "12m", "45m")
_LABELS = ("job", "instance", "code", "room", "side", "kind", "pod", "app", "queue", "zone", "le", "path", "version")
_WINDOWED = (
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "deriv",
    "changes",
    "resets",
    "sum_over_time",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "count_over_time",
    "last_over_time",
    "present_over_time",
    "stddev_over_time",
    "stdvar_over_time",
)
_RESET_AWARE = frozenset({"rate", "increase", "irate", "changes", "resets"})
_CURVES = frozenset({"exp", "ln", "log2", "sqrt", "tanh", "sin"})
_SPREADS = frozenset({"stddev", "stdvar"})
_MAPPED = ("abs", "sgn", "sqrt", "exp", "ln", "log2", "atan", "tanh", "sin", "deg", "-", "absent", "sort")
_AGGREGATIONS = ("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar")


class Grammar:
    """Writes expressions; the same seed writes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def queries(self, count: int) -> Iterator[str]:
        for _ in range(count):
            yield self.vector(self._random.randint(1, 3))

    def vector(self, depth: int) -> str:
        if depth == 0:
            return self._leaf()
        shapes = (
            self._leaf,
            lambda: self._windowed(depth),
            lambda: self._windowed(depth),
            lambda: self._aggregated(depth),
            lambda: self._aggregated(depth),
            lambda: self._mapped(depth),
            lambda: self._binary(depth),
            lambda: self._binary(depth),
            lambda: self._set(depth),
            lambda: self._special_form(depth),
        )
        return self._one(shapes)()

    def scalar(self, depth: int) -> str:
        if depth > 0 and self._random.random() < 0.2:
            return f"scalar({self.vector(depth - 1)})"
        return self._one(("0.5", "3", "-2", "0", "1e3", "NaN", "Inf", "time()", "pi()", "(1 + 2)", "(2 > bool 1)"))

    def _one(self, options: Sequence[_T]) -> _T:
        return options[self._random.randrange(len(options))]

    def _modifier(self) -> str:
        return self._one(
            ("", "", "", "", " offset 4m", " offset -3m", " @ 1767234567", " @ end()", " @ start() offset 2m")
        )

    def _leaf(self) -> str:
        return self._one(_LEAVES) + self._modifier()

    def _range(self, depth: int, *, plain: bool = False) -> str:
        if depth > 1 and self._random.random() < 0.4:
            steps = self._one(("1m", "2m30s", "47s", ""))
            inner = self._leaf() if plain else self.vector(depth - 2)
            if "@" in inner:
                return f"({inner})[{self._one(_DURATIONS[2:])}:{steps}]"
            return f"({inner})[{self._one(_DURATIONS[2:])}:{steps}]{self._modifier()}"
        return f"{self._one(_LEAVES)}[{self._one(_DURATIONS)}]{self._modifier()}"

    def _windowed(self, depth: int) -> str:
        if self._random.random() < 0.1:
            return f"quantile_over_time({self._one(('0.5', '0.9', '0', '1'))}, {self._range(depth)})"
        function = self._one(_WINDOWED)
        return f"{function}({self._range(depth, plain=function in _RESET_AWARE)})"

    def _aggregated(self, depth: int) -> str:
        inner = self.vector(depth - 1)
        if self._random.random() < 0.15:
            return f"quantile{self._grouping()}({self._one(('0.1', '0.5', '1'))}, {inner})"
        if self._random.random() < 0.15:
            return f"{self._one(('topk', 'bottomk'))}{self._grouping()}({self._one((1, 2, 5))}, {self._one(_UNTIED)})"
        function = self._one(_AGGREGATIONS)
        return f"{function}{self._grouping()}({self._leaf() if function in _SPREADS else inner})"

    def _grouping(self) -> str:
        word = self._one(("", " by ", " without "))
        return f"{word}({', '.join(self._names())}) " if word else ""

    def _names(self) -> list[str]:
        return self._random.sample(_LABELS, self._random.randint(0, 3))

    def _mapped(self, depth: int) -> str:
        function = self._one(_MAPPED)
        if function in _CURVES:
            return f"{function}({self._leaf()})"
        return f"{function}({self.vector(depth - 1)})"

    def _binary(self, depth: int) -> str:
        left, right = f"({self.vector(depth - 1)})", f"({self.vector(depth - 1)})"
        if self._random.random() < 0.4:
            left = self.scalar(depth - 1)
        elif self._random.random() < 0.4:
            right = self.scalar(depth - 1)
        else:
            return f"{left} {self._operator()}{self._matching()} {right}"
        return (
            f"{left} {self._operator()} {right}"
            if self._random.random() < 0.5
            else f"{right} {self._operator()} {left}"
        )

    def _operator(self) -> str:
        return self._one(("+", "-", "*", "/", "^", "atan2", ">", "<", ">=", "> bool", "< bool"))

    def _matching(self) -> str:
        word = self._one(("", " on", " ignoring"))
        names = self._names()
        if not word:
            return ""
        group = self._one(("", "", " group_left()", " group_right()", " group_left(version)"))
        return f" {word.strip()}({', '.join(name for name in names if name != 'version')}){group}"

    def _set(self, depth: int) -> str:
        word = self._one(("", " on", " ignoring"))
        matching = f"{word}({', '.join(self._names())})" if word else ""
        return f"({self.vector(depth - 1)}) {self._one(('and', 'or', 'unless'))}{matching} ({self.vector(depth - 1)})"

    def _special_form(self, depth: int) -> str:
        inner = self.vector(depth - 1)
        return self._one(
            (
                f"histogram_quantile(0.9, {inner})",
                "histogram_quantile(0.7, sum by (le) (rate(latency_seconds_bucket[5m])))",
                f'label_replace({inner}, "job", "$1-x", "instance", "(.*):.*")',
                f'label_join({inner}, "both", "/", "job", "room")',
                f"clamp({inner}, -5, 500)",
                f"clamp_min({inner}, {self.scalar(0)})",
                f"vector({self.scalar(depth - 1)})",
                f"absent_over_time({self._range(depth)})",
            )
        )
