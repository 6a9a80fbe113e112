"""The TLS context of an endpoint."""

import ssl

from connectors.http.endpoint import Tls
from sre.core.errors import ConfigError


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Return a context that trusts and presents what `tls` says.

    Without `ca_file` the authorities of the machine count (where companies install their own) together with those of
    `certifi`, since some Python builds come without any.

    Raises:
        ConfigError: A file is missing, unreadable or not PEM.
    """
    context = ssl.create_default_context(cafile=_readable(tls.ca_file, setting="ca_file"))
    if tls.ca_file is None and tls.verify:
        import certifi

        context.load_verify_locations(cafile=certifi.where())
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert_file is not None:
        _present(context, tls, cert_file=tls.cert_file)
    return context


def _readable(path: str | None, *, setting: str) -> str | None:
    if path is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
        except (OSError, ValueError):
            raise _unusable(setting) from None
    return path


def _present(context: ssl.SSLContext, tls: Tls, *, cert_file: str) -> None:
    def no_password() -> str:
        # Without this OpenSSL would ask on the terminal, which belongs to the protocol.
        raise ValueError

    try:
        context.load_cert_chain(cert_file, tls.key_file, password=no_password)
    except (OSError, ValueError):
        raise _unusable("client_cert_file or client_key_file") from None


def _unusable(setting: str) -> ConfigError:
    return ConfigError(
        f"The file set as {setting} is missing, cannot be read or is not what it should be.",
        setting=setting,
        next_steps=("It must be PEM, readable by this process; a key must have no password and fit its certificate.",),
    )
