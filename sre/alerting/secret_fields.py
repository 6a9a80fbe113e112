"""Credentials written where a file should be named: found before anything is made of a document.

What a caller sends stays in transcripts and logs, so a secret in it is spent; generated configuration names files.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sre.core.problems import Findings

# Fields of Prometheus and Alertmanager that hold a credential, and what names a file instead.
_FILE_FIELDS: Mapping[str, str] = {
    "routing_key": "routing_key_file",
    "service_key": "routing_key_file",
    "integration_key": "routing_key_file",
    "auth_password": "auth_password_file",
    "password": "password_file",
    "bearer_token": "credentials_file",
    "credentials": "credentials_file",
    "token": "credentials_file",
    "api_token": "credentials_file",
    "api_key": "credentials_file",
    "apikey": "credentials_file",
    "client_secret": "credentials_file",
    "secret": "credentials_file",
    "auth_secret": "auth_password_file",
    "slack_api_url": "api_url_file",
    "access_key": "role_arn, or no field at all: the machine's own role is used",
    "secret_key": "role_arn, or no field at all: the machine's own role is used",
    "key": "key_file",
}
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[a-z][a-z0-9+.-]*://[^/\s@]*:[^/\s@]*@", re.IGNORECASE), "is an address with a password in it"),
    (
        re.compile(r"https?://hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/", re.IGNORECASE),
        "is a Slack webhook",
    ),
    (
        re.compile(r"https?://(?:[^/]+\.)?(?:discord(?:app)?\.com/api/webhooks|webhook\.office\.com)/", re.IGNORECASE),
        "is a chat webhook",
    ),
    (
        re.compile(r"[?&](?:token|key|api_?key|secret|sig|signature|password|access_token|auth)=", re.IGNORECASE),
        "is an address with a token in it",
    ),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"), "is a private key"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"), "is a signed token"),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), "is an access key"),
    (re.compile(r"\b(?:gh[pousr]_\w{30,}|glsa_\w{30,}|xox[abprs]-[\w-]{10,}|sk-[\w-]{20,})"), "is a token"),
    (re.compile(r"(?i)^(?:bearer|basic)\s+\S{8,}"), "is a credential"),
)
# A run of letters and digits this long with this much surprise a character is a key and no name (our choice):
# PagerDuty's routing keys are 32 hexadecimal digits, 4 bits each at most.
_RUN = re.compile(r"[A-Za-z0-9_+-]{20,}")
_MIN_BITS = 3.0
_MIN_DIGITS = 3


def add_inline_secrets(document: object, found: Findings, *, path: str = "$") -> None:
    """Record each credential of a document as a problem, without repeating any of it."""
    for place, key, value in _texts(document, path, ""):
        reason, mending = secret_in(key, value)
        if reason:
            found.add(place, f"{reason}; treat it as leaked and change it", mending)


def secret_in(key: str, value: str) -> tuple[str, str]:
    """Return why a field holds a credential and what to write instead; two empty strings where it holds none."""
    name = key.casefold()
    if name.endswith("_file") or not value.strip():
        return "", ""
    if name in _FILE_FIELDS:
        return "is a credential in the text", f"put it into a file and name that: {_FILE_FIELDS[name]}"
    for shape, reason in _SHAPES:
        if shape.search(value):
            return reason, f"put it into a file and name that: {_file_field(name)}"
    if any(_is_random(run) for run in _RUN.findall(value)):
        return "looks like a key", f"put it into a file and name that: {_file_field(name)}"
    return "", ""


def _file_field(name: str) -> str:
    return f"{name}_file" if name in {"url", "api_url"} else "credentials_file (authorization) or url_file (webhook)"


def _is_random(run: str) -> bool:
    digits = sum(character.isdigit() for character in run)
    letters = sum(character.isalpha() for character in run)
    if digits < _MIN_DIGITS or letters < _MIN_DIGITS or "-" in run.strip("-"):
        # Names of machines and pods are broken up by dashes; UUIDs are not worth a false alarm.
        return False
    shares = [count / len(run) for count in Counter(run).values()]
    return -sum(share * math.log2(share) for share in shares) >= _MIN_BITS


def _texts(value: object, path: str, key: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(item, f"{path}.{name}", str(name))
    elif isinstance(value, str):
        yield path, key, value
    elif isinstance(value, Sequence):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}[{index}]", key)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, key, str(value)
