"""Situations for the alerts on a resource's demand, made by hand."""

from sre.core.conventions import DEMAND_PEAK_RECORD, RESOURCE_LABEL
from sre.core.errors import InputError, RefusedError
from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql import parse_selector
from sre.core.rules.scenarios import Expectation, InputSeries, Scenario, gauge

_HOUR = 3600.0
_SEVERITY = "ticket"
# Below and above a level by more than rounding.
_UNDER, _OVER = 0.99, 1.01


def trigger_scenarios(
    resource: str,
    demand: str,
    *,
    order_alert: str,
    headroom_alert: str,
    missing_alert: str,
    order_level: float,
    limit_level: float,
    missing_seconds: float,
) -> tuple[Scenario, ...]:
    """Return what must happen below, at and above the levels, and where nothing is measured.

    Args:
        demand: The query of the demand; where it is a plain selector, its own series is played through the record too.
        missing_seconds: How long nothing is measured before that is said.
    """
    names = (order_alert, headroom_alert, missing_alert)
    record = Labels({METRIC_NAME: DEMAND_PEAK_RECORD, RESOURCE_LABEL: resource})
    between = (order_level + limit_level) / 2
    levels = (4 * _HOUR, order_level * _UNDER), (4 * _HOUR, between), (4 * _HOUR, limit_level * _OVER)
    grows = Scenario(
        f"demand on {resource} grows past the order level, then past what there is",
        (InputSeries(record, gauge(*levels)),),
        (
            *_state(names, 4 * _HOUR - 300, fires=()),
            *_state(names, 8 * _HOUR - 300, fires=(order_alert,) if between >= order_level else ()),
            *_state(names, 12 * _HOUR - 300, fires=(order_alert, headroom_alert)),
        ),
    )
    stops = Scenario(
        f"demand on {resource} is no longer measured",
        (InputSeries(record, gauge((2 * _HOUR, order_level / 2), (missing_seconds + 2 * _HOUR, None))),),
        (
            *_state(names, 2 * _HOUR - 300, fires=()),
            *_state(names, missing_seconds + 4 * _HOUR - 300, fires=(missing_alert,)),
        ),
    )
    plain = _plain_series(demand)
    return (grows, stops) if plain is None else (grows, stops, _peak(resource, plain, names, order_level, limit_level))


def _peak(
    resource: str, series: Labels, names: tuple[str, str, str], order_level: float, limit_level: float
) -> Scenario:
    """Return a peak of ten minutes, which counts for a day and no longer."""
    parts = ((3 * _HOUR, order_level / 2), (600.0, limit_level * _OVER), (27 * _HOUR, order_level / 2))
    return Scenario(
        f"a peak of ten minutes on {resource} counts for a day",
        (InputSeries(series, gauge(*parts)),),
        (
            *_state(names, 3 * _HOUR - 300, fires=()),
            *_state(names, 6 * _HOUR, fires=names[:2]),
            *_state(names, 24 * _HOUR, fires=names[:2]),
            *_state(names, 29 * _HOUR, fires=()),
        ),
    )


def _state(names: tuple[str, str, str], at_seconds: float, *, fires: tuple[str, ...]) -> list[Expectation]:
    return [
        Expectation(name, at_seconds, fires=name in fires, severity=_SEVERITY if name in fires else "")
        for name in names
    ]


def _plain_series(demand: str) -> Labels | None:
    """Return a series that a plain selector picks, or None where the query is more than that."""
    try:
        found = parse_selector(demand)
    except (InputError, RefusedError):
        return None
    if any(one.op != "=" for one in found):
        return None
    return Labels({one.name: one.value for one in found})
