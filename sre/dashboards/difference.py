"""What publishing a dashboard would change in the one that is stored."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from sre.dashboards.structure import all_panels, panel_name

# Grafana writes these itself.
_STORED_ONLY = frozenset({"id", "version", "iteration"})
_CODE_CHARS = 12


@dataclass(frozen=True, slots=True)
class Difference:
    """Panels by name, and the other fields that differ."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether both are the same."""
        return not (self.added or self.removed or self.changed or self.fields)


def difference(stored: Mapping[str, object], wanted: Mapping[str, object]) -> Difference:
    """Return what differs; panels are the same when they have the same id and type."""
    before, after = _panels(stored), _panels(wanted)
    fields = {*stored, *wanted} - _STORED_ONLY - {"panels"}
    return Difference(
        added=tuple(panel_name(after[key]) for key in after if key not in before),
        removed=tuple(panel_name(before[key]) for key in before if key not in after),
        changed=tuple(panel_name(after[key]) for key in after if key in before and _differs(before[key], after[key])),
        fields=tuple(sorted(name for name in fields if _text(stored.get(name)) != _text(wanted.get(name)))),
    )


def confirmation_code(model: Mapping[str, object], *, folder_uid: str, replaces: int) -> str:
    """Return a code that stands for saving exactly this dashboard there, in the place of exactly this version."""
    own = {name: value for name, value in model.items() if name not in _STORED_ONLY}
    told = f"{_text(own)}\n{folder_uid}\n{replaces}"
    return sha256(told.encode()).hexdigest()[:_CODE_CHARS]


def _panels(dashboard: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    return {f"{panel.get('id')}/{panel.get('type')}": panel for panel in all_panels(dashboard)}


def _differs(before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    return _text(_without_rows(before)) != _text(_without_rows(after))


def _without_rows(panel: Mapping[str, object]) -> dict[str, object]:
    # The panels inside a row are compared on their own.
    return {name: value for name, value in panel.items() if name != "panels"}


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
