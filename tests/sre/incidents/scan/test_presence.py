"""How much of each entity is there; rows are made by hand."""

import numpy as np
import pytest

from sre.core.promql import parse
from sre.incidents.scan.presence import EntityRow, monitored_steps, presences

STEPS = 20
NORMAL = np.arange(STEPS) < 10


def row(entity: str, present: range, *, label: str = "service", value: str = "") -> EntityRow:
    values = np.full(STEPS, np.nan)
    values[list(present)] = 1.0
    return EntityRow(entity, label, value or entity, values)


ALWAYS = range(STEPS)


def test_the_share_of_usual_series_is_counted_for_each_entity() -> None:
    rows = [row("a", ALWAYS), row("a", range(15)), row("b", ALWAYS), row("b", ALWAYS)]
    found = {one.behaviour.service: one.behaviour for one in presences(rows, NORMAL)}
    assert found["a"].values.tolist() == [100.0] * 15 + [50.0] * 5
    assert found["b"].values.tolist() == [100.0] * STEPS
    assert found["a"].kind == "errors"


def test_series_that_come_and_go_anyway_do_not_count() -> None:
    rows = [row("a", ALWAYS), row("a", range(3)), row("a", range(12, 14))]
    (found,) = presences(rows, NORMAL)
    assert found.behaviour.values.tolist() == [100.0] * STEPS


def test_an_entity_that_is_new_has_no_usual_series() -> None:
    assert presences([row("a", range(12, STEPS))], NORMAL) == ()


def test_where_nearly_all_series_are_missing_nobody_is_blamed() -> None:
    away = [*range(12), *range(15, STEPS)]
    rows = [EntityRow(name, "service", name, np.where(np.isin(np.arange(STEPS), away), 1.0, np.nan)) for name in "abcd"]
    assert np.flatnonzero(~monitored_steps(rows, NORMAL)).tolist() == [12, 13, 14]
    for one in presences(rows, NORMAL):
        assert np.flatnonzero(np.isnan(one.behaviour.values)).tolist() == [12, 13, 14]
        assert np.nanmin(one.behaviour.values) == 100.0


def test_without_rows_or_normal_time_nothing_is_said() -> None:
    assert presences([], NORMAL) == ()
    assert monitored_steps([], NORMAL).all()
    assert presences([row("a", ALWAYS)], np.zeros(STEPS, dtype=np.bool_)) == ()


@pytest.mark.parametrize(
    ("entity", "label", "value", "query"),
    [
        ("cart", "service", "cart", 'count({service="cart"})'),
        ("db-1", "instance", "db-1:9100", 'count({instance=~"db-1.*"})'),
        ('x"} or up{a="', "service", 'x"} or up{a="', r'count({service="x\"} or up{a=\""})'),
        ("prod", "", "", "count(up)"),
    ],
)
def test_it_can_be_asked_for_again(entity: str, label: str, value: str, query: str) -> None:
    (found,) = presences([EntityRow(entity, label, value, np.ones(STEPS))], NORMAL)
    assert found.query == query
    parse(found.query)
