"""From findings to the answer of `investigate_incident`, and the sentences that sum it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sre.core.text import cleaned, listed, quoted
from sre.core.times import Window, format_duration, format_instant, instant_from_ms
from tools.answer import QueryEvidence, WindowAnswer
from tools.incidents.investigation_answer import (
    ChangeRow,
    FollowedRow,
    InvestigationAnswer,
    ScannedPart,
    ServiceRow,
    SuspectRow,
)
from tools.incidents.investigation_checks import next_checks
from tools.incidents.investigation_words import MAX_NAME, change_text, first_move, sentence, summary_of

if TYPE_CHECKING:
    from sre.incidents.scan.changes import Change
    from sre.incidents.scan.findings import Finding, Findings, Follower
    from sre.incidents.suspects.model import Ranking, SuspectService
    from tools.incidents.metric_scan import Scan
    from tools.incidents.nearby_changes import Nearby
    from tools.incidents.scan_discovery import Discovered

_MAX_SERVICES = 6
_MAX_CHANGES = 12
_MAX_CAVEATS = 2
_MAX_NAMED = 6
_MAX_QUERIES = 2
# A day; incidents are shorter.
_LONG_SECONDS = 86_400.0
# Where a suspect was found, so few series that had changed before are no hint that all began earlier.
_FEW_RATIO = 0.05


def investigation_answer(
    found: Discovered, scan: Scan, nearby: Nearby, *, ranking: Ranking, findings: Findings, service: str
) -> InvestigationAnswer:
    """Return the answer for what was found."""
    windows = scan.windows
    read = {item.metric: item.series_count for item in found.items}
    onset_ms = findings.first.onset_ms if findings.first else None
    return InvestigationAnswer(
        summary=summary_of(ranking, findings, scan, service=service),
        verdict=_verdict(findings),
        sureness=findings.sureness,
        reasons=[*findings.reasons, *([sentence(ranking.reason)] if ranking.reason else [])],
        first_to_move=first_move(findings),
        # Where nothing stands out, the order is still the best that there is, for who must look on.
        services=[
            _service_row(one, findings)
            for one in (findings.services or [one for one in ranking.services if one.suspects])[:_MAX_SERVICES]
        ],
        suspects=[_suspect_row(one) for one in findings.suspects],
        followed=[_followed_row(one) for one in findings.followers[:_MAX_SERVICES]],
        changes=[_change_row(one, onset_ms) for one in findings.changes[:_MAX_CHANGES]],
        next_checks=next_checks(findings, windows, service=service),
        window=WindowAnswer(start=windows.asked.start, end=windows.asked.end, step_seconds=windows.step.seconds),
        normal_windows=[
            *(WindowAnswer(start=one.start, end=one.end) for one in windows.seasons),
            WindowAnswer(start=windows.main.start, end=windows.incident_start),
        ],
        scanned=ScannedPart(
            metrics=len(read),
            source_series=sum(read.values()),
            series=ranking.examined_count + ranking.unusable_count,
            flat=ranking.flat_count,
            changed_before=ranking.changed_before_count,
            unusable=ranking.unusable_count,
            queries=scan.asked_count + len(nearby.asked),
            call_edges=len(found.edges),
        ),
        queries=_queries(findings),
        warnings=_warnings(found, scan, nearby, ranking, service=service),
        left_out=_left_out(found, scan, findings, ranking),
    )


def _queries(findings: Findings) -> list[QueryEvidence]:
    """Return what shows the strongest suspects; all others and the changes have theirs beside them."""
    return [
        QueryEvidence(query=one.scanned.query, series_count=1, sample_count=one.scanned.point_count)
        for one in findings.suspects[:_MAX_QUERIES]
        if one.scanned is not None
    ]


def _verdict(findings: Findings) -> Literal["suspect_found", "weak_lead", "nothing_stands_out"]:
    if findings.first is None:
        return "nothing_stands_out"
    return "weak_lead" if findings.sureness == "low" else "suspect_found"


def _service_row(one: SuspectService, findings: Findings) -> ServiceRow:
    cause = findings.causes.get(one.service)
    return ServiceRow(
        service=cleaned(one.service, limit=MAX_NAME),
        score=one.score,
        onset=instant_from_ms(one.onset_ms) if one.onset_ms is not None else None,
        change=f"{format_instant(instant_from_ms(cause.at_ms))}: {change_text(cause)}" if cause else None,
        changed_series=one.changed_count,
        series=one.series_count,
    )


def _followed_row(one: Follower) -> FollowedRow:
    why = "it calls what moved" if one.is_known else "it moved later, and only in latency, errors, traffic or downwards"
    return FollowedRow(service=cleaned(one.service, limit=MAX_NAME), of=cleaned(one.of, limit=MAX_NAME), why=why)


def _suspect_row(one: Finding) -> SuspectRow:
    suspect, scanned = one.suspect, one.scanned
    return SuspectRow(
        service=cleaned(suspect.service, limit=MAX_NAME),
        metric=cleaned(scanned.metric if scanned else suspect.metric),
        measure=scanned.measure if scanned else "",
        labels={cleaned(name): cleaned(value, limit=MAX_NAME) for name, value in suspect.labels.items()},
        onset=instant_from_ms(suspect.onset_ms) if suspect.onset_ms is not None else None,
        direction=suspect.direction,
        before=suspect.before,
        during=suspect.during,
        ratio=suspect.ratio,
        limit=one.limit.value if one.limit else None,
        effect=suspect.effect,
        score=suspect.score,
        caveats=list(suspect.caveats[:_MAX_CAVEATS]),
        query=scanned.query if scanned else "",
    )


def _change_row(one: Change, onset_ms: int | None) -> ChangeRow:
    return ChangeRow(
        at=instant_from_ms(one.at_ms),
        kind=one.kind,
        service=cleaned(one.entity, limit=MAX_NAME),
        what=change_text(one),
        minutes_before=(onset_ms - one.at_ms) / 60_000 if onset_ms is not None else None,
        query=one.query,
    )


def _warnings(found: Discovered, scan: Scan, nearby: Nearby, ranking: Ranking, *, service: str) -> list[str]:
    windows = scan.windows
    warnings = list(dict.fromkeys(cleaned(text) for text in scan.source_warnings))[:3]
    if service and not found.is_service_known:
        warnings.append(f"No series carries the name {quoted(service, limit=MAX_NAME)}; everything was scanned alike.")
    if windows.asked.seconds > _LONG_SECONDS:
        warnings.append(
            f"A window of {format_duration(windows.asked.seconds)} is long: what lasted for a small part of it is hard "
            f"to see, and onsets are only as exact as the step of {windows.step}. Narrow it to the time of the symptom."
        )
    normal = Window(windows.main.start, windows.incident_start).seconds
    if normal < windows.asked.seconds:
        warnings.append(f"Short history: only {format_duration(normal)} before the window to tell what is normal.")
    if not windows.has_same_hours:
        warnings.append("No data of the same hours of earlier days: a daily rise of traffic may look like a change.")
    if scan.unmonitored:
        first, last = (format_instant(instant_from_ms(at_ms)) for at_ms in (scan.unmonitored[0], scan.unmonitored[-1]))
        warnings.append(
            f"Hardly any series has samples at {len(scan.unmonitored)} steps from {first} to {last}: the monitoring "
            "itself was away then, and what happened is not known."
        )
    if not found.is_spacing_known:
        warnings.append("How far samples are apart is not known; a minute was assumed.")
    count = ranking.changed_before_count
    if count > (_FEW_RATIO * ranking.examined_count if ranking.is_visible else 0):
        warnings.append(
            f"{count} series had changed before the window and are no suspects; if the trouble began "
            f"before {format_instant(windows.incident_start)}, ask again with an earlier start."
        )
    if nearby.unread:
        warnings.append(f"Changes could not be read from: {listed([cleaned(name) for name in nearby.unread])}.")
    return warnings


def _left_out(found: Discovered, scan: Scan, findings: Findings, ranking: Ranking) -> list[str]:
    notes = []
    if found.selection.left_out:
        names = [cleaned(one.name) for one in found.selection.left_out]
        count = sum(one.series_count for one in found.selection.left_out)
        notes.append(
            f"Not scanned, over the limit of series: {len(names)} metrics with {count:,} series "
            f"({listed(names, limit=_MAX_NAMED)}); ask for them with query_prometheus."
        )
    if scan.unread:
        names = [cleaned(item.metric) for query, _ in scan.unread for item in query.items.values()]
        why = cleaned(scan.unread[0][1].message)
        notes.append(
            f"Not read: {len(names)} metrics ({listed(names, limit=_MAX_NAMED)}): {why} Ask again for a shorter window."
        )
    if scan.unread_seasons:
        notes.append(f"{scan.unread_seasons} questions for the same hours of earlier days had no answer in time.")
    if found.over_limit_count:
        notes.append(
            f"{found.over_limit_count:,} series over the limit were not scanned, those of the least telling metrics; "
            "ask for them with query_prometheus."
        )
    if ranking.unusable_count:
        notes.append(f"{ranking.unusable_count} series had too few samples to judge.")
    if found.unlisted_count:
        notes.append(f"{found.unlisted_count} metrics could not be listed in time or have no series in the window.")
    hidden = sum(one.changed_count for one in findings.services) - len(findings.suspects)
    if hidden > 0:
        notes.append(f"{hidden} more series that moved; suspects holds the strongest of each service by score.")
    if len(findings.changes) > _MAX_CHANGES:
        notes.append(f"{len(findings.changes) - _MAX_CHANGES} changes further from the first suspect.")
    return notes
