"""From what was read to the verdict, and to the answer of `compare_performance`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.text import cleaned
from tools.answer import WindowAnswer
from tools.performance.compare_answer import CompareAnswer, MetricPart, TailPart
from tools.performance.compare_words import summary

if TYPE_CHECKING:
    from sre.core.times import Window
    from sre.performance.model import Comparison
    from tools.performance.compare_subjects import Material, Subject

_MAX_LABELS = 6
_MISSING_RATIO = 0.5


def report(material: Material, *, smallest_ratio: float) -> CompareAnswer:
    """Return the answer; takes some milliseconds of CPU a metric."""
    from sre.performance.family import judged_together, worst_first
    from sre.performance.model import CONFIDENCE_RATIO

    made = [_compared(subject, smallest_ratio) for subject in material.subjects]
    judged = judged_together(made, confidence_ratio=CONFIDENCE_RATIO)
    ranked = sorted(zip(material.subjects, judged, strict=True), key=lambda pair: worst_first(pair[1]))
    parts = [_part(subject, comparison) for subject, comparison in ranked]
    first = parts[0]
    return CompareAnswer(
        summary=summary(material, parts),
        source=material.source,
        window=_window(material.after_window, material.step_seconds),
        before_window=_window(material.before_window, material.step_seconds),
        queries=list(material.evidence),
        verdict=first.verdict,
        effect_ratio=first.effect_ratio,
        interval_ratio=first.interval_ratio,
        difference=first.difference,
        confidence_ratio=CONFIDENCE_RATIO,
        smallest_change=smallest_ratio,
        metrics=parts,
        deploys=list(material.deploys),
        warnings=[*material.warnings, *_warnings(material)],
        left_out=list(material.left_out),
    )


def _compared(subject: Subject, smallest_ratio: float) -> Comparison:
    from sre.performance.model import Standard
    from sre.performance.verdict import compare

    return compare(
        subject.before,
        subject.after,
        Standard(bad=subject.bad, smallest_ratio=smallest_ratio),
        is_adjoining=subject.is_adjoining,
        earlier=subject.earlier,
        cycle=subject.cycle,
    )


def _part(subject: Subject, found: Comparison) -> MetricPart:
    labels = list(subject.labels.items())[:_MAX_LABELS] if subject.labels is not None else []
    has_interval = found.verdict != "cannot_tell"
    return MetricPart(
        metric=subject.name,
        labels={name: cleaned(value) for name, value in labels},
        verdict=found.verdict,
        before=found.before.typical,
        after=found.after.typical,
        unit=subject.unit,
        effect_ratio=found.effect_ratio,
        interval_ratio=[found.lower_ratio, found.upper_ratio] if has_interval else [None, None],
        difference=found.difference,
        difference_interval=[found.lower_difference, found.upper_difference] if has_interval else [None, None],
        usual_ratio=found.usual_ratio,
        p_value=found.p_value if has_interval else None,
        unseen_ratio=found.unseen_ratio if has_interval else None,
        tail=_tail(found),
        higher_is_worse=None if found.bad is None else found.bad == "up",
        before_count=found.before.count,
        after_count=found.after.count,
        independent_count=found.before.effective_count + found.after.effective_count,
        method=found.method,
        notes=list(found.notes),
    )


def _tail(found: Comparison) -> TailPart | None:
    tail = found.tail
    if tail is None:
        return None
    return TailPart(
        side="above" if tail.side == "up" else "below",
        bound=tail.bound,
        before_ratio=tail.before_ratio,
        after_ratio=tail.after_ratio,
        typical=tail.typical,
    )


def _window(window: Window | None, step_seconds: float | None) -> WindowAnswer | None:
    return None if window is None else WindowAnswer(start=window.start, end=window.end, step_seconds=step_seconds)


def _warnings(material: Material) -> list[str]:
    import numpy as np

    texts = []
    for subject in material.subjects:
        for side, values in (("before", subject.before), ("after", subject.after)):
            there = int(np.isfinite(values).sum())
            if there < _MISSING_RATIO * values.size:
                texts.append(f"{subject.name}: only {there} of {values.size} values {side} the change are there.")
    return texts
