"""What a comparison says in a sentence or two."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from sre.core.figures import figure_text, plain_text
from sre.core.text import quoted
from sre.core.times import format_instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.performance.compare_answer import MetricPart, TailPart, VerdictName
    from tools.performance.compare_subjects import Material

_MOST_NAMED = 4
_TITLES: dict[VerdictName, str] = {
    "regression": "Regression",
    "improvement": "Improvement",
    "changed": "Changed",
    "no_change": "No change",
    "cannot_tell": "Cannot tell",
}
# Beyond, percent are hard to picture, and a factor is said.
_MANY_TIMES = 10.0
_LARGE = 0.5
_WORTH_SAYING = 0.02
_NARROW = 0.02
_LONG_NAME = 40


def summary(material: Material, parts: Sequence[MetricPart]) -> str:
    """Return the verdict with its numbers; stands alone."""
    first = parts[0]
    same = [part for part in parts if part.verdict == first.verdict]
    sentences = [_head(first.verdict, same, total=len(parts))]
    others = [part for part in parts if part.verdict != first.verdict]
    if others:
        sentences.append(_rest(others))
    if first.verdict == "cannot_tell":
        sentences.append(_needed(material))
    if first.verdict == "no_change":
        sentences.append(_unseen(parts))
    if first.verdict == "changed":
        sentences.append("Whether that is bad its name does not tell: pass higher_is_worse.")
    sentences.append(_when(material))
    if material.deploys:
        sentences.append(f"Near the change: {'; '.join(material.deploys)}.")
    return " ".join(sentence for sentence in sentences if sentence)


def _head(verdict: VerdictName, parts: Sequence[MetricPart], *, total: int) -> str:
    title = _TITLES[verdict]
    share = f" in {len(parts)} of {total} metrics" if total > 1 else ""
    tell = _stayed if verdict == "no_change" else _moved
    named = "; ".join(tell(part, is_first=part is parts[0]) for part in parts[:_MOST_NAMED])
    more = f"; and {len(parts) - _MOST_NAMED} more" if len(parts) > _MOST_NAMED else ""
    return f"{title}{share}: {named}{more}."


def _rest(parts: Sequence[MetricPart]) -> str:
    by_verdict: dict[VerdictName, list[MetricPart]] = {}
    for part in parts:
        by_verdict.setdefault(part.verdict, []).append(part)
    return " ".join(
        f"{_TITLES[verdict]}: {', '.join(_name(part) for part in some[:_MOST_NAMED])}"
        f"{f' and {len(some) - _MOST_NAMED} more' if len(some) > _MOST_NAMED else ''}."
        for verdict, some in by_verdict.items()
    )


def _name(part: MetricPart) -> str:
    labels = ", ".join(f"{name}={value}" for name, value in part.labels.items())
    name = part.metric if len(part.metric) <= _LONG_NAME else "the query"
    return f"{name} {quoted(labels, limit=120)}" if labels else name


def _moved(part: MetricPart, *, is_first: bool) -> str:
    if part.tail is not None:
        return _far(part, part.tail)
    if part.effect_ratio is None:
        return f"{_levels(part)}, difference {figure_text(part.difference, part.unit)}"
    beyond = f" beyond the usual {_percent(part.usual_ratio)} %" if _is_moved(part.usual_ratio) else ""
    return f"{_levels(part)}, {_effect(part.effect_ratio)}{beyond}{_interval(part, is_first=is_first)}"


def _far(part: MetricPart, tail: TailPart) -> str:
    bound, typical = figure_text(tail.bound, part.unit), figure_text(tail.typical, part.unit)
    was, now = (figure_text(one, "ratio") for one in (tail.before_ratio, tail.after_ratio))
    level = f"{_name(part)} is mostly as before ({figure_text(part.before, part.unit)})"
    return f"{level}, but the values {tail.side} {bound}, typically {typical}, were {was} before and are {now} after"


def _stayed(part: MetricPart, *, is_first: bool) -> str:
    if any(part.notes) and part.notes[-1].startswith("Alone"):
        return f"{_moved(part, is_first=is_first)}: not beyond chance among so many metrics"
    interval = "" if part.effect_ratio is None else _interval(part, is_first=is_first)
    if _is_moved(part.usual_ratio):
        return f"{_levels(part)}, as usual at these hours{interval}"
    return f"{_name(part)} stays at {figure_text(part.before, part.unit)}{interval}"


def _levels(part: MetricPart) -> str:
    return f"{_name(part)} {figure_text(part.before, part.unit)} before, {figure_text(part.after, part.unit)} after"


def _is_moved(ratio: float | None) -> TypeGuard[float]:
    return ratio is not None and abs(ratio) >= _WORTH_SAYING


def _effect(ratio: float) -> str:
    return f"{plain_text(ratio + 1)} times as much" if ratio >= _MANY_TIMES else f"{_percent(ratio)} %"


def _percent(ratio: float) -> str:
    places = 0 if abs(ratio) >= 0.2 else 1
    return f"{100 * ratio:+,.{places}f}"


def _interval(part: MetricPart, *, is_first: bool) -> str:
    lower, upper = part.interval_ratio
    if lower is None or upper is None:
        return " (no interval)"
    said = "99 % interval " if is_first else ""
    if upper - lower < _NARROW:
        return f" ({said}{100 * lower:+.1f} to {100 * upper:+.1f} %)"
    if lower >= _MANY_TIMES:
        return f" ({said}{plain_text(lower + 1)} to {plain_text(upper + 1)} times)"
    return f" ({said}{_percent(lower)} to {_percent(upper)} %)"


def _needed(material: Material) -> str:
    subject = material.subjects[0]
    what = "runs" if subject.are_runs else "values"
    counts = (
        f"{subject.before.size} {what[:-1] if subject.before.size == 1 else what} before, {subject.after.size} after"
    )
    return (
        f"{counts}: chance alone could do that, however far apart; pass at least {needed_each_side()} {what} of each."
    )


def needed_each_side() -> int:
    """Return how many values of each side can give a verdict at all."""
    from sre.performance.model import CONFIDENCE_RATIO
    from sre.performance.shift import least_p_value

    return next(count for count in range(2, 100) if least_p_value(count, count) <= 1 - CONFIDENCE_RATIO)


def _unseen(parts: Sequence[MetricPart]) -> str:
    """Return a warning about metrics in which even a large change would not have been seen."""
    coarse = [part for part in parts if part.unseen_ratio is None or part.unseen_ratio > _LARGE]
    if not coarse:
        return ""
    names = ", ".join(_name(part) for part in coarse[:_MOST_NAMED])
    return f"Too noisy or too few to show a change under {100 * _LARGE:.0f} %: {names}."


def _when(material: Material) -> str:
    before, after = material.before_window, material.after_window
    if before is None or after is None:
        return ""
    spans = [f"{format_instant(one.start)[:16]}Z to {format_instant(one.end)[:16]}Z" for one in (before, after)]
    return f"Compared {spans[0]} with {spans[1]}."
