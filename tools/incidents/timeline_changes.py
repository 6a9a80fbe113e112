"""Deploys, restarts, settings and outages of targets, as metrics show them, for a timeline."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.text import cleaned, quoted
from sre.core.times import epoch_ms, instant_from_ms
from sre.incidents.chronicle import Evidence, Happening
from tools.concurrent import all_of, outcome_of, seconds_left
from tools.context import in_thread
from tools.incidents.timeline_window import Asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import MetricSource
    from sre.core.series import SeriesSet
    from sre.incidents.chronicle import Kind
    from sre.incidents.scan.changes import Change
    from tools.incidents.timeline_window import TimelineWindow

_READ_SECONDS = 15.0
_MAX_SERIES = 5_000
_CHANGE_MATCHER = '{__name__=~"kube_.+|.*config_last_reload_success_timestamp_seconds"}'
_DOWN = "up == 0"
_MAX_NAME = 80
_KINDS: dict[str, Kind] = {"deploy": "deploy", "return": "deploy", "restart": "restart"}


async def read_changes(source: MetricSource, window: TimelineWindow, *, services: Sequence[str]) -> Asked:
    """Return what was changed or restarted, of any service: the cause need not be where it hurts."""
    from sre.core.deploys import starts_query, version_query
    from sre.incidents.scan.changes import change_queries, changes_in, is_change_metric, versions_and_starts

    asked = Asked(source.name, "deploys, restarts, settings, targets")
    since_ms = epoch_ms(window.searched.start)
    listed = await outcome_of(
        lambda: source.series([_CHANGE_MATCHER], window=window.searched, limit=_MAX_SERIES),
        seconds=_patience(),
        system=source.name,
    )
    series = () if isinstance(listed, SreError) else listed
    queries = change_queries([one for one in series if is_change_metric(one.metric)])
    texts = [version_query(), starts_query(since_ms=since_ms), _DOWN, *(query.text for query in queries)]
    answers = await all_of([partial(_read, source, window, text, asked) for text in texts])

    def told() -> list[Happening]:
        changes = list(versions_and_starts(answers[0], answers[1], since_ms=since_ms))
        for query, answer in zip(queries, answers[3:], strict=True):
            changes += changes_in(query, answer) if answer is not None else ()
        found = [_happening(one, source.name, services) for one in changes if one.at_ms >= since_ms]
        return [*found, *(_outages(answers[2], source.name, services) if answers[2] is not None else ())]

    asked.happenings = await in_thread(told)
    if isinstance(listed, SreError) and asked.status == "answered":
        asked.status, asked.note = "partly", listed.message
    return asked


async def _read(source: MetricSource, window: TimelineWindow, text: str, asked: Asked) -> SeriesSet | None:
    ask = partial(source.range_query, text, window=window.searched, step=window.step)
    outcome = await outcome_of(ask, seconds=_patience(), system=source.name)
    if isinstance(outcome, SreError):
        asked.status, asked.note = "partly", outcome.message
        return None
    asked.queries.append((text, len(outcome.series), outcome.series.point_count))
    return outcome.series


def _patience() -> float:
    return min(_READ_SECONDS, seconds_left())


def _happening(change: Change, system: str, services: Sequence[str]) -> Happening:
    at = instant_from_ms(change.at_ms)
    return Happening(
        at=at,
        kind=_KINDS.get(change.kind, "setting"),
        text=_text(change),
        service=change.entity,
        evidence=(Evidence(system, change.query, at),),
        names=(change.after,) if change.kind in ("deploy", "return") and change.after else (),
        # A change anywhere may be the cause; only restarts are many.
        is_relevant=change.kind != "restart" or not services or change.entity in services,
    )


def _text(change: Change) -> str:
    whom = quoted(change.entity, limit=_MAX_NAME) if change.entity else "no named service"
    before, after = (cleaned(text, limit=_MAX_NAME) for text in (change.before, change.after))
    processes = f", {change.restarted_count} processes started" if change.restarted_count else ""
    match change.kind:
        case "deploy":
            return f"{whom}: version {quoted(after)} goes live, before it {quoted(before)}{processes}."
        case "return":
            return f"{whom}: back to version {quoted(after)} from {quoted(before)}, as by a rollback{processes}."
        case "restart":
            crashed = "crashed and started again" if after == "crash" else "started"
            count = change.restarted_count
            return f"{whom}: {f'{count} processes' if count > 1 else 'a process'} {crashed}."
        case "scaling":
            return f"{whom}: number of copies set from {before} to {after}."
        case _:
            return f"{whom}: settings changed ({quoted(after)})."


def _outages(series: SeriesSet, system: str, services: Sequence[str]) -> list[Happening]:
    """Return when targets could not be scraped, those of a job that went at the same time as one."""
    from sre.core.deploys import service_of
    from sre.core.rules.alert_states import runs

    times = series.grid.times_ms()
    gone: dict[tuple[str, int, int], int] = {}
    for row, labels in enumerate(series.labels):
        for start, end in zip(*(part.tolist() for part in runs(series.present[row])), strict=True):
            place = (service_of(labels), start, end)
            gone[place] = gone.get(place, 0) + 1
    found = []
    for (service, start, end), count in gone.items():
        if start == 0:
            continue
        whom = quoted(service, limit=_MAX_NAME)
        targets = f"{count} targets" if count > 1 else "a target"
        relevant = not services or service in services
        evidence = Evidence(system, _DOWN, instant_from_ms(int(times[start])), float(count), "")
        at = instant_from_ms(int(times[start]))
        found.append(
            Happening(
                at,
                "outage",
                f"{whom}: {targets} cannot be scraped.",
                service,
                evidence=(evidence,),
                is_relevant=relevant,
            )
        )
        if end < series.grid.count:
            back = instant_from_ms(int(times[end]))
            shown = Evidence(system, _DOWN, back)
            text = f"{whom}: {targets} can be scraped again."
            found.append(Happening(back, "other", text, service, evidence=(shown,), is_relevant=relevant))
    return found
