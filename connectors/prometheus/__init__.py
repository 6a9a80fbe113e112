"""Prometheus, Thanos, Mimir, Cortex and VictoriaMetrics over the HTTP API they share."""

from connectors.prometheus.client import PrometheusClient

__all__ = ["PrometheusClient"]
