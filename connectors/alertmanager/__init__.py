"""Alertmanager: alerts as they are sent to people, silences, groups."""

from connectors.alertmanager.client import AlertmanagerClient

__all__ = ["AlertmanagerClient"]
