"""When users felt something, and which alerts called for it: pages without a symptom, symptoms without a page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sre.alerting.causes import cause_of
from sre.alerting.interruptions import Interval, RuleHistory, merged
from sre.alerting.review_model import Finding, assumptions
from sre.alerting.signal_kinds import signal_kind
from sre.core.alert_conditions import conditions_of
from sre.core.errors import InputError, RefusedError
from sre.core.text import listed, quoted
from sre.core.times import format_instant, instant_from_ms

_MINUTE_MS: Final = 60_000
_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Symptoms:
    """When users felt something, by service.

    Attributes:
        source: What says so, for people.
    """

    by_service: Mapping[str, Sequence[Interval]] = field(default_factory=dict)
    source: str = ""

    def all_times(self) -> tuple[Interval, ...]:
        """Return when users of any service felt something."""
        return merged((one for each in self.by_service.values() for one in each), gap_ms=0)


def without_symptom(history: RuleHistory, interruptions: Sequence[Interval], symptoms: Symptoms) -> Iterator[Finding]:
    """Find pages that mostly came while nobody felt anything."""
    known = assumptions()
    if history.reviewed.urgency != "page" or len(interruptions) < known.least_coincidences:
        return
    if cause_of(history.reviewed) or _is_about_time(history):
        return
    true = true_calls(interruptions, symptoms)
    if true * 2 >= len(interruptions):
        return
    ticket = history.minutes_per_week(interruptions, is_page=False)
    yield Finding(
        "without_symptom",
        history.reviewed.index,
        f"{true} of {len(interruptions)} pages came while {symptoms.source}.",
        "Make it a ticket, or raise the limit to what users feel.",
        minutes_per_week=history.minutes_per_week(interruptions) - ticket,
    )


def _is_about_time(history: RuleHistory) -> bool:
    """Whether it watches how long things take, which a share of failures says nothing about."""
    try:
        return signal_kind(history.rule, conditions_of(history.rule.expr)) == "latency"
    except (InputError, RefusedError):
        return False


def true_calls(interruptions: Sequence[Interval], symptoms: Symptoms) -> int:
    """Return how many of the calls came while users of any service felt something, or shortly before or after."""
    slack_ms = round(assumptions().coincident_minutes * _MINUTE_MS)
    times = symptoms.all_times()
    return sum(any(one.meets(time, slack_ms=slack_ms) for time in times) for one in interruptions)


def missed(histories: Sequence[RuleHistory], symptoms: Symptoms) -> Iterator[Finding]:
    """Find what users felt for long while no page fired."""
    known = assumptions()
    slack_ms = round(known.coincident_minutes * _MINUTE_MS)
    called = (one for history in histories if history.reviewed.urgency == "page" for one in history.interruptions())
    pages = merged(called, gap_ms=0)
    for service, times in symptoms.by_service.items():
        lasting = [time for time in times if time.minutes >= known.least_symptom_minutes]
        unseen = [time for time in lasting if not any(time.meets(page, slack_ms=slack_ms) for page in pages)]
        if unseen:
            shown = [f"{format_instant(instant_from_ms(one.start_ms))} for {one.minutes:.0f} min" for one in unseen]
            yield Finding(
                "missed",
                None,
                f"Many requests of {quoted(service, limit=80)} failed {len(lasting)} times, and {len(unseen)} times no "
                f"page fired: {listed(shown, limit=_EXAMPLES)}.",
                "Alert on the symptom: generate_slo_rules, or generate_alert_rules.",
            )
