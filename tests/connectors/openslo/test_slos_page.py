"""The page on SLOs: what it shows reads as it says."""

from pathlib import Path

from connectors.openslo.document import slo_from_text
from connectors.openslo.extensions import ALERTING, GROUP_BY, MAINTENANCE
from connectors.openslo.fields import KEPT_KINDS
from sre.core.slo.latency_buckets import bucket_matcher
from sre.core.slo.model import MaintenanceWindow, RatioIndicator, TierSetting
from sre.core.slo.windows import CalendarWindow
from sre.core.times import format_instant
from sre.core.yaml_text import MAX_DEPTH
from tests.support.markdown_pages import fenced

PAGE = Path("docs/concepts/slos.md").read_text(encoding="utf-8")
FIRST, EXTENDED = (slo_from_text(block) for block in fenced(PAGE, "yaml"))


def test_the_first_document_is_an_slo_of_counters() -> None:
    assert (FIRST.name, FIRST.objective_ratio, str(FIRST.window)) == ("checkout-availability", 0.999, "30d")
    assert isinstance(FIRST.indicator, RatioIndicator)


def test_the_extended_document_says_all_that_its_comments_say() -> None:
    assert EXTENDED.group_by == ("handler", "method")
    assert EXTENDED.window == CalendarWindow("month", "Europe/Berlin")
    (window,) = EXTENDED.maintenance
    assert isinstance(window, MaintenanceWindow)
    assert (format_instant(window.start), window.reason) == ("2026-01-31T21:00:00Z", "Move to another database")
    assert EXTENDED.alerting.tiers == {"fast": TierSetting(severity="ticket"), "steady": TierSetting(is_enabled=False)}
    assert EXTENDED.alerting.min_bad_events == 10


def test_names_and_numbers_of_the_page_are_those_of_the_code() -> None:
    assert bucket_matcher(0.3) in PAGE
    assert f"{MAX_DEPTH} levels" in PAGE
    for name in (GROUP_BY, MAINTENANCE, ALERTING, *KEPT_KINDS):
        assert name in PAGE
