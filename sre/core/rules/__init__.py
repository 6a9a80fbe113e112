"""Prometheus rules as data: the model, and its YAML both ways."""

from sre.core.rules.model import AlertRule, RecordingRule, RuleFile, RuleGroup
from sre.core.rules.reading import read_rule_file
from sre.core.rules.writing import rule_file_yaml, yaml_document

__all__ = [
    "AlertRule",
    "RecordingRule",
    "RuleFile",
    "RuleGroup",
    "read_rule_file",
    "rule_file_yaml",
    "yaml_document",
]
