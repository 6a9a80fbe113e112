"""What to call next: calls of tools that exist, with their arguments."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.text import cleaned, quoted
from sre.core.times import format_duration, format_instant
from tools.incidents.investigation_answer import CheckRow

if TYPE_CHECKING:
    from sre.incidents.scan.findings import Findings
    from sre.incidents.scan.timeline import ScanWindows

_MAX_NAME = 80
_EARLIER = timedelta(hours=2)


def next_checks(findings: Findings, windows: ScanWindows, *, service: str) -> list[CheckRow]:
    """Return calls that would confirm or refute what was found, the most telling first."""
    if findings.first is None:
        return _without_lead(windows, service)
    first = findings.first
    name = quoted(first.service, limit=_MAX_NAME)
    ends = {"start": format_instant(windows.main.start), "end": format_instant(windows.asked.end)}
    checks = []
    cause = findings.causes.get(first.service)
    if cause is not None and cause.kind in ("deploy", "return"):
        checks.append(
            _query(
                f"Did {name} go wrong as its version changed? If so, undoing it is the quickest mend.",
                cause.query,
                ends,
            )
        )
    asked = [(one.suspect, one.scanned.query) for one in findings.suspects if one.scanned is not None]
    own = [(suspect, query) for suspect, query in asked if suspect.service == first.service]
    checks += [
        _query(f"{cleaned(suspect.metric)} of {name}, before and during.", query, ends) for suspect, query in own[:2]
    ]
    for suspect, query in [one for one in asked if one[0].service != first.service][:1]:
        rival = quoted(suspect.service, limit=_MAX_NAME)
        checks.append(_query(f"Did {rival} move before {name}? Then it is the other way round.", query, ends))
    checks.append(_health(f"What do users of {name} see?", first.service, windows))
    return checks


def _without_lead(windows: ScanWindows, service: str) -> list[CheckRow]:
    checks = []
    if service:
        checks.append(_health("Did users see anything at all?", service, windows))
    arguments = {
        "start": format_instant(windows.asked.start - _EARLIER),
        "end": format_instant(windows.asked.end),
        **({"service": service} if service else {}),
    }
    checks.append(CheckRow(why="It may have begun earlier.", tool="investigate_incident", arguments=arguments))
    checks.append(CheckRow(why="What is alerting?", tool="list_alerts", arguments={}))
    return checks


def _query(why: str, query: str, ends: dict[str, str]) -> CheckRow:
    return CheckRow(why=why, tool="query_prometheus", arguments={"query": query, **ends})


def _health(why: str, service: str, windows: ScanWindows) -> CheckRow:
    seconds = max(300.0, windows.asked.seconds)
    return CheckRow(
        why=why,
        tool="check_service_health",
        arguments={
            "service": service,
            "window": format_duration(seconds),
            "at": format_instant(windows.asked.end),
        },
    )
