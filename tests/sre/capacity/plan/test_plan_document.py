"""Reading what a caller writes: amounts as people spell them, every field, and every mistake at once."""

import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.plan.demand import Growth
from sre.capacity.plan.document import GUIDE, Defaults, read_plan_request
from sre.capacity.plan.planning import check_scenarios, resolved
from sre.capacity.plan.quantity import read_growing, read_quantity
from sre.capacity.plan.request import FollowingDemand, GrowingDemand, PlanRequest, QueryDemand, SeriesDemand
from sre.capacity.plan.users import USAGE
from sre.core.errors import InputError, SreError

START_MS = 1_767_225_600_000
MONTH_DAYS = 365.2425 / 12


def _read(text: object, **defaults: object) -> PlanRequest:
    return read_plan_request(text, defaults=Defaults(**defaults))  # type: ignore[arg-type]


def _problems(text: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        _read(text)
    return list(caught.value.next_steps)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("250", 250, ""),
        ("1,200 rps", 1200, "per_second"),
        ("1,200,000", 1_200_000, ""),
        ("90 requests a minute", 1.5, "per_second"),
        ("2 TB", 2e12, "bytes"),
        ("1.5 GiB", 1.5 * 1024**3, "bytes"),
        ("15 %", 0.15, "ratio"),
        ("15%", 0.15, "ratio"),
        ("400 connections", 400, "connections"),
        ("100k users", 100_000, "users"),
        ("1.2 million", 1_200_000, ""),
        ("1e3", 1000, ""),
    ],
)
def test_amounts_as_people_write_them(text: str, value: float, unit: str) -> None:
    found = read_quantity(text)
    assert found is not None
    assert (found.value, found.unit) == (pytest.approx(value), unit)


@pytest.mark.parametrize("text", ["", "rps", "1,5", "12,34 rps", "-3", "1e30", "NaN", "inf", "1 2 3", "3 rps!", "١٢"])
def test_what_is_no_amount(text: str) -> None:
    assert read_quantity(text) is None


@pytest.mark.parametrize(
    ("text", "start", "ratio", "added"),
    [
        ("1,200 rps growing 15 % a month", 1200, 0.15, 0),
        ("1200 rps, +15%/month", 1200, 0.15, 0),
        ("1200 growing by 3 % per week", 1200, 1.03 ** (MONTH_DAYS / 7) - 1, 0),
        ("1200 growing 100 % a year", 1200, 2 ** (1 / 12) - 1, 0),
        ("1.2 TB growing 60 GB a month", 1.2e12, 0, 60e9),
        ("300 GB growing 4 GB a day", 300e9, 0, 4e9 * MONTH_DAYS),
        ("50 connections rising 5 a quarter", 50, 0, 5 / 3),
        ("1200 rps losing 10 % a month", 1200, -0.10, 0),
        ("1200 rps", 1200, 0, 0),
    ],
)
def test_growth_as_people_write_it(text: str, start: float, ratio: float, added: float) -> None:
    found = read_growing(text)
    assert found is not None
    assert found[0].value == pytest.approx(start)
    assert (found[1].ratio_per_month, found[1].added_per_month) == (pytest.approx(ratio), pytest.approx(added))


@pytest.mark.parametrize(
    "text",
    ["2 TB growing 60 a month", "2 TB growing 5 rps a day", "growing 15 % a month", "5 growing lots a month",
     "5 losing 100 % a day", "5 growing 15 %", "5 growing 15 % a fortnight"],
)  # fmt: skip
def test_growth_that_says_too_little_is_not_guessed(text: str) -> None:
    assert read_growing(text) is None


def test_a_whole_document_is_read() -> None:
    request = _read(
        """
currency: EUR
headroom: 25 %
users: {count: 100000 growing 15 % a month, active_share: 0.3}
resources:
  - {name: db, kind: connections, capacity: 400, unit_capacity: 100, demand: {of: api, seconds_held: 50ms, times: 2, plus: 20}}
  - {name: api, kind: replicas, units: 6, unit_capacity: 250 rps, demand: users, zones: 3, zone_loss_use: 90 %, lead_time: 2d}
  - {name: disk, kind: disk, capacity: 2 TB, demand: {start: 1.2 TB, growth_per_month: 5 %, growth_range: {low: 2 %, high: 9 %}}}
  - {name: cpu, kind: cpu, units: 3, unit_capacity: 16 cores, max_use: 60 %, demand: {query: "sum(rate(cpu[5m]))", scenario: growth +20%}}
  - {name: ram, kind: memory, units: 1, capacity: 64 GiB, spare_units: 2, demand: {series: {timestamps: [1, 2], values: [3, null]}}}
"""
    )
    by_name = {one.name: one for one in request.resources}
    assert [one.name for one in request.resources].index("api") < [one.name for one in request.resources].index("db")
    assert by_name["db"].demand == FollowingDemand("api", 0.1, 20.0, seconds_held=0.05)
    assert (by_name["db"].units_now, by_name["db"].unit_capacity, by_name["db"].unit) == (4, 100, "connections")
    api = by_name["api"]
    assert (api.sizing.zones, api.sizing.zone_loss_use_ratio, api.sizing.headroom_ratio) == (3, 0.9, 0.25)
    assert (api.sizing.spare_units, api.lead_time_days, api.unit) == (1, 2, "per_second")
    disk = by_name["disk"]
    assert disk.demand == GrowingDemand(1.2e12, Growth(0.05, 0.02, 0.09))
    assert (disk.units_now, disk.unit_capacity, disk.sizing.spare_units) == (1, 2e12, 0)
    assert by_name["cpu"].demand == QueryDemand("sum(rate(cpu[5m]))", "growth +20%")
    assert by_name["cpu"].sizing.headroom_ratio == pytest.approx(0.4)
    assert by_name["ram"].demand == SeriesDemand((1, 2), (3.0, None))
    assert by_name["ram"].sizing.spare_units == 2
    assert request.usage is not None
    assert request.usage.guessed == ("sessions_per_day", "requests_per_session", "peak_factor")


def test_the_example_of_the_page_on_capacity_planning_is_read() -> None:
    page = Path("docs/concepts/capacity-planning.md").read_text(encoding="utf-8")
    request = _read(page.split("```yaml\n")[1].split("```")[0])
    assert [one.name for one in request.resources] == ["api", "disk", "postgres connections"]
    assert all(one.prices is not None for one in request.resources if one.name == "api")


def test_the_page_on_capacity_planning_names_the_defaults_of_the_users() -> None:
    page = Path("docs/concepts/capacity-planning.md").read_text(encoding="utf-8")
    assert all(f"| `{factor.name}` | {factor.default:g} |" in page for factor in USAGE)


def test_what_is_free_is_planned_as_what_is_used() -> None:
    text = "[{name: a, kind: disk, capacity: 2 TB, unit_capacity: 500 GB, demand: {free: avail_bytes}}]"
    assert _read(text).resources[0].demand == QueryDemand("2000000000000 - (avail_bytes)", is_free=True)


def test_yaml_json_and_values_are_read_alike() -> None:
    document = {"resources": [{"name": "api", "units": 6, "unit_capacity": "250 rps", "demand": "1200 rps"}]}
    texts = [document, json.dumps(document), yaml.safe_dump(document), document["resources"], document["resources"][0]]
    assert all(_read(text).resources[0].units_now == 6 for text in texts)
    assert len({repr(_read(text).resources[0].demand) for text in texts}) == 1


def test_the_assumptions_say_what_nobody_wrote() -> None:
    text = "[{name: api, kind: replicas, units: 6, unit_capacity: 250, demand: 1200}]"
    by_path = {one.path: one for one in _read(text).assumptions}
    assert by_path["headroom"].source == "default"
    assert "30 %" in by_path["headroom"].value
    assert "14 days" in by_path["lead_time"].value
    assert "N+1" in by_path["spare_units"].value
    assert "zones" in by_path
    given = {one.path: one for one in _read(text, headroom_ratio=0.2, given=frozenset({"headroom"})).assumptions}
    assert given["headroom"].source == "given"
    written = {one.path: one for one in _read(f"{{lead_time: 3d, resources: {text}}}").assumptions}
    assert (written["lead_time"].source, written["headroom"].source) == ("given", "default")
    assert "3 days" in written["lead_time"].value


def test_every_factor_of_the_users_is_an_assumption() -> None:
    text = "{users: {count: 100000, peak_factor: 3}, resources: [{name: a, units: 1, unit_capacity: 9, demand: users}]}"
    sources = {one.path: one.source for one in _read(text).assumptions if one.path.startswith("users.")}
    assert sources == {
        "users.count": "given", "users.active_share": "default", "users.sessions_per_day": "default",
        "users.requests_per_session": "default", "users.peak_factor": "given",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "path", "what"),
    [
        ("[{units: 1, unit_capacity: 1, demand: 1}]", "$.resources[0].name", "is missing"),
        ("[{name: a, units: 1, unit_capacity: 1}]", "$.resources[0].demand", "is missing"),
        ("[{name: a, units: 1, unit_capacity: 1, demand: soon}]", "$.resources[0].demand", "not understood"),
        ("[{name: a, units: 1.5, unit_capacity: 1, demand: 1}]", "$.resources[0].units", "no whole number"),
        ("[{name: a, units: 1, demand: 1}]", "$.resources[0].unit_capacity", "is missing"),
        ("[{name: a, units: 1, unit_capacity: 0, demand: 1}]", "$.resources[0].unit_capacity", "not above 0"),
        ("[{name: a, capacity: 10, unit_capacity: 3, demand: 1}]", "$.resources[0].unit_capacity", "does not divide"),
        ("[{name: a, units: 1, unit_capacity: 1, demand: 1, headroom: 30}]", "$.resources[0].headroom", "no share"),
        ("[{name: a, units: 1, unit_capacity: 1, demand: 1, kind: vm}]", "$.resources[0].kind", '"vm"'),
        ("[{name: a, units: 1, unit_capacity: 1, demand: 1, prise: 3}]", '$.resources[0]."prise"', "not a field"),
        ("[{name: a, units: 1, unit_capacity: 1 GB, demand: 1 rps}]", "$.resources[0].unit", "differs"),
        ("[{name: a, units: 1, unit_capacity: 1, demand: {of: b}}]", "$.resources[0].demand", "no demand of its own"),
        ("[{name: a, units: 1, unit_capacity: 1, demand: {of: a}}]", "$.resources[0].demand", "no demand of its own"),
        ("[{name: a, units: 1, unit_capacity: 1, demand: users}]", "$.resources[0].demand", "follows"),
        ("[{name: a, units: 1, unit_capacity: 1, demand: {query: q, of: b}}]", "$.resources[0].demand", "query and of"),
        ("[{name: a, units: 1, unit_capacity: 1, demand: {}}]", "$.resources[0].demand", "says nothing"),
        ("[{name: a, units: 1, unit_capacity: 1, demand: {start: 5, growth_per_month: 15}}]",
         "$.resources[0].demand.growth_per_month", "no growth"),
        ("[{name: a, units: 1, unit_capacity: 1, demand: {start: 5, growth_per_month: 5 %, "
         "growth_range: {low: 8 %, high: 9 %}}}]", "$.resources[0].demand.growth_range", "does not hold"),
        ("[{name: a, units: 1, unit_capacity: 1, demand: 1, lead_time: soon}]", "$.resources[0].lead_time", "soon"),
        ("[{name: a, units: 1, unit_capacity: 1, demand: 1, max_use: 0.5, headroom: 0.3}]",
         "$.resources[0].max_use", "same as headroom"),
        ("[{name: a, units: 1, load_test: {points: [{concurrency: 1, throughput: 5}]}, demand: 1}]",
         "$.resources[0].load_test", "at least 4"),
        ("[{name: a, units: 1, unit_capacity: 1, demand: {series: {timestamps: [1], values: [1, 2]}}}]",
         "$.resources[0].demand.series.values", "2 entries"),
        ("[{name: a, units: 1, unit_capacity: 1, demand: {series: {timestamps: [1], values: [1" + "0" * 400 + "]}}}]",
         "$.resources[0].demand.series.values", "no number"),
        ("{resources: [{name: a, units: 1, unit_capacity: 1, demand: 1}], user: 5}", '$."user"', "not a field"),
        ("{users: {count: 5, active_share: 3}, resources: [{name: a, units: 1, unit_capacity: 1, demand: users}]}",
         "$.users.active_share", "out of range"),
        ("[{name: a, units: 1, unit_capacity: 1, demand: 1}, {name: a, units: 1, unit_capacity: 1, demand: 1}]",
         "$.resources", "more than once"),
        ("[5]", "$.resources[0]", "not a mapping"),
        ("[{name: a, kind: disk, capacity: 5, demand: {query: node_filesystem_avail_bytes}}]",
         "$.resources[0].demand.query", "what is free"),
        ("[{name: a, kind: memory, capacity: 5, demand: {query: node_memory_MemAvailable_bytes}}]",
         "$.resources[0].demand.query", "what is free"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(text: str, path: str, what: str) -> None:
    assert any(problem.startswith(f"{path}: ") and what in problem for problem in _problems(text)), _problems(text)


def test_all_mistakes_are_told_at_once_each_with_a_mending() -> None:
    problems = _problems("[{name: a, units: -1, headroom: 99, zones: 0, demand: nix}, {kind: x}]")
    for path in ("[0].units", "[0].headroom", "[0].zones", "[0].demand", "[0].unit_capacity", "[1].name", "[1].kind"):
        assert any(problem.startswith(f"$.resources{path}:") for problem in problems), path
    assert all("; " in problem for problem in problems)


def test_a_number_cut_by_its_comma_is_explained() -> None:
    """YAML reads `{count: 100,000 growing}` as a count of 100 and a field named `000 growing`."""
    problems = _problems("{users: {count: 100,000 growing 15 % a month}, resources: []}")
    assert len(problems) == 1
    assert "comma cut in two" in problems[0]


@pytest.mark.parametrize("empty", ["", "[]", "{}", "resources: []", None, {}, []])
def test_an_empty_description_is_answered_with_all_fields(empty: object) -> None:
    with pytest.raises(InputError) as caught:
        _read(empty)
    assert caught.value.next_steps == GUIDE or "not a mapping" in str(caught.value.next_steps)


def test_the_guide_names_every_field_there_is() -> None:
    """*Independent*: what the reader itself says is valid where a field is unknown."""
    texts = [
        "[{name: a, units: 1, unit_capacity: 1, demand: 1, nope: 1, load_test: {nope: 1, points: [{nope: 1}]}}]",
        "{nope: 1, users: {count: 5, nope: 1}, resources: [{name: a, units: 1, unit_capacity: 1, demand: users}]}",
        "[{name: a, units: 1, unit_capacity: 1, demand: {of: users, nope: 1}}]",
        "[{name: a, units: 1, unit_capacity: 1, demand: {start: 1, growth_range: {nope: 1}, nope: 1}}]",
        "[{name: a, units: 1, unit_capacity: 1, demand: {query: q, nope: 1}}]",
        "[{name: a, units: 1, unit_capacity: 1, demand: {forecast: [[1, 2], [3, 4]], nope: 1}}]",
    ]
    told = [problem for text in texts for problem in _problems(text) if "fields are" in problem]
    valid = {field for problem in told for field in problem.split("fields are ")[1].split(", ")}
    assert len(valid) > 30
    assert {field for field in valid if not re.search(rf"\b{field}\b", " ".join(GUIDE))} == set()


def test_a_wrong_scenario_is_told_before_anything_is_measured() -> None:
    request = _read("[{name: a, units: 1, unit_capacity: 1, demand: {query: up, scenario: lots more}}]")
    with pytest.raises(InputError, match="lots more"):
        check_scenarios(request, start_ms=START_MS)


def test_a_scenario_moves_a_stated_demand() -> None:
    texts = ["", ", scenario: growth x2", ", scenario: x3 from 2026-01-05"]
    made = []
    for text in texts:
        request = _read(
            f"[{{name: a, units: 1, unit_capacity: 1, demand: {{start: 100, growth_per_month: 10 %{text}}}}}]"
        )
        made.append(resolved(request, {}, start_ms=START_MS, days=31)[0][0].demand.expected)
    assert made[1][-1] / 100 == pytest.approx(1.2 ** (31 / MONTH_DAYS))
    assert made[2][-1] == pytest.approx(3 * made[0][-1])
    assert made[2][0] == pytest.approx(made[0][0])


def test_a_demand_that_follows_an_unknown_one_is_unknown_too() -> None:
    request = _read(
        "[{name: a, units: 1, unit_capacity: 1, demand: {query: up}}, {name: b, units: 1, unit_capacity: 1, demand: {of: a}}]"
    )
    resources, unknown = resolved(request, {}, start_ms=START_MS, days=31)
    assert resources == ()
    assert unknown == ("a", "b")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10**12) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = [
    "name",
    "kind",
    "units",
    "unit_capacity",
    "capacity",
    "demand",
    "headroom",
    "zones",
    "lead_time",
    "load_test",
    "prices",
]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=6), max_size=3))
def test_anything_is_read_or_refused_never_a_bug(resources: list[dict[str, object]]) -> None:
    good = {"name": "a", "units": 2, "unit_capacity": 10, "demand": "5 growing 5 % a month"}
    document = [{**good, **one, "name": f"r{index}"} for index, one in enumerate(resources)]
    try:
        request = _read(document)
        resolved(request, {}, start_ms=START_MS, days=30)
    except SreError:
        pass
