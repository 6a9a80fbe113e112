"""Many metrics in few questions: as many as a source answers in one go, what matters most first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from sre.core.labels import METRIC_NAME
from sre.core.promql_text import selector
from sre.incidents.scan.model import ITEM_LABEL, ScanItem, ScanQuery, aggregated

if TYPE_CHECKING:
    from sre.core.times import Duration

# Of one question (our choice): a Prometheus evaluates so many series over some hundred steps in a second or so, and
# one that fails costs only these. The texts stay far under what proxies and our own parser take.
MAX_SERIES: Final = 2_000
_MAX_CHARACTERS: Final = 12_000
_MAX_EXPRESSIONS: Final = 24
_MAX_NAMES: Final = 150
_PLAIN_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def packed(items: Iterable[ScanItem], *, rate_window: Duration) -> tuple[ScanQuery, ...]:
    """Return the questions that read all items, in order of priority."""
    queries: list[ScanQuery] = []
    ordered = sorted(items, key=lambda item: (item.priority, item.metric))
    for priority in sorted({item.priority for item in ordered}):
        alike: dict[tuple[object, ...], list[ScanItem]] = {}
        others: list[ScanItem] = []
        for item in (one for one in ordered if one.priority == priority):
            if _keeps_its_name(item):
                alike.setdefault((item.part, item.by, item.only), []).append(item)
            else:
                others.append(item)
        for group in alike.values():
            queries += [_by_name(chunk, rate_window) for chunk in _chunks(group, _MAX_NAMES)]
        queries += [_one_after_another(chunk, rate_window) for chunk in _chunks(others, _MAX_EXPRESSIONS)]
    return tuple(queries)


def halved(query: ScanQuery, *, rate_window: Duration) -> tuple[ScanQuery, ...]:
    """Return two questions for the items of one that was refused, or none where it has but one."""
    items = list(query.items.values())
    middle = len(items) // 2
    return tuple(_one_after_another(half, rate_window) for half in (items[:middle], items[middle:])) if middle else ()


def _keeps_its_name(item: ScanItem) -> bool:
    # Rates lose the name of the metric, so rows of several could not be told apart.
    return item.part in ("level", "worst", "highest", "lowest") and _PLAIN_NAME.fullmatch(item.metric) is not None


def _chunks(items: Sequence[ScanItem], most: int) -> list[list[ScanItem]]:
    chunks: list[list[ScanItem]] = []
    series = characters = 0
    for item in items:
        length = len(item.metric) + sum(map(len, item.by)) + sum(len("".join(match)) for match in item.only) + 80
        is_full = not chunks or (
            len(chunks[-1]) >= most or series + item.series_count > MAX_SERIES or characters + length > _MAX_CHARACTERS
        )
        if is_full:
            chunks.append([])
            series = characters = 0
        chunks[-1].append(item)
        series += item.series_count
        characters += length
    return chunks


def _by_name(items: Sequence[ScanItem], rate_window: Duration) -> ScanQuery:
    first = items[0]
    names = "|".join(item.metric for item in items)
    series = selector("", [(METRIC_NAME, "=~" if len(items) > 1 else "=", names), *first.only])
    text = aggregated(first.part, (METRIC_NAME, *first.by), series, rate_window)
    return ScanQuery(text, {item.metric: item for item in items})


def _one_after_another(items: Sequence[ScanItem], rate_window: Duration) -> ScanQuery:
    keyed = {f"m{number}": item for number, item in enumerate(items)}
    parts = [
        f'label_replace({item.expression(rate_window)}, "{ITEM_LABEL}", "{key}", "", "")' for key, item in keyed.items()
    ]
    return ScanQuery(" or ".join(parts), keyed)
