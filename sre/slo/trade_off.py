"""What choosing one setting over another means, in a sentence: no setting is best at everything, and none is picked."""

from collections.abc import Callable, Sequence

from sre.core.figures import figure_text, seconds_text
from sre.core.text import listed, quoted
from sre.slo.judgement import Judgement

# Differences a person would not act on (our choice): a minute of delay, a hundredth of the budget.
_DELAY_SECONDS = 60.0
_BUDGET_RATIO = 0.01


def trade_off(judgements: Sequence[Judgement]) -> str:
    """Return what the settings differ in; the first is the SLO as defined."""
    if len(judgements) < 2:
        return ""
    parts = [
        _recall_words(judgements),
        _same_pages_words(judgements),
        _pages_words(judgements),
        _delay_words(judgements),
        _budget_words(judgements),
    ]
    said = [part for part in parts if part]
    if not said:
        return "The settings do not differ in pages, delay or budget spent on this history."
    return " ".join([*said, _closing(judgements)])


def _recall_words(judgements: Sequence[Judgement]) -> str:
    count = len(judgements[0].incidents)
    missing = [one for one in judgements if one.paged_incidents < count]
    if not count or not missing:
        return ""
    told = [f"{_name(one)}{_of(count - one.paged_incidents, count)}" for one in missing]
    return f"Without a page for {'the incident' if count == 1 else 'incidents'}: {listed(told)}."


def _same_pages_words(judgements: Sequence[Judgement]) -> str:
    count = judgements[0].same_pages
    if not count:
        return ""
    fewer = [one for one in judgements if (one.same_pages or 0) < count]
    told = [f"{_name(one)} {one.same_pages} of {count}" for one in fewer]
    return f"Of the pages as defined, sent too: {listed(told)}." if told else ""


def _of(missed: int, count: int) -> str:
    return f" ({missed} of {count})" if count > 1 else ""


def _pages_words(judgements: Sequence[Judgement]) -> str:
    few, many = _ends(judgements, lambda one: float(len(one.pages)))
    if len(few[0].pages) == len(many[0].pages):
        return ""
    words = f"Fewest pages: {_names(few)} ({len(few[0].pages)}); most: {_names(many)} ({len(many[0].pages)}"
    false = len(many[0].pages) - many[0].true_pages
    return f"{words}, {false} of them for no incident)." if many[0].has_incidents and false else f"{words})."


def _delay_words(judgements: Sequence[Judgement]) -> str:
    timed = [one for one in judgements if one.worst_delay_seconds is not None]
    if len(timed) < 2:
        return ""
    fast, slow = _ends(timed, lambda one: one.worst_delay_seconds or 0.0)
    first, last = fast[0].worst_delay_seconds or 0.0, slow[0].worst_delay_seconds or 0.0
    if last - first < _DELAY_SECONDS:
        return ""
    return f"Longest delay: {_names(fast)} {seconds_text(first)}, {_names(slow)} {seconds_text(last)}."


def _budget_words(judgements: Sequence[Judgement]) -> str:
    spent = [one for one in judgements if one.worst_budget_ratio is not None]
    if len(spent) < 2:
        return ""
    least, most = _ends(spent, lambda one: one.worst_budget_ratio or 0.0)
    low, high = least[0].worst_budget_ratio or 0.0, most[0].worst_budget_ratio or 0.0
    if high - low < _BUDGET_RATIO:
        return ""
    ends = f"{_names(least)} {figure_text(low, 'ratio')}, {_names(most)} {figure_text(high, 'ratio')}"
    return f"Most of its own budget gone before a page: {ends}."


def _closing(judgements: Sequence[Judgement]) -> str:
    if judgements[0].has_incidents:
        return "Which matters more, being woken less or being told earlier, is for the team to choose."
    return "Which of the pages were wanted only recorded incidents can tell; pass them as incidents."


def _ends(
    judgements: Sequence[Judgement], key: Callable[[Judgement], float]
) -> tuple[list[Judgement], list[Judgement]]:
    values = [key(one) for one in judgements]
    low, high = min(values), max(values)
    return (
        [one for one, value in zip(judgements, values, strict=True) if value == low],
        [one for one, value in zip(judgements, values, strict=True) if value == high],
    )


def _names(judgements: Sequence[Judgement]) -> str:
    return listed([_name(one) for one in judgements], limit=3)


def _name(judgement: Judgement) -> str:
    return quoted(judgement.setting.name)
