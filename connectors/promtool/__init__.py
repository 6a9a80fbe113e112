"""promtool: Prometheus' own checks of rules, rule tests and configuration."""

from connectors.promtool.promtool import Promtool

__all__ = ["Promtool"]
