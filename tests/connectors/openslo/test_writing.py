"""Written documents read back as the SLO they were written from, and look as a person would write them."""

from datetime import UTC, datetime, timedelta

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.openslo.document import slo_from_text
from connectors.openslo.writing import document_from_slo
from sre.core.slo.model import (
    AlertingSettings,
    Budgeting,
    Indicator,
    MaintenanceWindow,
    Occurrences,
    RatioIndicator,
    RawRatioIndicator,
    Slo,
    ThresholdIndicator,
    TierSetting,
    TimeSlices,
)
from sre.core.slo.windows import CalendarWindow, RollingWindow
from sre.core.text import cleaned
from sre.core.times import Duration

FULL = Slo(
    name="checkout-latency",
    objective_ratio=0.995,
    window=CalendarWindow("month", "Europe/Berlin"),
    indicator=RatioIndicator(
        good='http_request_duration_seconds_bucket{service="checkout",le=~"0?[.]250*"}',
        total='http_request_duration_seconds_count{service="checkout"}',
    ),
    service="checkout",
    display_name="Checkout is fast",
    description="Answers within 250 ms: yes, all of them.",
    source_name="prometheus",
    group_by=("handler", "method"),
    maintenance=(
        MaintenanceWindow(
            datetime(2026, 1, 31, 22, tzinfo=UTC), datetime(2026, 2, 1, 2, tzinfo=UTC), "Move to another database"
        ),
    ),
    alerting=AlertingSettings(
        tiers={"fast": TierSetting(severity="ticket"), "steady": TierSetting(is_enabled=False)},
        labels={"team": "shop"},
        annotations={"chat": "#shop"},
        min_bad_events=10,
        runbook_url="https://runbooks.example.com/checkout",
        dashboard_url="https://grafana.example.com/d/checkout",
    ),
    labels={"team": "shop"},
)
FULL_TEXT = """\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: checkout-latency
  displayName: Checkout is fast
  labels:
    team: shop
  annotations:
    sre-mcp/group-by: handler, method
    sre-mcp/maintenance: |
      - start: '2026-01-31T22:00:00Z'
        end: '2026-02-01T02:00:00Z'
        reason: Move to another database
    sre-mcp/alerting: |
      tiers:
        fast:
          enabled: true
          severity: ticket
        steady:
          enabled: false
      labels:
        team: shop
      annotations:
        chat: '#shop'
      min_bad_events: 10
      runbook_url: https://runbooks.example.com/checkout
      dashboard_url: https://grafana.example.com/d/checkout
spec:
  description: 'Answers within 250 ms: yes, all of them.'
  service: checkout
  indicator:
    metadata:
      name: checkout-latency
    spec:
      ratioMetric:
        counter: true
        good:
          metricSource:
            metricSourceRef: prometheus
            type: Prometheus
            spec:
              query: http_request_duration_seconds_bucket{service="checkout",le=~"0?[.]250*"}
        total:
          metricSource:
            metricSourceRef: prometheus
            type: Prometheus
            spec:
              query: http_request_duration_seconds_count{service="checkout"}
  timeWindow:
    - duration: 1M
      isRolling: false
      calendar:
        startTime: '2024-01-01 00:00:00'
        timeZone: Europe/Berlin
  budgetingMethod: Occurrences
  objectives:
    - target: 0.995
"""


def test_a_document_reads_as_a_person_would_write_it() -> None:
    assert document_from_slo(FULL) == FULL_TEXT
    assert slo_from_text(FULL_TEXT) == FULL


def test_promql_of_several_lines_is_a_block() -> None:
    query = "sum(\n  up\n)\n/\ncount(up)"
    slo = Slo("a", 0.99, RollingWindow(Duration(3600)), RawRatioIndicator(query))
    text = document_from_slo(slo)
    assert "query: |-\n                sum(\n                  up\n" in text
    assert slo_from_text(text).indicator == RawRatioIndicator(query)


def test_a_header_is_a_comment_before_the_document() -> None:
    assert document_from_slo(FULL, header="Made by hand.").startswith("# Made by hand.\napiVersion")


WORDS = st.text(max_size=60).map(lambda text: cleaned(text, limit=60))
NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
LABELS = st.from_regex(r"x_[A-Za-z0-9_]{0,8}", fullmatch=True)
VALUES = st.text(alphabet=st.characters(codec="utf-8", exclude_characters='"\\\n'), max_size=10)
SECONDS = st.integers(0, 4_000_000_000)


def counter(value: str) -> str:
    # Go strings in PromQL have escapes that labels in documents need not exercise here.
    return f'requests_total{{job="{cleaned(value)}"}}'.replace("'", "")


COUNTERS = VALUES.map(counter) | st.sampled_from(
    [
        "a_total",
        "sum(a_total) + sum(b_total)",
        'sum(increase(a_total{x=~"5..|6 #: "}[$window]))',
        "a_total\n  - b_total",
    ]
)
VECTORS = st.sampled_from(["up", "max(\n  age_seconds\n)", 'avg(ratio{a="b: #c"}) # why', "a / b"])
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
INDICATORS: st.SearchStrategy[Indicator] = st.one_of(
    st.builds(RatioIndicator, good=COUNTERS, total=COUNTERS),
    st.builds(RatioIndicator, bad=COUNTERS, total=COUNTERS),
    st.builds(RatioIndicator, good=COUNTERS, bad=COUNTERS),
    st.builds(RawRatioIndicator, VECTORS, st.booleans()),
    st.builds(ThresholdIndicator, VECTORS, st.sampled_from(["lt", "lte", "gt", "gte"]), FLOATS),
)
WINDOWS = st.one_of(
    st.integers(3600, 10_000_000).map(lambda seconds: RollingWindow(Duration(float(seconds)))),
    st.builds(
        CalendarWindow, st.sampled_from(["week", "month", "quarter", "year"]), st.sampled_from(["UTC", "Asia/Tokyo"])
    ),
)
BUDGETINGS: st.SearchStrategy[Budgeting] = st.one_of(
    st.builds(Occurrences),
    st.builds(
        TimeSlices,
        st.integers(60, 3599).map(lambda seconds: Duration(float(seconds))),
        st.floats(min_value=0.001, max_value=1),
    ),
)


@st.composite
def maintenance(draw: st.DrawFn) -> tuple[MaintenanceWindow, ...]:
    edges = sorted(draw(st.lists(SECONDS, unique=True, max_size=8)))
    times = [datetime.fromtimestamp(0, tz=UTC) + timedelta(seconds=edge) for edge in edges]
    pairs = zip(times[::2], times[1::2], strict=False)
    return tuple(MaintenanceWindow(start, end, draw(WORDS)) for start, end in pairs)


TIERS = st.dictionaries(
    st.sampled_from(["fast", "medium", "slow", "steady"]),
    st.builds(TierSetting, st.booleans(), st.sampled_from([None, "page", "ticket"])),
)
ALERTING = st.builds(
    AlertingSettings,
    tiers=TIERS,
    labels=st.dictionaries(LABELS, VALUES, max_size=3),
    annotations=st.dictionaries(LABELS, VALUES, max_size=3),
    min_bad_events=st.integers(0, 1000).map(float) | st.floats(min_value=0, max_value=1e6),
    runbook_url=st.sampled_from(["", "https://a.example/x#y?z='&"]),
    dashboard_url=st.sampled_from(["", "http://b.example"]),
)
SLOS = st.builds(
    Slo,
    name=NAMES,
    objective_ratio=st.floats(min_value=1e-6, max_value=1 - 1e-6),
    window=WINDOWS,
    indicator=INDICATORS,
    service=WORDS,
    display_name=WORDS,
    description=WORDS,
    source_name=st.none() | NAMES,
    budgeting=BUDGETINGS,
    maintenance=maintenance(),
    alerting=ALERTING,
    labels=st.dictionaries(WORDS, VALUES, max_size=3),
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(slo=SLOS)
def test_what_is_written_reads_back_as_the_same(slo: Slo) -> None:
    text = document_from_slo(slo)
    assert slo_from_text(text) == slo
    # Another reader, without our own rules, sees one plain document too.
    assert yaml.safe_load(text)["metadata"]["name"] == slo.name
