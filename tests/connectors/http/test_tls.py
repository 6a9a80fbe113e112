"""Real TLS on loopback: who is trusted, and what is said when nobody is."""

from pathlib import Path

import pytest

from connectors.http import Endpoint, HttpClient, Request, Tls
from sre.core.errors import ConfigError, UnavailableError
from tests.support.broken_server import broken_server
from tests.support.tls_server import Authority, tls_server

pytestmark = pytest.mark.anyio


async def asked(url: str, tls: Tls) -> int:
    client = HttpClient(Endpoint(url, tls=tls, timeout_seconds=10), system="prom")
    try:
        return (await client.send(Request("/"))).status
    finally:
        await client.aclose()


async def refused(url: str, tls: Tls) -> UnavailableError:
    with pytest.raises(UnavailableError) as caught:
        await asked(url, tls)
    assert not caught.value.retryable
    assert caught.value.__context__ is None
    return caught.value


async def test_a_certificate_of_the_given_authority_is_trusted(tmp_path: Path) -> None:
    """Source: issue 2, CA file."""
    authority = Authority(tmp_path)
    with tls_server(authority.issued("server")) as url:
        assert await asked(url, Tls(ca_file=authority.ca_file)) == 200


async def test_a_certificate_of_an_unknown_authority_is_not(tmp_path: Path) -> None:
    """Our choice: the message names the setting that mends it."""
    with tls_server(Authority(tmp_path).issued("server")) as url:
        for tls in (Tls(), Tls(ca_file=Authority(tmp_path, name="other").ca_file)):
            error = await refused(url, tls)
            assert "authority" in error.message
            assert "ca_file" in error.next_steps[0]


async def test_verification_can_be_switched_off(tmp_path: Path) -> None:
    """Our choice: for a laboratory."""
    with tls_server(Authority(tmp_path).issued("server", address="10.1.2.3")) as url:
        assert await asked(url, Tls(verify=False)) == 200


async def test_a_certificate_for_another_address_is_told_from_an_unknown_authority(tmp_path: Path) -> None:
    """Source: OpenSSL x509_vfy.h, X509_V_ERR_IP_ADDRESS_MISMATCH."""
    authority = Authority(tmp_path)
    with tls_server(authority.issued("server", address="10.1.2.3")) as url:
        assert "another host name" in (await refused(url, Tls(ca_file=authority.ca_file))).message


async def test_an_expired_certificate_is_told(tmp_path: Path) -> None:
    """Source: OpenSSL x509_vfy.h, X509_V_ERR_CERT_HAS_EXPIRED."""
    authority = Authority(tmp_path)
    with tls_server(authority.issued("server", is_expired=True)) as url:
        assert "expired" in (await refused(url, Tls(ca_file=authority.ca_file))).message


async def test_a_client_certificate_lets_us_in(tmp_path: Path) -> None:
    """Source: issue 2, client certificate."""
    authority = Authority(tmp_path)
    ours = authority.issued("client")
    with tls_server(authority.issued("server"), client_ca_file=authority.ca_file) as url:
        tls = Tls(ca_file=authority.ca_file, cert_file=ours.cert_file, key_file=ours.key_file)
        assert await asked(url, tls) == 200


async def test_a_missing_client_certificate_is_told(tmp_path: Path) -> None:
    """Source: RFC 8446, 6.2, certificate_required; in TLS 1.3 it comes after the handshake."""
    authority = Authority(tmp_path)
    with tls_server(authority.issued("server"), client_ca_file=authority.ca_file) as url:
        error = await refused(url, Tls(ca_file=authority.ca_file))
        assert "asks for a client certificate" in error.message
        assert "client_cert_file" in error.next_steps[0]


async def test_a_client_certificate_that_is_not_accepted_is_told(tmp_path: Path) -> None:
    """Source: RFC 8446, 6.2, unknown_ca."""
    authority = Authority(tmp_path)
    stranger = Authority(tmp_path, name="other").issued("client")
    with tls_server(authority.issued("server"), client_ca_file=authority.ca_file) as url:
        tls = Tls(ca_file=authority.ca_file, cert_file=stranger.cert_file, key_file=stranger.key_file)
        assert "does not accept our client certificate" in (await refused(url, tls)).message


async def test_https_to_a_port_without_tls_is_told() -> None:
    """Our choice: the address should say http."""
    with broken_server("not_http") as url:
        error = await refused(url.replace("http://", "https://"), Tls())
        assert "does not speak TLS" in error.message
        assert "http://" in error.next_steps[0]


@pytest.mark.parametrize("setting", ["ca_file", "client_cert_file"])
@pytest.mark.parametrize("content", [None, "not a certificate"])
async def test_a_file_that_cannot_be_used_is_named_by_its_setting(
    tmp_path: Path, setting: str, content: str | None
) -> None:
    """Our choice: before anything is sent."""
    file = tmp_path / "file.pem"
    if content is not None:
        file.write_text(content)
    tls = Tls(ca_file=str(file)) if setting == "ca_file" else Tls(cert_file=str(file))
    with pytest.raises(ConfigError) as caught:
        await asked("https://127.0.0.1:9", tls)
    assert setting in caught.value.setting
    assert caught.value.__context__ is None or caught.value.__suppress_context__
