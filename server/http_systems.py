"""From settings to the connectors that speak HTTP; kept apart so that a server without them does not import it."""

from typing import TYPE_CHECKING

from connectors.http import Auth, BasicAuth, BearerToken, BearerTokenFile, Endpoint, Tls
from server.settings import HttpSystemSettings, PrometheusSettings

if TYPE_CHECKING:
    from connectors.base import AlertSource, DashboardStore
    from connectors.prometheus import PrometheusClient


def prometheus_source(name: str, settings: PrometheusSettings) -> "PrometheusClient":
    """Return the connector for one configured Prometheus; nothing is connected yet.

    Raises:
        ConfigError: The address, a header or a credential cannot be used.
    """
    from connectors.prometheus import PrometheusClient

    return PrometheusClient(endpoint_from(settings), name=name)


def alertmanager_source(settings: HttpSystemSettings) -> "AlertSource":
    """Return the connector for the configured Alertmanager; nothing is connected yet.

    Raises:
        ConfigError: The address, a header or a credential cannot be used.
    """
    from connectors.alertmanager import AlertmanagerClient

    return AlertmanagerClient(endpoint_from(settings))


def grafana_store(settings: HttpSystemSettings) -> "DashboardStore":
    """Return the connector for the configured Grafana; nothing is connected yet.

    Raises:
        ConfigError: The address, a header or a credential cannot be used.
    """
    from connectors.grafana import GrafanaClient

    return GrafanaClient(endpoint_from(settings))


def endpoint_from(settings: HttpSystemSettings) -> Endpoint:
    """Return where a system is and how to be let in.

    Raises:
        ConfigError: The address, a header or a credential cannot be used.
    """
    return Endpoint(
        base_url=settings.url,
        timeout_seconds=settings.timeout_seconds,
        concurrency=settings.concurrency,
        max_body_bytes=settings.max_body_bytes,
        tls=_tls(settings),
        auth=_auth(settings),
        headers={header: value.get_secret_value() for header, value in settings.headers.items()},
    )


def _tls(settings: HttpSystemSettings) -> Tls:
    files = (settings.ca_file, settings.client_cert_file, settings.client_key_file)
    ca_file, cert_file, key_file = (str(path.expanduser()) if path else None for path in files)
    return Tls(ca_file=ca_file, cert_file=cert_file, key_file=key_file, verify=settings.verify_tls)


def _auth(settings: HttpSystemSettings) -> Auth | None:
    if settings.token is not None:
        return BearerToken(settings.token.get_secret_value())
    if settings.token_file is not None:
        return BearerTokenFile(str(settings.token_file.expanduser()))
    if settings.username is not None and settings.password is not None:
        return BasicAuth(settings.username, settings.password.get_secret_value())
    return None
