"""The sentences of `detect_changes`: what a person would read out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sre.core.figures import figure_text, plain_text, seconds_text
from sre.core.text import quoted
from sre.core.times import format_instant
from sre.metrics.series_names import sentence_name

if TYPE_CHECKING:
    from datetime import datetime

    from sre.core.deploy_matching import DeployMatch
    from tools.metrics.detect_changes_answer import AnomalyRow, ChangeRow, ChangesAnswer, DeployPart
    from tools.metrics.detect_changes_reading import Reading
    from tools.metrics.detect_changes_refining import Refined

# Read out; the rest is in the lists.
_READ_OUT: Final = 2
_MAX_NAME: Final = 60
# Below this it is said how sure a change is.
_SURE: Final = 0.95


def summary(answer: ChangesAnswer, reading: Reading, found: Refined, *, came: int, went: int) -> str:
    """Return the verdict with the numbers behind it; `came` and `went` are series that appeared and vanished."""
    changes, anomalies = len(found.search.changes), len(found.search.anomalies)
    over = f"{_minute(reading.asked.start)} to {_minute(reading.asked.end)}"
    series = f"{answer.series_searched} series" if answer.series_searched != 1 else "1 series"
    parts = []
    if not changes and not anomalies:
        known = f" ({' and '.join(answer.seasons)} pattern taken out)" if answer.seasons else ""
        parts.append(f"No change and no anomaly in {series}, {over}{known}.")
    else:
        parts.append(
            f"{counted(changes, 'lasting change')} and {counted(anomalies, 'passing anomaly')} in {series}, {over}."
        )
    parts += [_change(row, answer) for row in answer.changes[:_READ_OUT]]
    parts += [_anomaly(row, answer) for row in answer.anomalies[:_READ_OUT]]
    moved = [f"{count} series {word}" for count, word in ((came, "appeared"), (went, "vanished")) if count]
    if moved:
        parts.append(f"{' and '.join(moved)} in the window.")
    return " ".join(part[0].upper() + part[1:] for part in parts)


def deploy_words(match: DeployMatch) -> str:
    """Return a deploy and how long before it was; names from outside are quoted."""
    return f"{_deploy(match.deploy.kind, match.deploy.service, match.deploy.after)} {_before(match.before_ms / 60_000)}"


def _change(row: ChangeRow, answer: ChangesAnswer) -> str:
    together = (
        f"{row.series_count} of {answer.series_searched} series changed together; most: "
        if row.series_count > 1
        else ""
    )
    name = _name(row.labels)
    moved = "rises" if row.direction == "up" else "falls"
    share = f" ({100 * (row.ratio - 1):+.3g} %)" if row.ratio is not None and 0 < row.ratio < 100 else ""
    sure = f", confidence {100 * row.confidence:.0f} %" if row.confidence is not None and row.confidence < _SURE else ""
    return (
        f"{together}{name} {moved} from {figure_text(row.before, answer.unit)} to {figure_text(row.after, answer.unit)}"
        f"{share}, {plain_text(row.noise_multiple or 0.0)} times its noise{sure}, {_when(row)}"
        f"{_after(row.deploy, row.deploy_note)}."
    )


def _when(row: ChangeRow) -> str:
    between = f"(between {_minute(row.earliest)} and {_minute(row.latest)})"
    if row.full_at is None:
        return f"at {_minute(row.at)} {between}"
    return f"beginning at {_minute(row.at)} {between} and complete at {_minute(row.full_at)}"


def _anomaly(row: AnomalyRow, answer: ChangesAnswer) -> str:
    together = (
        f"{row.series_count} of {answer.series_searched} series at the same time; most: "
        if row.series_count > 1
        else ""
    )
    until = "and still so" if row.is_ongoing else f"to {_minute(row.end)}"
    ended = f"; over after {_deployed(row.ended_by)}" if row.ended_by is not None else ""
    return (
        f"{together}{_name(row.labels)} is unlike the rest from {_minute(row.start)} {until}: "
        f"{figure_text(row.worst, answer.unit)} at its worst, {figure_text(row.expected, answer.unit)} expected"
        f"{_after(row.deploy, row.deploy_note)}{ended}."
    )


def _after(deploy: DeployPart | None, note: str) -> str:
    if deploy is None:
        return f"; {note}"
    return f", {_before(deploy.minutes_before or 0.0, word='after')} {_deployed(deploy)}"


def _deployed(deploy: DeployPart) -> str:
    return _deploy(deploy.kind, deploy.service, deploy.version)


def _deploy(kind: str, service: str, version: str) -> str:
    whom = quoted(service, limit=_MAX_NAME)
    match kind:
        case "restart":
            return f"a restart of {whom}"
        case "marked":
            return f"the mark {quoted(version, limit=_MAX_NAME)}"
        case "return":
            return f"{whom} returned to {quoted(version, limit=_MAX_NAME)}"
        case _:
            return f"{whom} {quoted(version, limit=_MAX_NAME)} went live"


def _before(minutes: float, *, word: str = "before") -> str:
    return f"{seconds_text(round(minutes) * 60.0)} {word}" if round(minutes) else f"at most a minute {word}"


def _name(labels: dict[str, str]) -> str:
    from sre.core.labels import Labels

    return sentence_name(Labels(labels)) or "the series"


def counted(count: int, what: str) -> str:
    """Return a number of things in words: `1 faint anomaly`, `no changes`."""
    if count == 1:
        return f"1 {what}"
    plural = what[:-1] + "ies" if what.endswith("y") else f"{what}s"
    return f"{count or 'no'} {plural}"


def _minute(at: datetime) -> str:
    text = format_instant(at.replace(microsecond=0))
    return text[:16] + "Z" if text.endswith(":00Z") else text
