"""The demo world: a shop made on the spot, to try everything without a Prometheus."""

from connectors.demo.source import DemoSource

__all__ = ["DemoSource"]
