"""Label sets for a selector: of a series that exists, or one made so that the selector picks it up."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql import Matcher, parse_selector, selects

# Values that statuses take, for matchers that no known series passes; then any word at all.
_WORDS = ("200", "500", "503", "OK", "ok", "success", "2", "13", "Internal", "INTERNAL", "error", "5", "5xx", "x")


def chosen_series(selector: str, known: Iterable[Labels], *, like: Mapping[str, str] | None = None) -> Labels | None:
    """Return labels that a selector picks up, or None where none can be thought of.

    Args:
        known: Series that exist; one of them is preferred, with the fewest labels that say nothing.
        like: Values the labels should have, if the selector lets them.
    """
    matchers = parse_selector(selector)
    own = [labels for labels in known if selects(matchers, labels)]
    wanted = dict(like or {})
    agreeing = [labels for labels in own if all(labels.get(name, value) == value for name, value in wanted.items())]
    if agreeing:
        return min(agreeing, key=str)
    base = min(own or [labels for labels in known if labels.metric == _metric(matchers)], key=str, default=Labels())
    return _fitted(base.replaced(**wanted), matchers) or _fitted(base, matchers)


def series_besides(selector: str, *, but: str, known: Iterable[Labels], like: Labels | None = None) -> Labels | None:
    """Return labels that a selector picks up and another one does not: a good request beside the bad ones."""
    inside, outside = parse_selector(selector), parse_selector(but)
    found = [labels for labels in known if selects(inside, labels) and not selects(outside, labels)]
    if found:
        return min(found, key=str)
    if like is None:
        return None
    names = [matcher.name for matcher in outside if matcher not in inside and matcher.name != METRIC_NAME]
    for values in product(_WORDS, repeat=min(len(names), 1)):
        made = like.replaced(**dict(zip(names, values, strict=False)))
        if selects(inside, made) and not selects(outside, made):
            return made
    return None


def _metric(matchers: Sequence[Matcher]) -> str:
    return next((one.value for one in matchers if one.name == METRIC_NAME and one.op == "="), "")


def _fitted(base: Labels, matchers: Sequence[Matcher]) -> Labels | None:
    labels = base
    for matcher in matchers:
        if not selects((matcher,), labels):
            value = _value_for(matcher)
            if value is None:
                return None
            labels = labels.replaced(**{matcher.name: value})
    return labels if selects(tuple(matchers), labels) else None


def _value_for(matcher: Matcher) -> str | None:
    parts = matcher.value.strip("()").split("|")
    plain = [part.replace("\\", "").replace(".+", "x").replace(".*", "").replace(".", "0") for part in parts]
    for value in (matcher.value, *plain, *_WORDS, ""):
        if selects((matcher,), Labels({matcher.name: value})):
            return value
    return None
