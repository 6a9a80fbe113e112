"""Uids stay, fit and do not meet."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from sre.dashboards.identity import dashboard_tags, dashboard_uid, file_name


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=80), st.text(max_size=80))
def test_a_uid_is_stable_fits_grafana_and_tells_names_apart(name: str, other: str) -> None:
    """Source: Grafana: at most 40 characters, letters, digits, - and _."""
    uid = dashboard_uid("service", name.encode("utf-8", "replace").decode())
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", uid)
    assert uid == dashboard_uid("service", name.encode("utf-8", "replace").decode())
    assert (uid == dashboard_uid("service", other.encode("utf-8", "replace").decode())) == (name == other)
    assert uid != dashboard_uid("slo", name.encode("utf-8", "replace").decode())


def test_long_names_with_the_same_beginning_have_different_uids() -> None:
    """Our choice: the hash is of the whole name."""
    assert dashboard_uid("slo", "a" * 60) != dashboard_uid("slo", "a" * 61)


def test_dashboards_of_a_service_find_each_other_by_tags() -> None:
    """Our choice."""
    assert dashboard_tags("slo", service="checkout") == ("sre-mcp", "slo", "service:checkout")
    assert dashboard_tags("rules") == ("sre-mcp", "rules")


def test_a_file_stays_in_its_folder() -> None:
    """Our choice: whatever a subject is called."""
    assert file_name("service", "../../etc/Passwd") == "dashboards/service-etc-passwd.json"
    assert file_name("rules", "!!!") == "dashboards/rules-dashboard.json"
