"""amtool: Alertmanager's own checks of configuration and routing."""

from connectors.amtool.amtool import Amtool

__all__ = ["Amtool"]
