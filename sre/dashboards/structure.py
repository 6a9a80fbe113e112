"""What must hold for any dashboard before somebody looks at it: checked on its JSON, whoever made it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sre.core.text import quoted
from sre.dashboards.layout import COLUMNS, GridPosition
from sre.dashboards.model import DATASOURCE_VARIABLE

MAX_UID_CHARS = 40
# Panels that ask nothing.
_WITHOUT_QUERY = frozenset({"row", "text", "dashlist", "news", "welcome", "alertlist", "annolist"})


@dataclass(frozen=True, slots=True)
class Check:
    """One rule, and what breaks it."""

    name: str
    problems: tuple[str, ...]

    @property
    def is_ok(self) -> bool:
        """Whether nothing breaks it."""
        return not self.problems


def structure_checks(dashboard: Mapping[str, object]) -> tuple[Check, ...]:
    """Return every check of a dashboard's JSON, those that fail and those that do not."""
    panels = tuple(all_panels(dashboard))
    return (
        Check("identity", tuple(_identity(dashboard))),
        Check("panel ids are unique", tuple(_ids(panels))),
        Check("panels stand on the grid and do not overlap", tuple(_grid(_list(dashboard, "panels")))),
        Check("every panel has a query and says what it shows", tuple(_queries(panels))),
        Check("data sources are variables", tuple(_datasources(dashboard, panels))),
    )


def all_panels(dashboard: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Yield the panels of a dashboard, those inside collapsed rows too."""
    for panel in _list(dashboard, "panels"):
        yield panel
        yield from _list(panel, "panels")


def panel_name(panel: Mapping[str, object]) -> str:
    """Return what to call a panel in a sentence; its title is text from outside."""
    title = panel.get("title")
    return quoted(title, limit=60) if isinstance(title, str) and title else f"panel {panel.get('id', 'without id')}"


def _identity(dashboard: Mapping[str, object]) -> Iterator[str]:
    uid, title = dashboard.get("uid"), dashboard.get("title")
    if not isinstance(uid, str) or not 0 < len(uid) <= MAX_UID_CHARS:
        yield f"uid must be a text of 1 to {MAX_UID_CHARS} characters"
    if not isinstance(title, str) or not title.strip():
        yield "title is missing"
    if not isinstance(dashboard.get("schemaVersion"), int):
        yield "schemaVersion is missing, so Grafana would take it for one of its first format"


def _ids(panels: Sequence[Mapping[str, object]]) -> Iterator[str]:
    counts = Counter(panel.get("id") for panel in panels if isinstance(panel.get("id"), int))
    yield from (f"id {found} is used {times} times" for found, times in counts.items() if times > 1)
    yield from (f"{panel_name(panel)} has no id" for panel in panels if not isinstance(panel.get("id"), int))


def _grid(panels: Sequence[Mapping[str, object]]) -> Iterator[str]:
    places: list[tuple[Mapping[str, object], GridPosition]] = []
    for panel in panels:
        position = _position(panel)
        if position is None:
            yield f"{panel_name(panel)} has no place on the grid of {COLUMNS} columns"
            continue
        for other, taken in places:
            if position.overlaps(taken):
                yield f"{panel_name(panel)} overlaps {panel_name(other)}"
        places.append((panel, position))


def _position(panel: Mapping[str, object]) -> GridPosition | None:
    found = panel.get("gridPos")
    numbers = [found.get(key) for key in ("x", "y", "w", "h")] if isinstance(found, Mapping) else []
    whole = [number for number in numbers if isinstance(number, int) and not isinstance(number, bool)]
    if len(whole) != 4:
        return None
    x, y, w, h = whole
    is_inside = x >= 0 and y >= 0 and w > 0 and h > 0 and x + w <= COLUMNS
    return GridPosition(x, y, w, h) if is_inside else None


def _queries(panels: Sequence[Mapping[str, object]]) -> Iterator[str]:
    for panel in panels:
        if panel.get("type") in _WITHOUT_QUERY:
            continue
        if not any(isinstance(target.get("expr"), str) and target["expr"] for target in _list(panel, "targets")):
            yield f"{panel_name(panel)} asks nothing"
        if not panel.get("title") or not panel.get("description"):
            yield f"{panel_name(panel)} has no title or no description"
        if not _unit(panel):
            yield f"{panel_name(panel)} has no unit"


def _unit(panel: Mapping[str, object]) -> object:
    config = panel.get("fieldConfig")
    defaults = config.get("defaults") if isinstance(config, Mapping) else None
    return defaults.get("unit") if isinstance(defaults, Mapping) else None


def _datasources(dashboard: Mapping[str, object], panels: Sequence[Mapping[str, object]]) -> Iterator[str]:
    templating = dashboard.get("templating")
    variables = _list(templating, "list") if isinstance(templating, Mapping) else []
    if not any(one.get("type") == "datasource" for one in variables):
        yield f"there is no variable that picks the data source, such as {DATASOURCE_VARIABLE}"
    for panel in panels:
        for asked in (panel, *_list(panel, "targets")):
            found = asked.get("datasource")
            uid = found.get("uid") if isinstance(found, Mapping) else found
            if isinstance(uid, str) and not uid.startswith("$") and not uid.startswith("-- "):
                yield f"{panel_name(panel)} is tied to one data source"
                break


def _list(parent: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    value = parent.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
