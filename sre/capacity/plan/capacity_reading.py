"""How many units there are and what one carries, as a caller writes it or as a load test shows it."""

from dataclasses import dataclass

from sre.capacity.plan.amounts import amount, seconds_held, whole
from sre.capacity.plan.load_test import LoadPoint, fitted_law, unit_capacity
from sre.core.errors import InputError
from sre.core.fields import Fields
from sre.core.figures import figure_text, plain_text

_MAX_UNITS = 1_000_000
_MAX_LEVELS = 200
_WHOLE_SLACK = 1e-6
_FORMS = "give units and unit_capacity, capacity and unit_capacity, or capacity alone"
_AN_AMOUNT = "give an amount above 0 such as 250, 250 rps or 500 GB"


@dataclass(frozen=True, slots=True)
class UnitsRead:
    """What there is.

    Attributes:
        unit: Of the capacity; empty where it was written without.
        words: Where the capacity of a unit comes from, for people.
    """

    units_now: int
    unit_capacity: float
    unit: str
    words: str
    notes: tuple[str, ...] = ()


_NOTHING = UnitsRead(0, 1.0, "", "")


def read_units(fields: Fields) -> UnitsRead:
    """Return units and the capacity of one; problems go to the findings of `fields`."""
    count = whole(fields, "units", default=-1, low=0, high=_MAX_UNITS)
    total = _positive(fields, "capacity")
    each = _positive(fields, "unit_capacity")
    test = fields.part("load_test")
    if test is not None:
        return _from_load_test(fields, test, count=count, has_more=each is not None or total is not None)
    if each is None and total is None:
        fields.problem("unit_capacity", "is missing", f"{_FORMS}, or a load_test")
        return _NOTHING
    if each is not None and total is not None and each[1] and total[1] and each[1] != total[1]:
        fields.problem("capacity", f"is in {total[1]}, unit_capacity in {each[1]}", "use one unit")
    unit = (each or total or (0.0, ""))[1] or (total[1] if total else "")
    if each is not None and total is not None:
        return _pieces(fields, count, total[0], each[0], unit)
    if each is not None:
        if count < 0:
            fields.problem("units", "is missing", "say how many there are now")
        return UnitsRead(max(count, 0), each[0], unit, "given")
    assert total is not None
    if count == 0:
        fields.problem("units", "is 0 beside a capacity", "give at least 1")
    if count > 0:
        return UnitsRead(count, total[0] / count, unit, f"{figure_text(total[0], unit)} over {count} units")
    note = "one unit is all there is now; give unit_capacity to order in smaller pieces"
    return UnitsRead(1, total[0], unit, note, ("no unit_capacity was given, so a step adds as much as is there now",))


def _pieces(fields: Fields, count: int, total: float, each: float, unit: str) -> UnitsRead:
    pieces = round(total / each)
    if abs(total / each - pieces) > _WHOLE_SLACK * max(pieces, 1) or pieces > _MAX_UNITS:
        fields.problem("unit_capacity", "does not divide capacity into whole units", "give units in place of capacity")
    elif count >= 0 and count != pieces:
        fields.problem("units", f"is {count}, but capacity over unit_capacity is {pieces}", "leave one of them out")
    return UnitsRead(pieces, each, unit, "given")


def _positive(fields: Fields, key: str) -> tuple[float, str] | None:
    found = amount(fields, key, mending=_AN_AMOUNT)
    if found is None:
        return None
    if found.value <= 0:
        fields.problem(key, "is not above 0", _AN_AMOUNT)
        return None
    return found.value, found.unit


def _from_load_test(fields: Fields, test: Fields, *, count: int, has_more: bool) -> UnitsRead:
    if has_more:
        fields.problem("load_test", "stands beside a given capacity", "give one of them")
    if count < 0:
        fields.problem("units", "is missing", "say how many there are now")
    points = tuple(_point(part) for part in test.parts("points")[:_MAX_LEVELS])
    limit = seconds_held(test, "max_latency")
    test.refuse_others()
    before = len(fields.found.problems)
    if not points:
        test.problem("points", "is missing", "give a list of {concurrency, throughput, latency}")
    if any(point.throughput <= 0 for point in points) or len(fields.found.problems) > before:
        return _NOTHING
    try:
        fit = fitted_law(points)
        found = unit_capacity(fit, max_latency_seconds=limit)
    except InputError as error:
        fields.problem("load_test", f"gives no capacity: {error.message.rstrip('.')}", "; ".join(error.next_steps))
        return _NOTHING
    words = (
        f"load test: {plain_text(found.throughput)}/s at {plain_text(found.concurrency)} at once, {found.words} "
        f"(scalability law, R2 {fit.fit_ratio:.3f}, highest measured {plain_text(fit.tested_throughput)}/s)"
    )
    return UnitsRead(max(count, 0), found.throughput, "per_second", words, tuple(f"load test: {n}" for n in fit.notes))


def _point(fields: Fields) -> LoadPoint:
    rate = amount(fields, "throughput", mending=_AN_AMOUNT)
    if rate is None:
        fields.problem("throughput", "is missing", "give requests a second, above 0")
    inside = fields.number("concurrency", default=-1.0, low=1e-6, high=1e9) if "concurrency" in fields else -1.0
    fields.knows("concurrency")
    latency = seconds_held(fields, "latency")
    if inside < 0 and latency is None:
        fields.problem("concurrency", "is missing, and latency too", "give one of them")
    fields.refuse_others()
    return LoadPoint(rate.value if rate else 0.0, None if inside < 0 else inside, latency)
