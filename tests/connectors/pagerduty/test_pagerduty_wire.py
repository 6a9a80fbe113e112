"""Bodies of any kind become what we hold or one error, never anything else."""

import copy
import json
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.http import NotTheApiError
from connectors.pagerduty.model import WireAlert, WireIncident, WireIncidentAnswer, WireLogEntry, WireNotes
from connectors.pagerduty.wire import problem_in, read_one, read_page
from tests.support.openapi import load

OURS = load((Path(__file__).parent / "contract.json").read_text(encoding="utf-8"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=15,
)
HELD = settings(max_examples=100, deadline=None, derandomize=True)


def example(path: str) -> Any:
    return copy.deepcopy(OURS["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["example"])


def places(node: Any) -> list[tuple[Any, Any]]:
    """Return every container with each of its keys."""
    found = []
    keys = range(len(node)) if isinstance(node, list) else list(node) if isinstance(node, dict) else ()
    for key in keys:
        found += [(node, key), *places(node[key])]
    return found


@HELD
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_read_or_is_not_of_the_api(body: bytes) -> None:
    """Our choice: whatever answers at the address."""
    for kind in (WireIncidentAnswer, WireNotes):
        with pytest.raises(NotTheApiError):
            read_one(bytearray(body), kind)
    with pytest.raises(NotTheApiError):
        read_page(bytearray(body), WireIncident, key="incidents")
    problem_in(bytearray(body))


@HELD
@given(data=st.data(), value=JSON)
def test_a_page_with_anything_in_any_place_is_read_or_is_not_of_the_api(data: st.DataObject, value: Any) -> None:
    """Our choice: one odd field must not end in an error of ours."""
    path, kind, key = data.draw(
        st.sampled_from([("/incidents", WireIncident, "incidents"), ("/log_entries", WireLogEntry, "log_entries")])
    )
    document = example(path)
    container, place = data.draw(st.sampled_from(places(document)))
    container[place] = value
    body = bytearray(json.dumps(document).encode())
    try:
        page = read_page(body, kind, key=key)
    except NotTheApiError:
        return
    for one in page.entries:
        if isinstance(one, WireIncident):
            assert one.as_incident().created_at.tzinfo is UTC
            assert len(one.as_incident().title) <= 300
        else:
            assert one.as_entry().at.tzinfo is UTC
            assert len(one.as_entry().detail) <= 2000


@pytest.mark.parametrize("depth", [500, 5_000, 100_000])
def test_depth_is_survived(depth: int) -> None:
    """Our choice of depths, around what Python recurses to."""
    alerts = example("/incidents/{id}/alerts")
    text = json.dumps(alerts).replace('{"burn_rate": "14.6"}', "[" * depth + "]" * depth)
    assert text.count("[") > depth

    try:
        page = read_page(bytearray(text.encode()), WireAlert, key="alerts")
    except NotTheApiError:
        return
    assert len(page.entries[0].as_alert().details["details"]) <= 200


@pytest.mark.parametrize(
    ("document", "told", "code"),
    [
        ({"error": {"message": "Not Found", "code": 2100}}, "Not Found", 2100),
        ({"error": {"message": "No", "code": 2001, "errors": ["a", 7, "b"]}}, "No: a; b", 2001),
        ({"status": "invalid event", "message": "Bad", "errors": ["no key"]}, "Bad: no key", None),
        ({"error": {"code": 2020}}, "", 2020),
    ],
)
def test_both_ways_to_say_what_is_wrong_are_read(document: object, told: str, code: int | None) -> None:
    """Source: PagerDuty, "Errors", and Events API v2."""
    problem = problem_in(bytearray(json.dumps(document).encode()))
    assert problem is not None
    assert (problem.told, problem.code) == (told, code)


@pytest.mark.parametrize(
    "document", [{}, [], {"error": "text"}, {"error": {}}, {"error": None}, {"message": "no"}, {"error": {"code": "x"}}]
)
def test_another_systems_error_is_not_taken_for_pagerdutys(document: object) -> None:
    """Our choice: a proxy's 404 is no proof that an incident is not there."""
    assert problem_in(bytearray(json.dumps(document).encode())) is None
