"""From settings to the connectors that speak HTTP; kept apart so that a server without them does not import it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.http import Auth, BasicAuth, BearerToken, BearerTokenFile, Endpoint, Tls
from server.settings import HttpSystemSettings, PagerDutySettings, PrometheusSettings
from sre.core.errors import ConfigError

if TYPE_CHECKING:
    from connectors.base import AlertSource, DashboardStore, OncallSource
    from connectors.pagerduty import RoutingKey
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


def pagerduty_source(settings: PagerDutySettings) -> "OncallSource":
    """Return the connector for the configured PagerDuty account; nothing is connected yet.

    Raises:
        ConfigError: The address, a header or a credential cannot be used.
    """
    from connectors.pagerduty import PagerDutyClient
    from connectors.pagerduty.tokens import authorization

    endpoint = endpoint_from(settings)
    if isinstance(endpoint.auth, BearerToken | BearerTokenFile):
        endpoint = replace(endpoint, auth=replace(endpoint.auth, scheme=authorization))
    return PagerDutyClient(endpoint, sender=settings.from_email, routing=_routing_key(settings, endpoint))


def _routing_key(settings: PagerDutySettings, endpoint: Endpoint) -> "RoutingKey | None":
    from connectors.pagerduty import RoutingKey
    from connectors.pagerduty.events import events_url

    if settings.routing_key is None and settings.routing_key_file is None:
        return None
    url = settings.events_url or events_url(endpoint.base_url)
    if url is None:
        raise ConfigError(
            f"Where events of PagerDuty go is not known from {endpoint.origin}.",
            setting="PAGERDUTY_EVENTS_URL",
            next_steps=("Set PAGERDUTY_EVENTS_URL, such as https://events.pagerduty.com.",),
        )
    # The token belongs to the REST API alone.
    events = replace(endpoint, base_url=url, auth=None, headers={})
    if settings.routing_key_file is not None:
        return RoutingKey("", events, file=str(settings.routing_key_file.expanduser()))
    assert settings.routing_key is not None
    return RoutingKey(settings.routing_key.get_secret_value(), events)


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
