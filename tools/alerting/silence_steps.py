"""Plan, consent, silence, proof: the steps of `silence_alert`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import anyio

from sre.core.errors import BadResponseError, InputError, SreError, TimedOutError, UnavailableError
from sre.core.text import cleaned
from sre.core.times import Window, parse_duration
from tools.alerting.alerts_reading import rule_source_of
from tools.alerting.silence_report import created_answer, preview_answer
from tools.concurrent import all_of, attempted, seconds_left, within
from tools.context import in_thread

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.base import AlertSource
    from server.deps import Deps
    from sre.alerting.silence_plan import SilencePlan
    from sre.core.alerts import NotifiedAlert, Silence
    from sre.core.telemetry import Rule
    from tools.alerting.silence_answer import SilenceAnswer

_MAX_REASON = 500
_MIN_REASON = 5
_MAX_AUTHOR = 120
# Of the 50 s of a call: looking, creating, and enough left to find out what became of it (our choice).
_LOOKING_SECONDS = 15.0
_CREATING_SECONDS = 15.0
# A replica of a cluster, or Mimir, may know a silence a moment later than the one that took it.
_READ_BACKS = 4
_PAUSE_SECONDS = 0.5


@dataclass(slots=True)
class Situation:
    """What holds at the moment of the call.

    Attributes:
        rules: Of the default source; None where they are not known.
        notes: What the answer has to warn of.
    """

    alertmanager: str
    now: datetime
    held: tuple[NotifiedAlert, ...] = ()
    silences: tuple[Silence, ...] = ()
    rules: tuple[Rule, ...] | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The silence that was asked for, as it would be created."""

    plan: SilencePlan
    window: Window
    reason: str
    created_by: str


async def silenced_or_previewed(
    deps: Deps, *, matchers: str, duration: str, reason: str, confirm: str, client: str
) -> SilenceAnswer:
    """Return the preview, or what was created where `confirm` belongs to this very silence.

    Raises:
        ConfigError: No Alertmanager is configured.
        InputError: The matchers, the duration or the reason cannot be used.
        RefusedError: The silence would be too wide or too long.
        UpstreamError: The Alertmanager failed; the message says whether the silence may be there.
    """
    from sre.alerting.silence_matchers import parse_matchers
    from sre.alerting.silence_plan import confirmation_code, new_since, silence_plan

    alerts = deps.alerts()
    parsed, length = parse_matchers(matchers), parse_duration(duration)
    why = _reason(reason)
    situation = await _situation(deps, alerts)
    plan = await in_thread(lambda: silence_plan(parsed, duration=length, held=situation.held))
    window = Window(situation.now, situation.now + timedelta(seconds=length.seconds))
    wanted = Wanted(plan, window, why, _author(client))
    fresh = new_since(confirm, plan) if confirm else None
    if confirm and fresh == 0:
        return await _created(alerts, wanted, situation)
    if confirm:
        situation.notes.append(_why_not(fresh))
    return await in_thread(
        lambda: preview_answer(wanted, situation, code=confirmation_code(plan), was_confirmed=bool(confirm))
    )


async def _situation(deps: Deps, alerts: AlertSource) -> Situation:
    """Return what stands, what is silenced and which rules there are, asked at once; rules may be missing."""
    found = Situation(alerts.name, deps.clock.now().replace(microsecond=0))

    async def held() -> None:
        found.held = await within(alerts.notified_alerts, seconds=_LOOKING_SECONDS, system=alerts.name)

    async def silences() -> None:
        found.silences = await within(alerts.silences, seconds=_LOOKING_SECONDS, system=alerts.name)

    async def rules() -> None:
        metrics = deps.sources.metric() if deps.sources.default_name else None
        source = rule_source_of(metrics) if metrics is not None else None
        if source is not None:
            found.rules = await attempted(source.rules, seconds=min(_LOOKING_SECONDS, seconds_left()))

    await all_of([held, silences, rules])
    return found


def _reason(text: str) -> str:
    reason = cleaned(text, limit=_MAX_REASON)
    if len(reason) < _MIN_REASON:
        raise InputError(
            "reason says too little for whoever wonders why it is quiet.",
            field="reason",
            valid=("deploy of checkout 2.4, done by 15:00, Ann",),
        )
    return reason


def _author(client: str) -> str:
    return cleaned(f"sre-mcp ({client})" if client.strip() else "sre-mcp", limit=_MAX_AUTHOR)


def _why_not(fresh: int | None) -> str:
    if fresh is None:
        return (
            "Nothing was silenced: the confirm code is not for these matchers and this duration. This is a new preview."
        )
    return (
        f"Nothing was silenced: since the preview, {fresh} more alert(s) match that nobody agreed to. "
        "This is a new preview; show it before you confirm."
    )


async def _created(alerts: AlertSource, wanted: Wanted, situation: Situation) -> SilenceAnswer:
    silence_id = await _silenced(alerts, wanted, situation)
    after = await _read_back(alerts, wanted.plan, silence_id)
    if after is None:
        situation.notes.append("The silence was taken, but whether it holds could not be read back: list_alerts.")
    else:
        situation.silences = after[0]
    return created_answer(wanted, situation, silence_id=silence_id, after=after[1] if after else None)


async def _silenced(alerts: AlertSource, wanted: Wanted, situation: Situation) -> str:
    """Create the silence and return its id; an answer that got lost is looked for among the silences.

    Raises:
        SreError: It was not created, or nobody knows.
    """

    async def create() -> str:
        return await alerts.create_silence(
            wanted.plan.matchers, window=wanted.window, created_by=wanted.created_by, comment=wanted.reason
        )

    try:
        return await within(create, seconds=_CREATING_SECONDS, system=alerts.name)
    except (TimedOutError, UnavailableError, BadResponseError) as error:
        failure = error
    known = {one.id for one in situation.silences}
    there = await attempted(alerts.silences, seconds=seconds_left())
    own = [one for one in there or () if one.id not in known and _is_ours(one, wanted)]
    if own:
        situation.notes.append("The Alertmanager's answer got lost, but the silence is there.")
        return own[0].id
    raise _lost(failure, is_known=there is not None)


def _is_ours(silence: Silence, wanted: Wanted) -> bool:
    return silence.comment == wanted.reason and frozenset(silence.matchers) == frozenset(wanted.plan.matchers)


def _lost(failure: SreError, *, is_known: bool) -> SreError:
    told = "It was not created." if is_known else "Whether it was created is not known: look with list_alerts first."
    failure.next_steps = (told, *failure.next_steps)
    return failure


async def _read_back(
    alerts: AlertSource, plan: SilencePlan, silence_id: str
) -> tuple[tuple[Silence, ...], tuple[NotifiedAlert, ...]] | None:
    """Return the silences, and the matched alerts that are still not held back; None where neither could be read."""
    from sre.alerting.silence_matchers import matches

    latest = None
    for attempt in range(_READ_BACKS):
        if attempt:
            await anyio.sleep(_PAUSE_SECONDS)
        silences = await attempted(alerts.silences, seconds=seconds_left())
        held = await attempted(alerts.notified_alerts, seconds=seconds_left())
        if silences is None or held is None:
            continue
        open_still = tuple(
            one for one in held if matches(plan.matchers, one.labels) and silence_id not in one.silenced_by
        )
        latest = (silences, open_still)
        if not open_still and any(one.id == silence_id for one in silences):
            break
    return latest
