"""Several metrics judged at once: more questions, more accidents.

Source: Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6 (1979).
"""

from collections.abc import Sequence
from dataclasses import replace

from sre.performance.model import Comparison, Verdict

_RANK: dict[Verdict, int] = {"regression": 0, "changed": 1, "improvement": 2, "cannot_tell": 3, "no_change": 4}


def judged_together(comparisons: Sequence[Comparison], *, confidence_ratio: float) -> list[Comparison]:
    """Return the comparisons in their order, changes kept only where they stand beside all the others.

    The share of families without any change in which one is called stays at 1 - confidence.
    """
    order = sorted(
        (index for index, one in enumerate(comparisons) if one.verdict != "cannot_tell"),
        key=lambda index: comparisons[index].p_value,
    )
    judged = list(comparisons)
    is_standing = True
    for done, index in enumerate(order):
        one = comparisons[index]
        is_standing = is_standing and one.p_value <= (1 - confidence_ratio) / (len(order) - done)
        if not is_standing and one.verdict != "no_change":
            note = f"Alone it would count as {one.verdict}; among {len(order)} metrics such an accident is likely."
            judged[index] = replace(one, verdict="no_change", notes=(*one.notes, note))
    return judged


def worst_first(comparison: Comparison) -> tuple[int, float]:
    """Return the key to rank by: verdict, then size of the effect, or how near it comes to one."""
    if comparison.verdict in ("no_change", "cannot_tell"):
        return _RANK[comparison.verdict], comparison.p_value
    size = abs(comparison.effect_ratio) if comparison.effect_ratio is not None else float("inf")
    return _RANK[comparison.verdict], -size
