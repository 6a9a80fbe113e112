"""Grafana: where dashboards are shown."""

from connectors.grafana.client import GrafanaClient

__all__ = ["GrafanaClient"]
