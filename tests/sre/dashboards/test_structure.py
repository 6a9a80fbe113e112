"""Every check of a dashboard's structure: passes on what is made here, fails on each planted mistake."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from sre.dashboards.grafana_json import dashboard_json
from sre.dashboards.model import Dashboard, Panel, Section, Target
from sre.dashboards.structure import all_panels, structure_checks

GOOD = dashboard_json(
    Dashboard(
        "uid",
        "Title",
        "text",
        (
            Section(
                "Row",
                (
                    Panel("A", "what", targets=(Target("up"),)),
                    Panel("B", "what", targets=(Target("up"),)),
                    Panel("C", "what", kind="text", text="words"),
                ),
            ),
        ),
    )
)


def test_what_is_made_here_passes() -> None:
    """Our choice."""
    assert [check.problems for check in structure_checks(GOOD)] == [(), (), (), (), ()]


def _no_uid(dashboard: dict[str, Any]) -> None:
    del dashboard["uid"]


def _long_uid(dashboard: dict[str, Any]) -> None:
    dashboard["uid"] = "x" * 41


def _no_title(dashboard: dict[str, Any]) -> None:
    dashboard["title"] = " "


def _no_version(dashboard: dict[str, Any]) -> None:
    del dashboard["schemaVersion"]


def _same_id(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][1]["id"] = dashboard["panels"][2]["id"]


def _same_id_inside_a_row(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][0]["panels"] = [{**dashboard["panels"][1]}]


def _no_id(dashboard: dict[str, Any]) -> None:
    del dashboard["panels"][1]["id"]


def _overlap(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][2]["gridPos"]["x"] = 11


def _off_the_grid(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][2]["gridPos"]["w"] = 13


def _nowhere(dashboard: dict[str, Any]) -> None:
    del dashboard["panels"][2]["gridPos"]


def _asks_nothing(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][1]["targets"] = []


def _without_unit(dashboard: dict[str, Any]) -> None:
    del dashboard["panels"][1]["fieldConfig"]["defaults"]["unit"]


def _without_words(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][1]["description"] = ""


def _fixed_source(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][1]["targets"][0]["datasource"]["uid"] = "PBFA97CFB590B2093"


def _named_source(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][1]["datasource"] = "Prometheus"


def _no_source_variable(dashboard: dict[str, Any]) -> None:
    dashboard["templating"]["list"] = []


@pytest.mark.parametrize(
    ("index", "spoil", "told"),
    [
        (0, _no_uid, "uid"),
        (0, _long_uid, "40"),
        (0, _no_title, "title"),
        (0, _no_version, "schemaVersion"),
        (1, _same_id, "used 2 times"),
        (1, _same_id_inside_a_row, "used 2 times"),
        (1, _no_id, "no id"),
        (2, _overlap, '"B" overlaps "A"'),
        (2, _off_the_grid, "24 columns"),
        (2, _nowhere, "no place"),
        (3, _asks_nothing, "asks nothing"),
        (3, _without_unit, "no unit"),
        (3, _without_words, "no description"),
        (4, _fixed_source, '"A" is tied to one data source'),
        (4, _named_source, '"A" is tied to one data source'),
        (4, _no_source_variable, "no variable"),
    ],
)
def test_each_mistake_is_found_by_its_check_alone(
    index: int, spoil: Callable[[dict[str, Any]], None], told: str
) -> None:
    """Our choice: a check that cannot fail checks nothing."""
    spoilt = copy.deepcopy(GOOD)
    spoil(spoilt)
    checks = structure_checks(spoilt)
    assert [not check.is_ok for check in checks] == [place == index for place in range(5)]
    assert told in " ".join(checks[index].problems)


@pytest.mark.parametrize(
    "nonsense", [{}, {"panels": 7}, {"panels": [1, None, "x"]}, {"panels": [{"gridPos": "x"}], "templating": []}]
)
def test_nonsense_is_judged_and_not_tripped_over(nonsense: dict[str, Any]) -> None:
    """Our choice: a dashboard that is to be published may be anything."""
    assert not all(check.is_ok for check in structure_checks(nonsense))


def test_panels_inside_rows_are_panels() -> None:
    """Source: Grafana JSON model: a collapsed row holds its panels."""
    found = list(all_panels({"panels": [{"id": 1, "panels": [{"id": 2}]}, {"id": 3}]}))
    assert [panel["id"] for panel in found] == [1, 2, 3]
