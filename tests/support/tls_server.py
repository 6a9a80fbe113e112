"""Certificates made on the spot, and an https server on loopback that uses them."""

import http.server
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.serving import QuietHandler, serving

_NOW = datetime.now(tz=UTC)
_ANSWER = b'{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}'


@dataclass(frozen=True)
class KeyPair:
    """A certificate and its key, as PEM files."""

    cert_file: str
    key_file: str


class Authority:
    """A certificate authority that lives as long as its test."""

    def __init__(self, folder: Path, *, name: str = "ca") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _subject(name)
        builder = _builder(self._name, issuer=self._name, key=self._key)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.ca_file = str(folder / f"{name}.pem")
        Path(self.ca_file).write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))

    def issued(self, name: str, *, address: str = "127.0.0.1", is_expired: bool = False) -> KeyPair:
        """Return a new certificate for an IP address."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_subject(name), issuer=self._name, key=key, is_expired=is_expired)
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False
        )
        pair = KeyPair(str(self._folder / f"{name}.crt"), str(self._folder / f"{name}.key"))
        Path(pair.cert_file).write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))
        Path(pair.key_file).write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return pair


@contextmanager
def tls_server(pair: KeyPair, *, client_ca_file: str | None = None) -> Iterator[str]:
    """Run an https server that answers any question with 1, and yield its URL.

    Args:
        client_ca_file: Only clients with a certificate of this authority are let in.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.cert_file, pair.key_file)
    if client_ca_file is not None:
        context.load_verify_locations(cafile=client_ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
    server = _Server(("127.0.0.1", 0), _Handler)
    server.context = context
    with serving(server) as address:
        yield f"https://{address}"


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    context: ssl.SSLContext

    def finish_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        # The handshake happens in the thread of the connection, so that a client that fails it blocks nobody.
        request.settimeout(10)
        with self.context.wrap_socket(request, server_side=True, do_handshake_on_connect=False) as wrapped:
            try:
                wrapped.do_handshake()
            except ssl.SSLError:
                # Closing with unread data would reset the connection and could take the alert back.
                while socket.socket.recv(wrapped, 65536):
                    pass
                return
            super().finish_request(wrapped, client_address)  # type: ignore[arg-type]

    def handle_error(self, request: object, client_address: object) -> None:
        pass


class _Handler(QuietHandler):
    def do_GET(self) -> None:
        self.answer(_ANSWER, "application/json")


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, *, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, is_expired: bool = False
) -> x509.CertificateBuilder:
    until = _NOW - timedelta(days=1) if is_expired else _NOW + timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW - timedelta(days=2))
        .not_valid_after(until)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
