"""What is sent to be let in, and how to keep it out of every text."""

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio.to_thread

from connectors.http.endpoint import BasicAuth, BearerToken, BearerTokenFile, Endpoint, bearer, require_token
from sre.core.errors import ConfigError

_MASK = "***"
# Shorter strings are no secrets worth the name, and masking them would shred ordinary words.
_MIN_SECRET = 4
_MAX_TOKEN_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Credentials:
    """The headers of one request.

    Attributes:
        headers: Extra headers and Authorization.
        secrets: Every spelling in which a secret could come back in an answer.
        told: Which kind was sent, in words.
    """

    headers: dict[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    told: str

    def masked(self, text: str) -> str:
        """Return `text` with every secret replaced."""
        for secret in self.secrets:
            text = text.replace(secret, _MASK)
        return text

    def guarding(self, more: Iterable[str]) -> "Credentials":
        """Return the same credentials with more secrets to mask, such as one that a body holds."""
        return replace(self, secrets=_maskable([*self.secrets, *more]))


async def credentials_for(endpoint: Endpoint) -> Credentials:
    """Return what to send now; a token file is read at this moment.

    Raises:
        ConfigError: The token file cannot be read or does not hold a token.
    """
    headers = dict(endpoint.headers)
    secrets = list(headers.values())
    match endpoint.auth:
        case BearerToken(token=token, scheme=scheme):
            told = f"a {_kind(scheme)} was sent"
        case BearerTokenFile(path=path, scheme=scheme):
            token = await anyio.to_thread.run_sync(_token_in, path)
            told = f"the {_kind(scheme)} of token_file was sent"
        case BasicAuth():
            return _with_basic(endpoint.auth, headers=headers, secrets=secrets)
        case None:
            told = "no token or password is set, only headers were sent" if headers else "no credentials were sent"
            return _made(headers, secrets=secrets, told=told)
    return _made({**headers, "Authorization": scheme(token)}, secrets=[*secrets, token], told=told)


def _kind(scheme: Callable[[str], str]) -> str:
    return "bearer token" if scheme is bearer else "token"


def _with_basic(auth: BasicAuth, *, headers: dict[str, str], secrets: list[str]) -> Credentials:
    pair = base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode("ascii")
    return _made(
        {**headers, "Authorization": f"Basic {pair}"},
        secrets=[*secrets, auth.password, pair],
        told="a user name and password were sent",
    )


def _made(headers: dict[str, str], *, secrets: list[str], told: str) -> Credentials:
    return Credentials(headers, _maskable(secrets), told)


def _maskable(secrets: Iterable[str]) -> tuple[str, ...]:
    # The longest first: one secret may be part of another.
    return tuple(sorted({secret for secret in secrets if len(secret) >= _MIN_SECRET}, key=len, reverse=True))


def _token_in(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_TOKEN_BYTES)
        token = content.decode("ascii").strip()
    except (OSError, UnicodeDecodeError, ValueError):
        raise ConfigError(
            "The file with the bearer token cannot be read as text.",
            setting="token_file",
            next_steps=("Check that the file exists and that this process may read it.",),
        ) from None
    require_token(token, setting="token_file")
    return token
