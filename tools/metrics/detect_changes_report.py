"""From what was found to the answer of `detect_changes`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sre.core.deploy_matching import deploys_before
from sre.core.golden_conventions import conventions
from sre.core.text import cleaned
from sre.core.times import epoch_ms, format_duration, instant_from_ms
from sre.metrics.changes.presence import presence_of
from sre.metrics.series_figures import shared_labels
from tools.answer import WindowAnswer
from tools.metrics.detect_changes_answer import AnomalyRow, ChangeRow, ChangesAnswer, DeployPart, PresenceRow
from tools.metrics.detect_changes_words import counted, deploy_words, summary
from tools.metrics.query_answer import shown_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sre.core.deploy_matching import DeployMatch, Moment
    from sre.core.deploys import Deploy
    from sre.core.labels import Labels
    from sre.metrics.changes.grouping import Group
    from sre.metrics.changes.model import DatedAnomaly, DatedChange, Rows
    from sre.metrics.changes.relevance import Untold
    from tools.deploys import KnownDeploys
    from tools.metrics.detect_changes_reading import Reading
    from tools.metrics.detect_changes_refining import Refined

_MOST_ROWS: Final = 10
_MOST_OTHERS: Final = 4
_MOST_PRESENCE: Final = 8
_MOST_DEPLOYS: Final = 10
_MOST_NOTES: Final = 4
_MOST_NEAR: Final = 3
_DAY_MS: Final = 86_400_000


def report(reading: Reading, found: Refined, known: KnownDeploys | None, *, source: str | None) -> ChangesAnswer:
    """Return the answer: what changed, what passed, what came and went, what could not be told."""
    rows, search = reading.rows, found.search
    shared = shared_labels(rows.labels)
    teller = _Teller(rows, shared, known, reading.asking.services() if reading.asking else frozenset())
    answer = ChangesAnswer(
        summary="",
        source=source,
        window=WindowAnswer(start=reading.asked.start, end=reading.asked.end, step_seconds=rows.grid.step_ms / 1000),
        read_from=reading.read.start if reading.read.start < reading.asked.start else None,
        queries=[reading.evidence, *found.queries],
        dated_to_seconds=found.step_seconds,
        unit=reading.unit,
        series_total=len(rows),
        series_searched=search.searched_count,
        shared_labels=shown_labels(shared),
        changes=[teller.change(group) for group in search.changes[:_MOST_ROWS]],
        anomalies=[teller.anomaly(group) for group in search.anomalies[:_MOST_ROWS]],
        deploys=[_part(one) for one in _told(known)[:_MOST_DEPLOYS]],
        seasons=[_season(period) for period in search.periods_ms],
    )
    presence = presence_of(rows, since_ms=epoch_ms(reading.asked.start))
    answer.appeared = teller.present(presence.appeared)
    answer.vanished = teller.present(presence.vanished)
    answer.warnings = [*reading.notes, *_search_notes(reading, found), *(known.unread if known else ())]
    came, went = len(presence.appeared), len(presence.vanished)
    answer.left_out = _left_out(reading, found, known, presence_counts=(came, went))
    answer.summary = summary(answer, reading, found, came=came, went=went)
    return answer


class _Teller:
    """Turns findings into rows, with the labels that tell the series apart and the deploys before."""

    def __init__(self, rows: Rows, shared: Labels, known: KnownDeploys | None, services: frozenset[str]) -> None:
        self._rows, self._shared, self._services = rows, shared, services
        self._deploys = known.deploys if known else ()
        self._is_known = known is not None and not any("versions" in text for text in known.unread)

    def change(self, group: Group[DatedChange]) -> ChangeRow:
        lead = group.lead
        matches = self._before(lead.moment, group.members)
        return ChangeRow(
            at=instant_from_ms(lead.moment.at_ms),
            earliest=instant_from_ms(lead.moment.earliest_ms),
            latest=instant_from_ms(lead.moment.latest_ms),
            full_at=None if lead.full_ms is None else instant_from_ms(lead.full_ms),
            direction=lead.direction,
            before=lead.before,
            after=lead.after,
            ratio=lead.ratio,
            noise_multiple=lead.effect,
            confidence=lead.confidence,
            labels=self._labels(lead.row),
            series_count=len(group.members),
            also=[self._labels(one.row) for one in group.others[:_MOST_OTHERS]],
            deploy=_matched(matches),
            deploy_note=self._note(matches),
            also_near=[deploy_words(one) for one in matches[1 : 1 + _MOST_NEAR]],
        )

    def anomaly(self, group: Group[DatedAnomaly]) -> AnomalyRow:
        lead = group.lead
        matches = self._before(lead.start, group.members)
        return AnomalyRow(
            start=instant_from_ms(lead.start.at_ms),
            end=instant_from_ms(min(lead.end.at_ms, self._rows.grid.end_ms)),
            is_ongoing=lead.is_open,
            direction=lead.direction,
            expected=lead.expected,
            worst=lead.worst,
            noise_multiple=lead.score,
            labels=self._labels(lead.row),
            series_count=len(group.members),
            also=[self._labels(one.row) for one in group.others[:_MOST_OTHERS]],
            deploy=_matched(matches),
            deploy_note=self._note(matches),
            ended_by=None if lead.is_open else self._ended_by(lead, group.members, matches),
            also_near=[deploy_words(one) for one in matches[1 : 1 + _MOST_NEAR]],
        )

    def present(self, found: Sequence[tuple[int, int]]) -> list[PresenceRow]:
        return [
            PresenceRow(at=instant_from_ms(at_ms), labels=self._labels(row)) for row, at_ms in found[-_MOST_PRESENCE:]
        ]

    def _labels(self, row: int) -> dict[str, str]:
        return shown_labels(self._rows.labels[row].without(*self._shared))

    def _before(self, moment: Moment, members: Sequence[DatedChange | DatedAnomaly]) -> tuple[DeployMatch, ...]:
        told = {name for one in members for name in services_of(self._rows.labels[one.row])}
        return deploys_before(moment, self._deploys, services=told or self._services)

    def _ended_by(
        self, lead: DatedAnomaly, members: Sequence[DatedAnomaly], began: Sequence[DeployMatch]
    ) -> DeployPart | None:
        before = {id(one.deploy) for one in began}
        ended = [one for one in self._before(lead.end, members) if id(one.deploy) not in before]
        inside = [one for one in ended if one.deploy.at_ms > lead.start.at_ms and one.deploy.kind != "restart"]
        return _matched(inside)

    def _note(self, matches: Sequence[DeployMatch]) -> str:
        if matches:
            return ""
        return "no deploy within 1 h before" if self._is_known else "deploys are not known"


def services_of(labels: Labels) -> frozenset[str]:
    """Return the names under which a series speaks of a service."""
    return frozenset(labels[name] for name in conventions().service_labels if name in labels)


def _matched(matches: Sequence[DeployMatch]) -> DeployPart | None:
    if not matches:
        return None
    part = _part(matches[0].deploy)
    part.minutes_before = matches[0].before_ms / 60_000
    part.query = matches[0].deploy.query
    part.is_own_service = matches[0].is_own
    return part


def _part(deploy: Deploy) -> DeployPart:
    return DeployPart(
        kind=deploy.kind,
        at=instant_from_ms(deploy.at_ms // 1000 * 1000),
        service=cleaned(deploy.service),
        version=cleaned(deploy.after),
        from_version=cleaned(deploy.before),
    )


def _told(known: KnownDeploys | None) -> list[Deploy]:
    """Return deploys, latest first, without the many restarts."""
    return [one for one in reversed(known.deploys) if one.kind != "restart"] if known else []


def _season(period_ms: int) -> str:
    return {_DAY_MS: "daily", 7 * _DAY_MS: "weekly"}.get(period_ms, f"every {format_duration(period_ms / 1000)}")


def _search_notes(reading: Reading, found: Refined) -> list[str]:
    search = found.search
    total = search.searched_count
    notes = [
        text if total in (1, count) else f"{text} ({count} of {total} series)"
        for text, count in search.notes[:_MOST_NOTES]
    ]
    grid = reading.rows.grid
    week_steps = 7 * _DAY_MS // grid.step_ms
    if grid.count < 2 * week_steps:
        read = format_duration(grid.step_ms * (grid.count - 1) / 1000)
        pattern = "a weekly" if grid.count >= 2 * _DAY_MS // grid.step_ms else "a daily or weekly"
        notes.append(f"{read} of data are too short to know {pattern} pattern: what recurs may be told as a change.")
    return [*notes, *found.unread]


def _left_out(
    reading: Reading, found: Refined, known: KnownDeploys | None, *, presence_counts: tuple[int, int]
) -> list[str]:
    search = found.search
    left = []
    missed = len(reading.rows) - search.searched_count
    if missed:
        why = "the time was over" if search.is_cut else "there are too many"
        left.append(
            f"{missed} of {len(reading.rows)} series were not searched, since {why}; those whose level moves most "
            "came first. Select or aggregate: sum by (service) (...)."
        )
    left += _untold(search.untold)
    for name, items in (("changes", search.changes), ("anomalies", search.anomalies)):
        if len(items) > _MOST_ROWS:
            left.append(f"{name}: {_MOST_ROWS} of {len(items)}; a shorter window or fewer series shows the others.")
    for name, count in zip(("appeared", "vanished"), presence_counts, strict=True):
        if count > _MOST_PRESENCE:
            left.append(f"{name}: the latest {_MOST_PRESENCE} of {count} series.")
    deploys = len(_told(known))
    if deploys > _MOST_DEPLOYS:
        left.append(f"deploys: the latest {_MOST_DEPLOYS} of {deploys}; build_timeline shows all of a window.")
    return left


def _untold(untold: Untold) -> list[str]:
    """Return what was found and is not told, each with why."""
    found = (
        (
            counted(untold.slight, "slight change"),
            ": under 5 % of the level and 3 times the noise, or under the noise and without a date.",
        ),
        (counted(untold.recurring, "change"), " that came a day or a week before or after as well: a pattern."),
        (counted(untold.faint, "faint anomaly"), ": short, and as far from the rest as noise is now and then."),
    )
    return [count + why for count, why in found if not count.startswith("no ")]
