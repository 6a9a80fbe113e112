"""A rule file's YAML as rules; everything that is wrong is said at once."""

from collections.abc import Mapping, Sequence

from sre.core.errors import InputError
from sre.core.problems import Findings
from sre.core.rules.model import AlertRule, RecordingRule, RuleFile, RuleGroup
from sre.core.text import quoted
from sre.core.times import parse_duration
from sre.core.yaml_text import yaml_value

_RULE_KEYS = frozenset({"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"})


def read_rule_file(text: str, *, path: str = "", field: str = "rules") -> RuleFile:
    """Return the rules of a Prometheus rule file; the top level may also be that of a PrometheusRule resource.

    PromQL is not looked into here.

    Args:
        path: Name of the file, for messages.
        field: The argument it came in.

    Raises:
        InputError: Not YAML, or not a rule file; lists every problem with its path and mending.
    """
    found = Findings()
    document = _document(text, field=field)
    groups = _list(_top(document), "groups", "$", found)
    read = tuple(_group(group, f"groups[{index}]", found) for index, group in enumerate(groups))
    found.raise_if_any(what=f"The rule file {quoted(path)}" if path else "The rule file", field_name=field)
    return RuleFile(read, path)


def _document(text: str, *, field: str) -> Mapping[str, object]:
    parsed = yaml_value(text, what=f"The rule file in {field}", field=field)
    if not isinstance(parsed, Mapping):
        raise InputError(f"{field} is not a rule file: the top level is no mapping with groups.", field=field)
    return parsed


def _top(document: Mapping[str, object]) -> Mapping[str, object]:
    spec = document.get("spec")
    is_resource = document.get("kind") == "PrometheusRule" and isinstance(spec, Mapping)
    return spec if is_resource and isinstance(spec, Mapping) else document


def _group(group: Mapping[str, object], path: str, found: Findings) -> RuleGroup:
    name = found.text(group, "name", path=path)
    rules = [
        _rule(rule, f"{path}.rules[{index}]", found) for index, rule in enumerate(_list(group, "rules", path, found))
    ]
    return RuleGroup(name, tuple(rule for rule in rules if rule is not None), _seconds(group, "interval", path, found))


def _rule(rule: Mapping[str, object], path: str, found: Findings) -> RecordingRule | AlertRule | None:
    for key in sorted(str(key) for key in rule if key not in _RULE_KEYS):
        found.add(f"{path}.{quoted(key)}", "is not a field of a rule", f"fields are {', '.join(sorted(_RULE_KEYS))}")
    if ("record" in rule) == ("alert" in rule):
        found.add(path, "needs one of record and alert", "name what it is")
        return None
    expr = _expr(rule, path, found)
    labels = _texts(rule, "labels", path, found)
    if "record" in rule:
        return RecordingRule(found.text(rule, "record", path=path), expr, labels)
    return AlertRule(
        alert=found.text(rule, "alert", path=path),
        expr=expr,
        for_seconds=_seconds(rule, "for", path, found) or 0.0,
        keep_firing_for_seconds=_seconds(rule, "keep_firing_for", path, found) or 0.0,
        labels=labels,
        annotations=_texts(rule, "annotations", path, found),
    )


def _expr(rule: Mapping[str, object], path: str, found: Findings) -> str:
    value = rule.get("expr")
    # `expr: 1` is YAML for a number and PromQL all the same.
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return found.text(rule, "expr", path=path)


def _list(parent: Mapping[str, object], key: str, path: str, found: Findings) -> list[Mapping[str, object]]:
    value = parent.get(key)
    if value is None and path != "$":
        return []
    if not isinstance(value, Sequence) or isinstance(value, str):
        found.add(f"{path}.{key}", "is missing" if value is None else "is not a list", "give a list")
        return []
    for index, item in enumerate(value):
        if not isinstance(item, Mapping):
            found.add(f"{path}.{key}[{index}]", "is not a mapping", "give a mapping")
    return [item for item in value if isinstance(item, Mapping)]


def _seconds(parent: Mapping[str, object], key: str, path: str, found: Findings) -> float | None:
    value = parent.get(key)
    if value is None or str(value).strip() in {"", "0", "0s", "0m"}:
        return None
    try:
        return parse_duration(str(value), field=key).seconds
    except InputError as error:
        found.add(f"{path}.{key}", error.message, "give a duration such as 5m")
        return None


def _texts(parent: Mapping[str, object], key: str, path: str, found: Findings) -> dict[str, str]:
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        found.add(f"{path}.{key}", "is not a mapping", "give names and texts")
        return {}
    return {str(name): _text(item) for name, item in value.items()}


def _text(value: object) -> str:
    # YAML turns `true` into a boolean; Prometheus reads the text.
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
