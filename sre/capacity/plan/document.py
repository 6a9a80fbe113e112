"""What a caller writes about resources, read as a request; every problem is told at once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from sre.capacity.plan.amounts import days, share, whole
from sre.capacity.plan.capacity_reading import UnitsRead, read_units
from sre.capacity.plan.costs_prices import read_prices
from sre.capacity.plan.demand_reading import USERS, read_demand, read_usage
from sre.capacity.plan.model import KINDS, PIECES, Assumption, Kind, Prices, Sizing
from sre.capacity.plan.quantity import Quantity
from sre.capacity.plan.request import FollowingDemand, PlanRequest, QueryDemand, ResourceRequest
from sre.core.errors import InputError
from sre.core.exact import exact_number
from sre.core.fields import Fields
from sre.core.problems import Findings
from sre.core.text import cleaned, listed, quoted
from sre.core.yaml_text import yaml_value

MAX_RESOURCES = 20
_MAX_NAME = 60
# No field lies deeper; what does is refused where it is read.
_MAX_DEPTH = 10
_FREE = re.compile(r"_(?:avail|available|free|MemAvailable|MemFree)(?:_bytes)?\b", re.IGNORECASE)
_CUT = re.compile(r"\d{3}(?!\d)")
_MAX_ZONES, _MAX_SPARE = 20, 1000
_UNITS = {"disk": "bytes", "memory": "bytes", "connections": "connections", "cpu": "cores"}
# What an empty document is answered with: every field, once.
GUIDE = (
    "a resource: {name: api, kind: replicas, units: 6, unit_capacity: 250 rps, demand: ..., zones: 3, prices: ...}",
    f"kind is one of {', '.join(KINDS)}; in place of units give capacity: 2 TB and unit_capacity: 500 GB; "
    "unit is that of demand and capacity, where neither says it",
    "demand: 1200 rps growing 15 % a month, or 1.2 TB growing 60 GB a month; a range: "
    "{start: 1200 rps, growth_per_month: 15 %, growth_range: {low: 10 %, high: 25 %}}, adds_per_month for amounts",
    "demand: {query: PromQL of one series, scenario: growth +20%}, {free: PromQL of what is left} or "
    "{series: {timestamps: [], values: []}}: forecast",
    "demand: {forecast: [[time, expected, lower, upper], ...], interval: 80 %}: a forecast made before",
    "demand: {of: api, times: 2, seconds_held: 50ms, plus: 20}: follows another; seconds_held is Little's law",
    "demand: users, or {of: users, per_user: 5 MB}, with users: {count: 100000 growing 15 % a month, active_share, "
    "sessions_per_day, requests_per_session, peak_factor} beside resources",
    "unit_capacity from a test: load_test: {points: [{concurrency, throughput, latency}, ...], max_latency: 300ms}",
    "sizing, for one or beside resources for all: headroom or max_use, spare_units, zones, zone_loss_use, lead_time, "
    "order_every",
    "prices: {on_demand: 0.1/hour or 0.08/GB/month, commitments: [{name: 1 year, term: 12 months, price: 0.06/hour, "
    "upfront: 0}], held: [{units: 4, until: 2027-03-01, price: 0.05/hour}]}; currency beside resources",
)
# Our choices where nobody says otherwise; each is named in the answer.
_ZONE_LOSS_USE = 0.80
_COMMON = ("headroom", "lead_time", "zone_loss_use", "order_every")
_ORDER_EVERY_DAYS = 30


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for resources that say nothing of their own.

    Attributes:
        given: Names of those the caller wrote.
    """

    headroom_ratio: float = 0.30
    lead_time_days: float = 14.0
    given: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Common:
    """Defaults after the top of the document was read; `given` names those that somebody wrote."""

    headroom_ratio: float
    lead_time_days: float
    zones: int
    zone_loss_use_ratio: float
    spare_units: int | None
    order_every_days: int
    currency: str
    given: frozenset[str]


def read_plan_request(document: object, *, defaults: Defaults, field: str = "resources") -> PlanRequest:
    """Return what a document asks to be planned.

    Args:
        document: YAML or JSON text, or what it stands for: a list of resources, or a mapping with `resources`.

    Raises:
        InputError: Not YAML, or wrong; lists every problem with its place and how to mend it.
    """
    value = yaml_value(document, what=field, field=field) if isinstance(document, str) else document
    found = Findings()
    _add_cut_numbers(value, "$", found)
    found.raise_if_any(what="The description of resources", field_name=field)
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    is_one = isinstance(value, Mapping) and "resources" not in value and "name" in value
    top = Fields({"resources": value} if is_list or is_one else value, "$", found)
    if not found.problems and not top.parts("resources"):
        raise InputError("No resource is described.", field=field, next_steps=GUIDE)
    request = _request(top, defaults)
    found.raise_if_any(what="The description of resources", field_name=field)
    return request


def _add_cut_numbers(value: object, path: str, found: Findings, depth: int = 0) -> None:
    """Find numbers that YAML cut in two: within braces `{count: 100,000}` is a count of 100 and a field named 000."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if item is None and _CUT.match(str(key)):
                found.add(
                    f"{path}.{quoted(str(key), limit=40)}",
                    "is the end of a number that its comma cut in two",
                    'within braces write "100,000" in quotes, or 100000',
                )
            _add_cut_numbers(item, f"{path}.{cleaned(str(key), limit=40)}", found, depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            if isinstance(item, (Mapping, Sequence)):
                _add_cut_numbers(item, f"{path}[{index}]", found, depth + 1)


def _request(top: Fields, defaults: Defaults) -> PlanRequest:
    common = _common(top, defaults)
    usage, assumptions = read_usage(top.part(USERS))
    parts = top.parts("resources")
    top.refuse_others()
    if len(parts) > MAX_RESOURCES:
        top.problem("resources", f"has {len(parts)} entries", f"give at most {MAX_RESOURCES} in one plan")
    resources = tuple(_resource(part, common) for part in parts[:MAX_RESOURCES])
    _check_names(top, resources)
    ordered = _ordered(top, resources, has_users=usage is not None)
    return PlanRequest(ordered, usage, (*_common_assumptions(common, resources), *assumptions))


def _common(top: Fields, defaults: Defaults) -> _Common:
    return _Common(
        headroom_ratio=share(top, "headroom", default=defaults.headroom_ratio, low=0.0, high=0.95),
        lead_time_days=days(top, "lead_time", default=defaults.lead_time_days),
        zones=whole(top, "zones", default=1, low=1, high=_MAX_ZONES),
        zone_loss_use_ratio=share(top, "zone_loss_use", default=_ZONE_LOSS_USE, low=0.05, high=1.0),
        spare_units=whole(top, "spare_units", default=-1, low=0, high=_MAX_SPARE) if "spare_units" in top else None,
        order_every_days=max(1, round(days(top, "order_every", default=_ORDER_EVERY_DAYS, high=366))),
        currency=cleaned(top.text("currency"), limit=20),
        given=defaults.given | {key for key in _COMMON if key in top},
    )


def _resource(fields: Fields, common: _Common) -> ResourceRequest:
    name = cleaned(fields.text("name", is_needed=True), limit=_MAX_NAME)
    kind = cast("Kind", fields.choice("kind", KINDS, default="other"))
    demand, demand_unit = read_demand(fields)
    units = read_units(fields)
    if isinstance(demand, QueryDemand):
        demand = _of_what_is_used(fields, demand, kind=kind, units=units)
    prices = fields.part("prices")
    request = ResourceRequest(
        path=fields.path,
        name=name,
        kind=kind,
        unit=_unit(fields, kind=kind, demand_unit=demand_unit, units=units),
        units_now=units.units_now,
        unit_capacity=units.unit_capacity,
        capacity_words=units.words,
        demand=demand,
        sizing=_sizing(fields, kind, common),
        lead_time_days=days(fields, "lead_time", default=common.lead_time_days),
        order_every_days=max(1, round(days(fields, "order_every", default=common.order_every_days, high=366))),
        prices=_prices(prices, common, kind, units) if prices is not None else None,
        notes=units.notes,
    )
    fields.refuse_others()
    return request


def _prices(fields: Fields, common: _Common, kind: Kind, units: UnitsRead) -> Prices | None:
    capacity = Quantity(units.unit_capacity, units.unit or _UNITS.get(kind, ""))
    return read_prices(fields, currency=common.currency, capacity=capacity)


def _of_what_is_used(fields: Fields, demand: QueryDemand, *, kind: Kind, units: UnitsRead) -> QueryDemand:
    """Return a demand for what is used: what is free runs down while the demand goes up."""
    if demand.is_free:
        total = exact_number(units.units_now * units.unit_capacity)
        return replace(demand, query=f"{total} - ({demand.query})")
    if kind in ("disk", "memory") and _FREE.search(demand.query) and "-" not in demand.query:
        fields.problem(
            "demand.query", "asks for what is free, and a demand is what is used", "give {free: ...}, or size - free"
        )
    return demand


def _sizing(fields: Fields, kind: Kind, common: _Common) -> Sizing:
    usual = common.spare_units if common.spare_units is not None else 1 if kind in PIECES else 0
    headroom = share(fields, "headroom", default=common.headroom_ratio, low=0.0, high=0.95)
    if "max_use" in fields:
        if "headroom" in fields:
            fields.problem("max_use", "says the same as headroom", "give one of them")
        headroom = 1 - share(fields, "max_use", default=1 - headroom, low=0.05, high=1.0)
    fields.knows("max_use")
    return Sizing(
        headroom_ratio=headroom,
        spare_units=whole(fields, "spare_units", default=usual, low=0, high=_MAX_SPARE),
        zones=whole(fields, "zones", default=common.zones, low=1, high=_MAX_ZONES),
        zone_loss_use_ratio=share(fields, "zone_loss_use", default=common.zone_loss_use_ratio, low=0.05, high=1.0),
    )


def _unit(fields: Fields, *, kind: Kind, demand_unit: str, units: UnitsRead) -> str:
    """Return the unit of demand and capacity; two that are written must be the same."""
    written = {unit for unit in (cleaned(fields.text("unit"), limit=30), demand_unit, units.unit) if unit}
    if len(written) > 1:
        fields.problem("unit", f"differs between demand and capacity: {', '.join(sorted(written))}", "use one unit")
    return min(written, default=_UNITS.get(kind, ""))


def _check_names(top: Fields, resources: Sequence[ResourceRequest]) -> None:
    names = [resource.name for resource in resources]
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        top.problem("resources", f"has {quoted(name, limit=_MAX_NAME)} more than once", "give each its own name")
    if USERS in names:
        top.problem("resources", f'has one named "{USERS}"', "that is the load of the users; give it another name")


def _ordered(top: Fields, resources: Sequence[ResourceRequest], *, has_users: bool) -> tuple[ResourceRequest, ...]:
    """Return the resources so that each follows only earlier ones."""
    known = {USERS} if has_users else set()
    waiting, ordered = list(resources), []
    while ready := [resource for resource in waiting if _follows(resource) <= known]:
        ordered += ready
        known |= {resource.name for resource in ready}
        waiting = [resource for resource in waiting if resource not in ready]
    for resource in waiting:
        followed = ", ".join(quoted(name, limit=_MAX_NAME) for name in _follows(resource))
        mending = "name another resource that does not follow this one"
        if _follows(resource) == {USERS}:
            mending = "describe the users at the top: {users: {count: 100000 growing 15 % a month}}"
        top.found.add(f"{resource.path}.demand", f"follows {followed}, which has no demand of its own", mending)
    return tuple(ordered)


def _follows(resource: ResourceRequest) -> set[str]:
    return {resource.demand.of} if isinstance(resource.demand, FollowingDemand) else set()


def _common_assumptions(common: _Common, resources: Sequence[ResourceRequest]) -> tuple[Assumption, ...]:
    """Return what holds for every resource that says nothing of its own, written by somebody or not."""
    notes = []

    def add(path: str, value: str) -> None:
        notes.append(Assumption(path, value, "given" if path in common.given else "default"))

    if any(one.sizing.headroom_ratio == common.headroom_ratio for one in resources):
        add("headroom", f"{100 * common.headroom_ratio:.3g} % of the capacity stays free at the peak of a usual day")
    if any(one.lead_time_days == common.lead_time_days for one in resources):
        add("lead_time", f"{common.lead_time_days:g} days from order to use")
    if any(one.order_every_days == common.order_every_days for one in resources):
        add("order_every", f"a step lasts at least {common.order_every_days} days")
    spared = [one.name for one in resources if one.sizing.spare_units == 1 and one.kind in PIECES]
    if spared and common.spare_units is None:
        add("spare_units", f"1 (N+1) for {listed(spared)}; 0 elsewhere")
    if all(one.sizing.zones == 1 for one in resources):
        notes.append(Assumption("zones", "no loss of a zone is planned for", "default", "give zones: 3 to survive one"))
    elif any(one.sizing.zone_loss_use_ratio == common.zone_loss_use_ratio for one in resources):
        share_left = f"{100 * common.zone_loss_use_ratio:.3g} %"
        add("zone_loss_use", f"zones that remain may be used to {share_left} while one is lost")
    return tuple(notes)
