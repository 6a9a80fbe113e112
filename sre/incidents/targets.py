"""Whether an incident was answered and repaired as fast as its severity asks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

from sre.incidents.model import SEVERITIES, IncidentFacts, Severity

_TABLE = Path(__file__).parent / "severity_targets.yaml"
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Target:
    """A time limit: in minutes, in business days, or only in words."""

    text: str
    minutes: float | None = None
    business_days: int | None = None

    def due(self, start: datetime) -> datetime | None:
        """Return the last instant that meets the target, or None where words cannot be judged."""
        if self.minutes is not None:
            return start + timedelta(minutes=self.minutes)
        return None if self.business_days is None else _plus_business_days(start, self.business_days)


@dataclass(frozen=True, slots=True)
class SeverityTargets:
    """Both limits of one severity."""

    respond: Target
    repair: Target


@dataclass(frozen=True, slots=True)
class TargetResult:
    """A target and whether it was met; None where a time is missing or the target cannot be judged."""

    kind: Literal["respond", "repair"]
    target: str
    is_met: bool | None
    basis: str


@cache
def default_targets() -> Mapping[Severity, SeverityTargets]:
    """Return the product's targets by severity."""
    import yaml

    return checked_targets(yaml.safe_load(_TABLE.read_text(encoding="utf-8"))["targets"])


def checked_targets(table: Mapping[str, Mapping[str, Mapping[str, object]]]) -> Mapping[Severity, SeverityTargets]:
    """Return a table as targets.

    Raises:
        ValueError: A severity is missing or unknown, or a target has two numbers.
    """
    if set(table) != set(SEVERITIES):
        raise ValueError(f"targets are needed for exactly {', '.join(SEVERITIES)}")
    return {
        severity: SeverityTargets(_target(table[severity]["respond"]), _target(table[severity]["repair"]))
        for severity in SEVERITIES
    }


def target_results(facts: IncidentFacts) -> tuple[TargetResult, ...]:
    """Return both targets of the incident's severity; none where the severity is not known.

    The answer counts from detection (from the start where that is not known) to acknowledgement, the repair from the
    start to mitigation (to the end where that is not known): users wait from the first failure, not from the page.
    Where the start is only assumed, the harm began then or before: what is late from there on is late, and what is not
    cannot be judged.
    """
    if facts.severity is None:
        return ()
    targets = default_targets()[facts.severity]
    asked, answered = facts.detected_at or facts.start, facts.acknowledged_at
    repaired = facts.mitigated_at or facts.end
    since = "detection" if facts.detected_at else "start"
    until = "mitigation" if facts.mitigated_at else "end"
    repair = _result("repair", targets.repair, facts.start, repaired, f"start to {until}")
    if facts.is_start_assumed and repair.is_met:
        repair = replace(repair, is_met=None)
    return _result("respond", targets.respond, asked, answered, f"{since} to acknowledgement"), repair


def _result(
    kind: Literal["respond", "repair"], target: Target, start: datetime, done: datetime | None, basis: str
) -> TargetResult:
    due = target.due(start)
    is_met = None if due is None or done is None else done <= due
    return TargetResult(kind, target.text, is_met, basis)


def _target(row: Mapping[str, object]) -> Target:
    minutes, days = row.get("minutes"), row.get("business_days")
    if minutes is not None and days is not None:
        raise ValueError(f"target {row['text']}: minutes or business_days, not both")
    return Target(
        text=str(row["text"]),
        minutes=None if minutes is None else float(str(minutes)),
        business_days=None if days is None else int(str(days)),
    )


def _plus_business_days(start: datetime, days: int) -> datetime:
    at = start
    while days > 0:
        at += timedelta(days=1)
        days -= at.weekday() < _SATURDAY
    return at
