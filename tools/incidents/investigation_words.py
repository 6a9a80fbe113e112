"""The sentences that sum an investigation up: who started it, what was changed before, who followed, how sure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.figures import figure_text, plain_text
from sre.core.text import cleaned, listed, quoted
from sre.core.times import format_instant, instant_from_ms
from tools.incidents.investigation_answer import FirstMove

if TYPE_CHECKING:
    from sre.incidents.scan.changes import Change
    from sre.incidents.scan.findings import Finding, Findings
    from sre.incidents.suspects.model import Ranking
    from tools.incidents.metric_scan import Scan

MAX_NAME = 80
_MAX_VALUE = 60
_MAX_SENTENCE = 400
_SAID_ALREADY = "not visible in metrics: "
MAX_NAMED = 6
_UNITS = (
    ("error ratio", "", "ratio"),
    ("", "_bytes", "bytes"),
    ("rate", "_seconds_total", ""),
    ("rate", "_bytes_total", "bytes_per_second"),
    ("rate", "", "per_second"),
    ("", "_seconds", "seconds"),
    ("", "_milliseconds", "milliseconds"),
    ("", "_ratio", "ratio"),
)


def summary_of(ranking: Ranking, findings: Findings, scan: Scan, *, service: str) -> str:
    """Return what was found, for a reader who sees nothing else."""
    window = f"{format_instant(scan.windows.asked.start)} to {format_instant(scan.windows.asked.end)}"
    looked = f"{ranking.examined_count:,} series of {len(ranking.services)} services and hosts"
    if findings.first is None:
        return _nothing(ranking, findings, looked=looked, window=window, service=service)
    return " ".join([_accusation(findings), *_story(findings), _how_sure(findings), f"Examined {looked}, {window}."])


def _nothing(ranking: Ranking, findings: Findings, *, looked: str, window: str, service: str) -> str:
    about = f" for {quoted(service, limit=MAX_NAME)}" if service else ""
    sentences = [
        f"Nothing stands out from {window} among {looked}: a cause{about} is not visible in these metrics."
        if ranking.examined_count
        else f"No series from {window} could be judged.",
        *([sentence(ranking.reason.removeprefix(_SAID_ALREADY))] if ranking.reason else []),
    ]
    near = [one for one in findings.changes if one.kind != "alert"][:1]
    sentences += [f"Changed nearby: {_whom(near[0])}{change_text(near[0])} at {_at(near[0].at_ms)}."] if near else []
    return " ".join(sentences)


def first_move(findings: Findings) -> FirstMove | None:
    """Return who moved first of those that may be at fault."""
    from sre.incidents.scan.findings import first_movers

    first = next(iter(first_movers(findings.services)), None)
    if first is None or first.onset_ms is None:
        return None
    dated = [one for one in first.suspects if one.onset_ms is not None]
    metric = min(dated, key=lambda one: (one.onset_ms or 0, -one.score)).metric if dated else ""
    return FirstMove(
        service=cleaned(first.service, limit=MAX_NAME), metric=cleaned(metric), at=instant_from_ms(first.onset_ms)
    )


def change_text(one: Change) -> str:
    """Return what was done, without to whom; its texts are from outside."""
    before, after = cleaned(one.before, limit=_MAX_VALUE), cleaned(one.after, limit=_MAX_VALUE)
    processes = f"{one.restarted_count} process{'es' if one.restarted_count != 1 else ''}"
    match one.kind:
        case "deploy" | "return":
            back = "back to " if one.kind == "return" else ""
            return f"{back}version {quoted(after)} after {quoted(before)}"
        case "restart":
            return f"{processes} crashed and began anew" if after else f"{processes} restarted"
        case "alert":
            return f"alert {quoted(after)} {'was firing already' if before else 'began to fire'}"
        case "scaling":
            return f"copies from {before} to {after}"
        case _:
            return f"{quoted(after)} changed"


def sentence(text: str) -> str:
    """Return words, which may name a service, as a sentence."""
    text = cleaned(text, limit=_MAX_SENTENCE)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _accusation(findings: Findings) -> str:
    first = findings.first
    if first is None:
        return ""
    name = quoted(first.service, limit=MAX_NAME)
    own = [one for one in findings.suspects if one.suspect.service == first.service]
    opening = f"The incident most likely started in {name}" if findings.sureness != "low" else f"Weak lead: {name}"
    return f"{opening}: {_moved(own[0])}." if own else f"{opening}."


def _moved(one: Finding) -> str:
    suspect = one.suspect
    measure = one.scanned.measure if one.scanned else "level"
    metric = cleaned(one.scanned.metric if one.scanned else suspect.metric)
    unit = _unit(metric, measure)
    of = f" of {figure_text(one.limit.value, unit)} allowed" if one.limit else ""
    detail = ", ".join(f"{cleaned(key)}={quoted(value, limit=_MAX_VALUE)}" for key, value in suspect.labels.items())
    what = f"{'' if measure == 'level' else f'{measure} of '}{metric}{f' ({detail})' if detail else ''}"
    at = f" at {_at(suspect.onset_ms)}" if suspect.onset_ms is not None else ""
    if suspect.direction in ("appeared", "vanished"):
        value = f", {figure_text(suspect.during, unit)}{of}" if suspect.direction == "appeared" else ""
        return f"{what} {suspect.direction}{at}{value}"
    verb = "rose" if suspect.direction == "up" else "fell"
    change = f"from {figure_text(suspect.before, unit)} to {figure_text(suspect.during, unit)}{of}"
    return f"{what} {verb} {change}{at} ({plain_text(suspect.effect)} times its usual spread)"


def _story(findings: Findings) -> list[str]:
    first = findings.first
    if first is None:
        return []
    sentences = []
    cause = findings.causes.get(first.service)
    if cause is not None:
        sentences.append(
            f"Shortly before, at {_at(cause.at_ms)}: {quoted(cause.entity, limit=MAX_NAME)}, {change_text(cause)}."
        )
    own = [one for one in findings.suspects[1:] if one.suspect.service == first.service]
    full = [one for one in own if one.is_full]
    sentences += [f"Full: {_moved(one)}." for one in full[:1]]
    if findings.surge is not None:
        sentences.append(f"Its traffic rose too, so load may be why: {_moved(findings.surge)}.")
    mover = first_move(findings)
    if mover is not None and mover.service != cleaned(first.service, limit=MAX_NAME):
        shown = [one for one in findings.suspects if cleaned(one.suspect.metric) == mover.metric]
        what = next((_moved(one) for one in shown if cleaned(one.suspect.service) == mover.service), mover.metric)
        sentences.append(f"The first to move was {quoted(mover.service)}: {what}.")
    for is_known, words in ((True, "Followed as callers of it"), (False, "Moved later and only as followers do")):
        names = [quoted(one.service, limit=MAX_NAME) for one in findings.followers if one.is_known == is_known]
        sentences += [f"{words}, probably not at fault: {listed(names, limit=MAX_NAMED)}."] if names else []
    return sentences


def _how_sure(findings: Findings) -> str:
    return f"Sureness {findings.sureness}: {'; '.join(findings.reasons)}."


def _whom(one: Change) -> str:
    return f"{quoted(one.entity, limit=MAX_NAME)}, " if one.entity else ""


def _at(at_ms: int) -> str:
    return format_instant(instant_from_ms(at_ms // 1000 * 1000))


def _unit(metric: str, measure: str) -> str:
    return next((unit for of, tail, unit in _UNITS if of in ("", measure) and metric.endswith(tail)), "")
