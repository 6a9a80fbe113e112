"""From settings to a Prometheus connector; kept apart so that a server without one does not import it."""

from connectors.http import Auth, BasicAuth, BearerToken, BearerTokenFile, Endpoint, Tls
from connectors.prometheus import PrometheusClient
from server.settings import PrometheusSettings


def prometheus_source(name: str, settings: PrometheusSettings) -> PrometheusClient:
    """Return the connector for one configured Prometheus; nothing is connected yet.

    Raises:
        ConfigError: The address, a header or a credential cannot be used.
    """
    endpoint = Endpoint(
        base_url=settings.url,
        timeout_seconds=settings.timeout_seconds,
        concurrency=settings.concurrency,
        max_body_bytes=settings.max_body_bytes,
        tls=_tls(settings),
        auth=_auth(settings),
        headers={header: value.get_secret_value() for header, value in settings.headers.items()},
    )
    return PrometheusClient(endpoint, name=name)


def _tls(settings: PrometheusSettings) -> Tls:
    files = (settings.ca_file, settings.client_cert_file, settings.client_key_file)
    ca_file, cert_file, key_file = (str(path.expanduser()) if path else None for path in files)
    return Tls(ca_file=ca_file, cert_file=cert_file, key_file=key_file, verify=settings.verify_tls)


def _auth(settings: PrometheusSettings) -> Auth | None:
    if settings.token is not None:
        return BearerToken(settings.token.get_secret_value())
    if settings.token_file is not None:
        return BearerTokenFile(str(settings.token_file.expanduser()))
    if settings.username is not None and settings.password is not None:
        return BasicAuth(settings.username, settings.password.get_secret_value())
    return None
