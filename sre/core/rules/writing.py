"""Rules and other generated configuration as YAML that reads well and diffs well."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from sre.core.rules.model import AlertRule, RecordingRule, RuleFile, RuleGroup
from sre.core.times import format_duration

if TYPE_CHECKING:
    from yaml import SafeDumper
    from yaml.emitter import ScalarAnalysis

YamlValue: TypeAlias = (
    str | int | float | bool | list["YamlValue"] | tuple["YamlValue", ...] | Mapping[str, "YamlValue"] | None
)

_WIDTH = 118


def rule_file_yaml(file: RuleFile, *, header: str = "") -> str:
    """Return a rule file as one YAML document that Prometheus loads.

    Args:
        header: Comment lines at the top, without the leading `#`.
    """
    return yaml_document({"groups": [_group(group) for group in file.groups]}, header=header)


def yaml_document(value: Mapping[str, YamlValue] | Sequence[YamlValue], *, header: str = "") -> str:
    """Return data as one YAML document: keys in their order, text of several lines as a block."""
    import yaml

    comment = "".join(f"# {line}".rstrip() + "\n" for line in header.splitlines())
    plain = _plain(value if isinstance(value, Mapping) else list(value))
    return comment + yaml.dump(plain, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=_WIDTH)


def _group(group: RuleGroup) -> dict[str, YamlValue]:
    interval: dict[str, YamlValue] = (
        {"interval": format_duration(group.interval_seconds)} if group.interval_seconds else {}
    )
    return {"name": group.name, **interval, "rules": [_rule(rule) for rule in group.rules]}


def _rule(rule: RecordingRule | AlertRule) -> dict[str, YamlValue]:
    if isinstance(rule, RecordingRule):
        return _without_empty({"record": rule.record, "expr": rule.expr, "labels": dict(rule.labels)})
    return _without_empty(
        {
            "alert": rule.alert,
            "expr": rule.expr,
            "for": format_duration(rule.for_seconds) if rule.for_seconds else "",
            "keep_firing_for": format_duration(rule.keep_firing_for_seconds) if rule.keep_firing_for_seconds else "",
            "labels": dict(rule.labels),
            "annotations": dict(rule.annotations),
        }
    )


def _without_empty(fields: Mapping[str, YamlValue]) -> dict[str, YamlValue]:
    return {name: value for name, value in fields.items() if value not in ("", {}, None)}


def _plain(value: YamlValue) -> YamlValue:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


@cache
def _dumper() -> "type[SafeDumper]":
    import yaml

    # Not libyaml's dumper, ten times as fast: it cannot indent list items, and folds long text a word later.
    class Dumper(yaml.SafeDumper):
        # Repeated values would become aliases, which nobody wants to read in a rule file.
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the library's face
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
            # List items are indented below their key, as the Prometheus documentation writes them.
            super().increase_indent(flow, False)

        # The library looks at every character of a text, each time it comes; keys and labels come many times in a file.
        def analyze_scalar(self, scalar: str) -> "ScalarAnalysis":
            known: dict[str, ScalarAnalysis] = self.__dict__.setdefault("analyzed", {})
            if scalar not in known:
                known[scalar] = super().analyze_scalar(scalar)
            return known[scalar]

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return Dumper
