"""What publishing would change, and the code that stands for it."""

from sre.dashboards.difference import confirmation_code, difference

STORED = {
    "id": 12,
    "uid": "u",
    "version": 7,
    "title": "Old",
    "tags": ["sre-mcp"],
    "panels": [
        {"id": 1, "type": "row", "title": "Row", "panels": [{"id": 2, "type": "stat", "title": "Inside", "unit": "s"}]},
        {"id": 3, "type": "stat", "title": "Goes"},
        {"id": 4, "type": "stat", "title": "Stays"},
    ],
}
WANTED = {
    "uid": "u",
    "title": "New",
    "tags": ["sre-mcp"],
    "panels": [
        {
            "id": 1,
            "type": "row",
            "title": "Row",
            "panels": [{"id": 2, "type": "stat", "title": "Inside", "unit": "ms"}],
        },
        {"id": 4, "type": "stat", "title": "Stays"},
        {"id": 3, "type": "timeseries", "title": "Comes"},
    ],
}


def test_panels_and_fields_that_differ_are_named() -> None:
    """Our choice: the row itself has not changed, the panel inside it has."""
    found = difference(STORED, WANTED)
    assert found.added == ('"Comes"',)
    assert found.removed == ('"Goes"',)
    assert found.changed == ('"Inside"',)
    assert found.fields == ("title",)
    assert not found.is_empty


def test_what_grafana_writes_itself_is_no_difference() -> None:
    """Source: Grafana JSON model: id and version are the database's."""
    assert difference(STORED, {**STORED, "id": None, "version": 0}).is_empty


def test_the_order_of_fields_is_no_difference() -> None:
    """Source: JSON: objects are unordered."""
    assert difference(STORED, dict(reversed(STORED.items()))).is_empty


def test_a_code_stands_for_one_dashboard_one_folder_one_version() -> None:
    """Our choice."""
    code = confirmation_code(WANTED, folder_uid="a", replaces=7)
    assert code == confirmation_code(dict(reversed(WANTED.items())), folder_uid="a", replaces=7)
    assert code == confirmation_code({**WANTED, "version": 3, "id": 9}, folder_uid="a", replaces=7)
    others = {
        confirmation_code({**WANTED, "title": "x"}, folder_uid="a", replaces=7),
        confirmation_code(WANTED, folder_uid="b", replaces=7),
        confirmation_code(WANTED, folder_uid="a", replaces=8),
    }
    assert len({code, *others}) == 4
