"""OpenSLO v1 documents: read, or refused with every problem at once. Source: OpenSLO specification v1."""

from typing import Any

import pytest
import yaml

from connectors.openslo.document import slo_from_document
from sre.core.errors import InputError
from sre.core.slo.windows import CalendarWindow, RollingWindow
from sre.core.times import Duration

GOOD = """
apiVersion: openslo/v1
kind: SLO
metadata:
  name: checkout-availability
  displayName: Checkout availability
spec:
  description: Orders that go through.
  service: checkout
  indicator:
    metadata: { name: checkout-errors }
    spec:
      ratioMetric:
        counter: true
        bad:
          metricSource:
            type: Prometheus
            metricSourceRef: main
            spec: { query: 'http_requests_total{service="checkout",code=~"5.."}' }
        total:
          metricSource:
            type: Prometheus
            spec: { query: 'http_requests_total{service="checkout"}' }
  timeWindow:
    - duration: 30d
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - displayName: good enough
      target: 0.999
"""


def document(**changes: Any) -> dict[str, Any]:
    """The good document with values replaced; `a__b__0` is the path a.b[0]; a value of None removes the key."""
    found: dict[str, Any] = yaml.safe_load(GOOD)
    for path, value in changes.items():
        *parents, last = [int(part) if part.isdigit() else part for part in path.split("__")]
        at: Any = found
        for part in parents:
            at = at[part]
        if value is None:
            del at[last]
        else:
            at[last] = value
    return found


def test_a_rolling_ratio_slo_is_read_whole() -> None:
    slo = slo_from_document(document())
    assert (slo.name, slo.display_name, slo.service) == ("checkout-availability", "Checkout availability", "checkout")
    assert slo.description == "Orders that go through."
    assert slo.objective_ratio == 0.999
    assert slo.window == RollingWindow(Duration(30 * 86_400))
    assert slo.indicator.bad == 'http_requests_total{service="checkout",code=~"5.."}'
    assert slo.indicator.total == 'http_requests_total{service="checkout"}'
    assert slo.indicator.good is None
    assert slo.source_name == "main"


def test_a_percentage_target_is_exact() -> None:
    objective = {"targetPercent": 99.95}
    assert slo_from_document(document(spec__objectives=[objective])).objective_ratio == 0.9995


@pytest.mark.parametrize(
    ("duration", "start", "unit"),
    [
        ("1M", "2026-01-01 00:00:00", "month"),
        ("1Q", "2026-04-01 00:00:00", "quarter"),
        ("1w", "2026-11-02 00:00:00", "week"),
        ("1Y", "2026-01-01", "year"),
    ],
)
def test_calendar_windows_are_read_with_their_zone(duration: str, start: str, unit: str) -> None:
    window = {
        "duration": duration,
        "isRolling": False,
        "calendar": {"startTime": start, "timeZone": "Europe/Berlin"},
    }
    assert slo_from_document(document(spec__timeWindow=[window])).window == CalendarWindow(unit, "Europe/Berlin")  # type: ignore[arg-type]


def test_an_indicator_may_live_in_its_own_document() -> None:
    spec = document()["spec"]["indicator"]["spec"]
    referring = document(spec__indicator=None, spec__indicatorRef="shared")
    slo = slo_from_document(referring, indicators={"shared": {"kind": "SLI", "spec": spec}})
    assert slo.indicator.total == 'http_requests_total{service="checkout"}'


RATIO = "spec__indicator__spec__ratioMetric"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"apiVersion": "openslo/v2alpha"}, "apiVersion"),
        ({"metadata__name": "Checkout Availability"}, "metadata.name"),
        ({"metadata__name": None}, "metadata.name"),
        ({"spec__budgetingMethod": "Timeslices"}, "spec.budgetingMethod"),
        ({"spec__objectives": []}, "spec.objectives"),
        ({"spec__objectives": [{"target": 0.9}, {"target": 0.99}]}, "spec.objectives"),
        ({"spec__objectives__0__target": 99.9}, "spec.objectives[0].target"),
        ({"spec__objectives__0__target": "0.9"}, "spec.objectives[0]"),
        ({"spec__objectives__0__targetPercent": 99}, "spec.objectives[0]"),
        ({"spec__objectives__0__op": "lte"}, "spec.objectives[0].op"),
        ({"spec__timeWindow__0__duration": "30 days"}, "spec.timeWindow[0].duration"),
        ({"spec__timeWindow__0__isRolling": False}, "spec.timeWindow[0]"),
        ({"spec__timeWindow": None}, "spec.timeWindow"),
        ({"spec__indicator": None}, "spec.indicator"),
        ({"spec__indicator__spec": {"thresholdMetric": {}}}, "thresholdMetric"),
        ({f"{RATIO}__raw": {}}, "ratioMetric.raw"),
        ({f"{RATIO}__bad": None}, "ratioMetric"),
        ({f"{RATIO}__counter": False}, "ratioMetric.counter"),
        ({f"{RATIO}__bad__metricSource__type": "Datadog"}, "bad.metricSource.type"),
        ({f"{RATIO}__bad__metricSource__spec__query": "sum(rate(x[5m]))"}, "bad.metricSource.spec.query"),
        ({f"{RATIO}__total__metricSource__spec__query": ""}, "total.metricSource.spec.query"),
    ],
)
def test_what_is_wrong_or_not_supported_is_refused_by_its_path(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(InputError) as refused:
        slo_from_document(document(**changes))
    assert any(path in step.split(";")[0] for step in refused.value.next_steps)
    assert all("; " in step for step in refused.value.next_steps), "each problem says how to mend it"


@pytest.mark.parametrize(
    ("calendar", "duration", "word"),
    [
        ({"startTime": "2026-01-15 00:00:00", "timeZone": "UTC"}, "1M", "startTime"),
        ({"startTime": "2026-01-01 09:00:00", "timeZone": "UTC"}, "1M", "startTime"),
        ({"startTime": "2026-11-03 00:00:00", "timeZone": "UTC"}, "1w", "startTime"),
        ({"startTime": "2026-02-01 00:00:00", "timeZone": "UTC"}, "1Q", "startTime"),
        ({"startTime": "soon", "timeZone": "UTC"}, "1M", "startTime"),
        ({"startTime": "2026-01-01 00:00:00", "timeZone": "Mars"}, "1M", "timeZone"),
        ({"startTime": "2026-01-01 00:00:00", "timeZone": "UTC"}, "2M", "duration"),
    ],
)
def test_calendar_windows_that_start_elsewhere_are_refused(calendar: dict[str, str], duration: str, word: str) -> None:
    window = {"duration": duration, "isRolling": False, "calendar": calendar}
    with pytest.raises(InputError) as refused:
        slo_from_document(document(spec__timeWindow=[window]))
    assert any(word in step for step in refused.value.next_steps)


def test_all_problems_are_said_at_once() -> None:
    broken = document(
        apiVersion="v9",
        spec__budgetingMethod="Timeslices",
        spec__objectives__0__target=7,
        spec__timeWindow__0__duration="?",
    )
    with pytest.raises(InputError, match="4 problem") as refused:
        slo_from_document(broken)
    assert len(refused.value.next_steps) == 4


@pytest.mark.parametrize("wrong", [{}, {"spec": 3}, {"metadata": [], "spec": {"timeWindow": "x", "objectives": {}}}])
def test_shapeless_documents_are_refused_and_not_a_crash(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        slo_from_document(wrong)
