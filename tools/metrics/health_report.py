"""From readings to verdicts, and to the answer of `check_service_health`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.text import cleaned, quoted
from sre.core.times import Duration, Window, format_duration
from tools.answer import QueryEvidence, WindowAnswer
from tools.metrics.health_answer import HealthAnswer, ResourceAnswer, SignalAnswer, SignalsAnswer
from tools.metrics.health_gaps import failure_text, unread_steps, unread_warnings
from tools.metrics.health_reading import RECENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from sre.metrics.health import HealthRules, Judgement
    from tools.golden_signals import FoundService
    from tools.metrics.health_reading import HealthQuestion, Reading, ServiceReadings

_MAX_METRICS = 30
_RECENT_TEXT = format_duration(RECENT.seconds)


def health_report(found: FoundService, readings: ServiceReadings, question: HealthQuestion) -> HealthAnswer:
    """Return the answer: a verdict for each signal, with its reason, and the worst of them for the service."""
    from sre.metrics.health import health_rules, overall

    rules = health_rules()
    requests = _requests(readings, question)
    signals = SignalsAnswer(
        latency=_latency(readings, rules),
        traffic=_traffic(readings, question, rules),
        errors=_errors(found, readings, question, rules),
        saturation=_saturation(readings, rules),
    )
    named = {name: getattr(signals, name) for name in ("errors", "latency", "saturation", "traffic")}
    verdict = overall(
        symptoms=(signals.errors.verdict, signals.latency.verdict),
        causes=(signals.saturation.verdict, signals.traffic.verdict),
        are_symptoms_read=not any(one is not None and one.error for one in (readings.errors, readings.latency)),
    )
    service = quoted(found.signals.service, limit=80)
    unknown = [name for name, signal in named.items() if signal.verdict == "unknown"]
    without_data = [name for name in unknown if not _has_failed(name, readings)]
    known = " in what is known" if unknown and verdict != "unknown" else ""
    answer = HealthAnswer(
        summary=f"Service {service} is {verdict}{known}. {_reasons(named)}",
        window=_window_answer(question),
        queries=_evidence(readings, signals.saturation.query),
        service=cleaned(found.signals.service),
        verdict=verdict,
        signals=signals,
        matched_by=[cleaned(text) for text in found.signals.matched_by],
        baseline_window=_baseline_text(question),
        warnings=_warnings(found, readings, question, requests=requests, rules=rules),
    )
    if without_data:
        answer.other_metrics = [cleaned(name) for name in found.metrics[:_MAX_METRICS]]
        answer.next_steps.append(
            f"no query for {', '.join(without_data)}: if one of other_metrics shows it, map it in the settings under "
            "services, with $window as the range"
        )
    answer.next_steps += _next_steps(signals) + unread_steps(found.signals.service, readings)
    return answer


def _has_failed(name: str, readings: ServiceReadings) -> bool:
    if name == "saturation":
        return any(one.reading.error is not None for one in readings.saturation)
    reading: Reading | None = getattr(readings, name)
    return reading is not None and reading.error is not None


def _requests(readings: ServiceReadings, question: HealthQuestion) -> float | None:
    if readings.traffic is None or readings.traffic.now is None:
        return None
    return readings.traffic.now * question.window.seconds


def _judged(
    reading: Reading, judge: Callable[[float | None, Duration | None], Judgement], *, recent_counts: bool
) -> Judgement:
    """Judge the window and the last minutes; the worse of the two stands, and a recovery is said.

    Where the window could not be read, the last minutes can show that something is wrong, but not that all is well.
    """
    from sre.metrics.health import SEVERITY, Judgement, worse

    whole = judge(reading.now, None) if reading.error is None else Judgement("unknown", failure_text(reading.error))
    if reading.recent is None or not recent_counts:
        return whole
    recent = judge(reading.recent, RECENT)
    if reading.error is not None and recent.verdict == "ok":
        return whole
    if worse(whole, recent) is recent:
        return Judgement(recent.verdict, f"in the last {_RECENT_TEXT} {recent.why}")
    if SEVERITY[recent.verdict] < SEVERITY[whole.verdict] and recent.verdict == "ok":
        return Judgement(whole.verdict, f"{whole.why}; the last {_RECENT_TEXT} are ok")
    return whole


def _latency(readings: ServiceReadings, rules: HealthRules) -> SignalAnswer:
    from sre.metrics.health import latency_verdict

    reading = readings.latency
    if reading is None:
        return _unknown("seconds", "no metric measures durations under a known name")
    recent_traffic = readings.traffic.recent if readings.traffic is not None else None
    few = recent_traffic is not None and recent_traffic * RECENT.seconds < rules.traffic.small_requests
    judged = _judged(
        reading,
        lambda value, _: latency_verdict(value, reading.baseline, rules=rules.latency),
        recent_counts=not few,
    )
    answer = _signal(reading, judged, unit="seconds")
    answer.percentiles = dict(readings.percentiles) or None
    return answer


def _traffic(readings: ServiceReadings, question: HealthQuestion, rules: HealthRules) -> SignalAnswer:
    from sre.metrics.health import traffic_verdict

    reading = readings.traffic
    if reading is None:
        return _unknown("per_second", "no metric counts requests under a known name")
    judged = _judged(
        reading,
        lambda value, span: traffic_verdict(
            value,
            reading.baseline,
            window_seconds=(span or question.window).seconds,
            rules=rules.traffic,
        ),
        recent_counts=True,
    )
    return _signal(reading, judged, unit="per_second")


def _errors(
    found: FoundService, readings: ServiceReadings, question: HealthQuestion, rules: HealthRules
) -> SignalAnswer:
    from sre.metrics.health import errors_verdict

    reading = readings.errors
    if reading is None:
        return _unknown("ratio", "; ".join(found.signals.notes) or "no metric tells failed requests from good ones")

    def judge(value: float | None, span: Duration | None) -> Judgement:
        traffic = readings.traffic
        rate = None if traffic is None else traffic.recent if span else traffic.now
        requests = None if rate is None else rate * (span or question.window).seconds
        return errors_verdict(value, reading.baseline, requests=requests, rules=rules.errors)

    return _signal(reading, _judged(reading, judge, recent_counts=True), unit="ratio")


def _saturation(readings: ServiceReadings, rules: HealthRules) -> SignalAnswer:
    from sre.metrics.health import SEVERITY, Judgement, saturation_verdict

    judged = [
        (
            one,
            _judged(
                one.reading, lambda value, _: saturation_verdict(value, rules=rules.saturation), recent_counts=True
            ),
        )
        for one in readings.saturation
    ]
    if not judged:
        return _unknown("ratio", "no resource with both a use and a limit was found under a known name")
    ranked = sorted(judged, key=lambda pair: (-SEVERITY[pair[1].verdict], -(pair[0].reading.now or 0.0)))
    worst, judgement = ranked[0]
    answer = _signal(worst.reading, Judgement(judgement.verdict, f"{worst.resource}: {judgement.why}"), unit="ratio")
    answer.resources = [
        ResourceAnswer(
            resource=one.resource,
            verdict=its.verdict,
            now=one.reading.now,
            baseline=one.reading.baseline.median,
            query=one.reading.query,
        )
        for one, its in ranked
    ]
    return answer


def _signal(reading: Reading, judgement: Judgement, *, unit: str) -> SignalAnswer:
    return SignalAnswer(
        verdict=judgement.verdict,
        why=judgement.why,
        now=reading.now,
        recent=reading.recent,
        baseline=reading.baseline.median,
        same_weekday=reading.baseline.same_weekday,
        unit=unit,
        query=reading.query,
        convention=cleaned(reading.convention),
    )


def _unknown(unit: str, why: str) -> SignalAnswer:
    return SignalAnswer(verdict="unknown", why=why, unit=unit)


def _reasons(named: dict[str, SignalAnswer]) -> str:
    from sre.metrics.health import SEVERITY

    ranked = sorted(named.items(), key=lambda pair: -SEVERITY[pair[1].verdict])
    return " ".join(f"{name.capitalize()} {signal.verdict}: {signal.why}." for name, signal in ranked)


def _evidence(readings: ServiceReadings, saturation_query: str | None) -> list[QueryEvidence]:
    singles = [one for one in (readings.traffic, readings.errors, readings.latency) if one is not None]
    worst = [one.reading for one in readings.saturation if one.reading.query == saturation_query]
    return [
        QueryEvidence(query=one.query, series_count=0 if one.error else 1, sample_count=one.points)
        for one in (*singles, *worst)
    ]


def _window_answer(question: HealthQuestion) -> WindowAnswer:
    from datetime import timedelta

    window = Window(question.at - timedelta(seconds=question.window.seconds), question.at)
    return WindowAnswer(start=window.start, end=window.end)


def _baseline_text(question: HealthQuestion) -> str:
    if question.step.seconds < 86_400:
        return f"the same window {question.step} before"
    return f"the same window on each of the {question.steps_back} days before; median, and the same weekday"


def _warnings(
    found: FoundService,
    readings: ServiceReadings,
    question: HealthQuestion,
    *,
    requests: float | None,
    rules: HealthRules,
) -> list[str]:
    warnings = []
    if requests is not None and requests < rules.traffic.small_requests:
        warnings.append(
            f"Low traffic: about {requests:.0f} requests in the window, so ratios and percentiles say little."
        )
    singles = (readings.traffic, readings.errors, readings.latency)
    read = [one for one in singles if one is not None and one.is_compared]
    days = min((len(one.baseline.values) for one in read), default=question.steps_back)
    if read and days < question.steps_back:
        have = f"only {days} of {question.steps_back} earlier values" if days else "no earlier values"
        warnings.append(f"Short history: {have} to compare with.")
    warnings += unread_warnings(readings)
    if found.are_hosts_missing:
        warnings.append("The machines it runs on could not be looked up, so their saturation is not in the answer.")
    if found.is_cut:
        warnings.append("The service has more series than were looked at; some resources may be missing.")
    return warnings


def _next_steps(signals: SignalsAnswer) -> list[str]:
    worst = [signal for signal in (signals.errors, signals.latency, signals.saturation) if signal.verdict == "bad"]
    return [f"query_prometheus over the last 3h to see when it began: {signal.query}" for signal in worst[:1]]
