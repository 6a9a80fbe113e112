"""What an Alertmanager says about alerts, groups and silences, as it is on the wire, and as we hold it.

Unknown fields are ignored and missing ones have the value that means "not said": Alertmanager before 0.28 does not tell
mute times, and Mimir leaves out what it does not have.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from connectors.http import Json, NotTheApiError, decoded_json
from sre.core.alerts import LabelMatcher, NotifiedAlert, Silence
from sre.core.labels import Labels
from sre.core.telemetry import BuildInfo
from sre.core.times import Window, format_instant

Wire = TypeVar("Wire")

_FRACTION = re.compile(r"(\.\d{6})\d+")
# Go's zero time: never, or not said.
_NEVER = "0001-"


def _none_as_empty_map(value: object) -> object:
    return {} if value is None else value


def _none_as_empty_list(value: object) -> object:
    return [] if value is None else value


TextMap = Annotated[dict[str, str], BeforeValidator(_none_as_empty_map)]
Texts = Annotated[list[str], BeforeValidator(_none_as_empty_list)]


class WireName(BaseModel):
    """A receiver."""

    name: str


Names = Annotated[list[WireName], BeforeValidator(_none_as_empty_list)]


class WireAlertStatus(BaseModel):
    """Whether an alert is held back, and by what."""

    state: Literal["unprocessed", "active", "suppressed"]
    silencedBy: Texts = Field(default_factory=list)  # noqa: N815
    inhibitedBy: Texts = Field(default_factory=list)  # noqa: N815
    mutedBy: Texts = Field(default_factory=list)  # noqa: N815


class WireAlert(BaseModel):
    """An alert of `/alerts` or of a group."""

    labels: dict[str, str]
    annotations: TextMap = Field(default_factory=dict)
    fingerprint: str
    startsAt: str  # noqa: N815
    endsAt: str | None = None  # noqa: N815
    status: WireAlertStatus
    receivers: Names = Field(default_factory=list)
    generatorURL: str = ""  # noqa: N815

    def as_alert(self) -> NotifiedAlert:
        """Return it in our own words."""
        starts_at = _instant(self.startsAt)
        if starts_at is None:
            raise NotTheApiError("answered with an alert that never began")
        return NotifiedAlert(
            labels=Labels(self.labels),
            annotations=self.annotations,
            # A muted group is not said in the state by every version that names mute times.
            state="suppressed" if self.status.mutedBy else self.status.state,
            starts_at=starts_at,
            ends_at=_instant(self.endsAt),
            fingerprint=self.fingerprint,
            receivers=tuple(sorted(receiver.name for receiver in self.receivers)),
            silenced_by=tuple(self.status.silencedBy),
            inhibited_by=tuple(self.status.inhibitedBy),
            muted_by=tuple(self.status.mutedBy),
            generator_url=self.generatorURL,
        )


class WireGroup(BaseModel):
    """Alerts that are notified together to one receiver."""

    labels: TextMap = Field(default_factory=dict)
    receiver: WireName
    alerts: Annotated[list[WireAlert], BeforeValidator(_none_as_empty_list)] = Field(default_factory=list)


class WireMatcher(BaseModel):
    """A condition of a silence; without `isEqual` it is from before 0.22, which knew no negation."""

    name: str
    value: str
    isRegex: bool  # noqa: N815
    isEqual: bool | None = None  # noqa: N815

    def as_matcher(self) -> LabelMatcher:
        """Return it in our own words."""
        return LabelMatcher(self.name, self.value, is_regex=self.isRegex, is_equal=self.isEqual is not False)


class WireSilenceStatus(BaseModel):
    """Whether a silence holds now."""

    state: Literal["expired", "active", "pending"]


class WireSilence(BaseModel):
    """A silence of `/silences`."""

    id: str
    status: WireSilenceStatus
    matchers: list[WireMatcher]
    startsAt: str  # noqa: N815
    endsAt: str  # noqa: N815
    createdBy: str = ""  # noqa: N815
    comment: str = ""

    def as_silence(self) -> Silence:
        """Return it in our own words."""
        starts_at, ends_at = _instant(self.startsAt), _instant(self.endsAt)
        if starts_at is None or ends_at is None:
            raise NotTheApiError("answered with a silence that has no times")
        return Silence(
            id=self.id,
            matchers=tuple(matcher.as_matcher() for matcher in self.matchers),
            starts_at=starts_at,
            ends_at=ends_at,
            created_by=self.createdBy,
            comment=self.comment,
            state=self.status.state,
        )


class WireCreated(BaseModel):
    """The answer to a new silence."""

    silenceID: str = Field(min_length=1)  # noqa: N815


class WireVersion(BaseModel):
    """What was built."""

    version: str = ""


class WireCluster(BaseModel):
    """How it stands with its peers."""

    status: str = ""
    peers: Annotated[list[object], BeforeValidator(_none_as_empty_list)] = Field(default_factory=list)


class WireStatus(BaseModel):
    """The part of `/status` that is of use; the configuration in it is left alone."""

    versionInfo: WireVersion  # noqa: N815
    cluster: WireCluster = Field(default_factory=WireCluster)


def read_alerts(body: bytes | bytearray) -> tuple[NotifiedAlert, ...]:
    """Return all alerts of `/alerts`; raises NotTheApiError."""
    return tuple(alert.as_alert() for alert in _read(list[WireAlert], body))


def read_groups(body: bytes | bytearray) -> tuple[NotifiedAlert, ...]:
    """Return the alerts of `/alerts/groups`, one for each group it is in, with that group's labels.

    Raises:
        NotTheApiError: Not such an answer.
    """
    groups = _read(list[WireGroup], body)
    return tuple(
        replace(alert.as_alert(), group_labels=Labels(group.labels)) for group in groups for alert in group.alerts
    )


def read_silences(body: bytes | bytearray) -> tuple[Silence, ...]:
    """Return all silences of the answer; raises NotTheApiError."""
    return tuple(silence.as_silence() for silence in _read(list[WireSilence], body))


def read_created(body: bytes | bytearray) -> str:
    """Return the id of a new silence; raises NotTheApiError."""
    return _read(WireCreated, body).silenceID


def read_status(body: bytes | bytearray) -> BuildInfo:
    """Return product, version and cluster; raises NotTheApiError."""
    status = _read(WireStatus, body)
    peers = len(status.cluster.peers)
    cluster = {"cluster": status.cluster.status} if status.cluster.status else {}
    return BuildInfo(
        "alertmanager", status.versionInfo.version or "unknown", {**cluster, **({"peers": str(peers)} if peers else {})}
    )


def silence_body(matchers: Sequence[LabelMatcher], *, window: Window, created_by: str, comment: str) -> bytes:
    """Return what creates a silence, as JSON."""
    silence: dict[str, Json] = {
        "matchers": [
            {"name": one.name, "value": one.value, "isRegex": one.is_regex, "isEqual": one.is_equal} for one in matchers
        ],
        "startsAt": format_instant(window.start),
        "endsAt": format_instant(window.end),
        "createdBy": created_by,
        "comment": comment,
    }
    return json.dumps(silence).encode()


def refusal_in(body: bytes | bytearray) -> str | None:
    """Return what the API says it does not like, or None where the body is not such an answer."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if isinstance(document, str):
        return document
    message = document.get("message") if isinstance(document, dict) and "code" in document else None
    return message if isinstance(message, str) else None


def with_groups(alerts: Iterable[NotifiedAlert], grouped: Iterable[NotifiedAlert]) -> tuple[NotifiedAlert, ...]:
    """Return the alerts with what only their groups tell: group labels and mute times.

    An alert of several groups takes the labels of the first, and is muted only where it is muted in all of them.
    """
    by_fingerprint: dict[str, list[NotifiedAlert]] = {}
    for one in grouped:
        by_fingerprint.setdefault(one.fingerprint, []).append(one)
    return tuple(_with_group(alert, by_fingerprint.get(alert.fingerprint, ())) for alert in alerts)


def _with_group(alert: NotifiedAlert, grouped: Sequence[NotifiedAlert]) -> NotifiedAlert:
    if not grouped:
        return alert
    muted = [one.muted_by for one in grouped]
    muted_by = tuple(sorted({name for names in muted for name in names})) if all(muted) else alert.muted_by
    return replace(
        alert,
        group_labels=grouped[0].group_labels,
        muted_by=muted_by,
        state="suppressed" if muted_by else alert.state,
    )


def _read(model: type[Wire], body: bytes | bytearray) -> Wire:
    try:
        return TypeAdapter(model).validate_python(decoded_json(body))
    except ValidationError:
        raise NotTheApiError("answered with JSON that is not of the Alertmanager API") from None


def _instant(text: str | None) -> datetime | None:
    """Return an RFC 3339 time cut to microseconds, in UTC, or None for never."""
    if not text or text.startswith(_NEVER):
        return None
    try:
        at = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    except ValueError:
        raise NotTheApiError("answered with a time that is not RFC 3339") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
