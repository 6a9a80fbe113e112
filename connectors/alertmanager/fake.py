"""An Alertmanager without a process: API v2 over alerts in memory, which fails when it is told to.

    fake = FakeAlertmanager(now=clock.now)
    fake.fire(alertname="CheckoutErrors", service="checkout", severity="page")
    source = AlertmanagerClient(Endpoint("http://fake.invalid"), transport=fake.transport())

It routes to one receiver, groups by the labels it is given, and knows silences and inhibition. The contract tests ask
the fake and a real Alertmanager the same questions.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import unquote
from uuid import UUID

import httpx

from connectors.http import Json
from connectors.http.fake import FakeSystem
from sre.core.errors import InputError, RefusedError
from sre.core.labels import Labels
from sre.core.promql import Matcher
from sre.core.times import format_instant

_PREFIX = "/api/v2"
# Of Alertmanager: `resolve_timeout`, for alerts that come without an end.
_RESOLVE_AFTER = timedelta(minutes=5)
_VERSION_INFO: Json = {
    "version": "0.25.0",
    "revision": "fake",
    "branch": "fake",
    "buildUser": "fake",
    "buildDate": "20260101-00:00:00",
    "goVersion": "go0",
}
_STATUS: Json = {
    "cluster": {"status": "disabled", "peers": []},
    "versionInfo": _VERSION_INFO,
    "config": {"original": "receivers: []"},
    "uptime": "2026-01-01T00:00:00.000Z",
}


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an alert matches `source`, those that match `target` and agree on the labels `equal` are held back."""

    source: Mapping[str, str]
    target: Mapping[str, str]
    equal: tuple[str, ...] = ()


@dataclass(slots=True)
class _Alert:
    labels: Labels
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    generator_url: str

    @property
    def fingerprint(self) -> str:
        return sha256(str(self.labels).encode()).hexdigest()[:16]


@dataclass(slots=True)
class _Silence:
    id: str
    document: dict[str, Json]
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime

    def state(self, now: datetime) -> str:
        if now >= self.ends_at:
            return "expired"
        return "active" if self.starts_at <= now else "pending"


@dataclass
class FakeAlertmanager(FakeSystem):
    """Answers `httpx` requests as Alertmanager would.

    Attributes:
        now: Its clock.
        receiver: Where everything is sent.
        group_by: Labels of the one route.
        inhibitions: Its inhibition rules.
        muted: Names of mute times by alert name.
        is_silencing: False takes silences and does not apply them, as a replica that lags behind.
    """

    now: Callable[[], datetime]
    receiver: str = "pages"
    group_by: tuple[str, ...] = ("alertname",)
    inhibitions: Sequence[Inhibition] = ()
    muted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_silencing: bool = True

    def __post_init__(self) -> None:
        super().__init__()
        self._alerts: dict[Labels, _Alert] = {}
        self._silences: dict[str, _Silence] = {}

    def fire(
        self,
        *,
        annotations: Mapping[str, str] | None = None,
        starts_at: datetime | None = None,
        generator_url: str = "",
        **labels: str,
    ) -> None:
        """Take an alert, as from a Prometheus."""
        alert = self._taken(Labels(labels), annotations or {}, starts_at or self.now(), None, generator_url)
        self._alerts[alert.labels] = alert

    def resolve(self, **labels: str) -> None:
        """Forget an alert."""
        del self._alerts[Labels(labels)]

    def _taken(
        self,
        labels: Labels,
        annotations: Mapping[str, str],
        starts_at: datetime,
        ends_at: datetime | None,
        generator_url: str,
    ) -> _Alert:
        known = self._alerts.get(labels)
        return _Alert(
            labels,
            annotations,
            min(known.starts_at, starts_at) if known else starts_at,
            ends_at or self.now() + _RESOLVE_AFTER,
            generator_url,
        )

    def _response(self, request: httpx.Request) -> httpx.Response:
        path = unquote(request.url.path).partition(_PREFIX)[2]
        try:
            return self._answered(request, path)
        except _RefusedError as refused:
            return httpx.Response(refused.status, json=refused.said)

    def _answered(self, request: httpx.Request, path: str) -> httpx.Response:
        answers: dict[tuple[str, str], Callable[[], Json]] = {
            ("GET", "/status"): lambda: _STATUS,
            ("GET", "/alerts"): lambda: [self._alert_json(alert, muted=False) for alert in self._active()],
            ("GET", "/alerts/groups"): self._groups,
            ("GET", "/silences"): lambda: self._listed(expired=request.url.params.get("expired") != "false"),
            ("POST", "/alerts"): lambda: self._posted(json.loads(request.content)),
            ("POST", "/silences"): lambda: self._silenced(json.loads(request.content)),
        }
        if answer := answers.get((request.method, path)):
            return httpx.Response(200, json=answer())
        return httpx.Response(404, json={"code": 404, "message": f"path {_PREFIX}{path} was not found"})

    def _active(self) -> list[_Alert]:
        return [alert for alert in self._alerts.values() if alert.ends_at > self.now()]

    def _posted(self, alerts: list[dict[str, dict[str, str]]]) -> Json:
        for one in alerts:
            alert = self._taken(Labels(one["labels"]), one.get("annotations", {}), self.now(), None, "")
            self._alerts[alert.labels] = alert
        return None

    def _groups(self) -> Json:
        groups: dict[Labels, list[Json]] = {}
        for alert in self._active():
            groups.setdefault(alert.labels.only(self.group_by), []).append(self._alert_json(alert, muted=True))
        return [
            {"labels": dict(labels), "routeLabels": {}, "receiver": {"name": self.receiver}, "alerts": alerts}
            for labels, alerts in groups.items()
        ]

    def _alert_json(self, alert: _Alert, *, muted: bool) -> Json:
        silenced, inhibited = self._silenced_by(alert), self._inhibited_by(alert)
        muted_by = list(self.muted.get(alert.labels.get("alertname", ""), ())) if muted else []
        document: dict[str, Json] = {
            "labels": dict(alert.labels),
            "annotations": dict(alert.annotations),
            "fingerprint": alert.fingerprint,
            "startsAt": format_instant(alert.starts_at),
            "endsAt": format_instant(alert.ends_at),
            "updatedAt": format_instant(self.now()),
            "receivers": [{"name": self.receiver}],
            "status": {
                "state": "suppressed" if silenced or inhibited or muted_by else "active",
                "silencedBy": [*silenced],
                "inhibitedBy": [*inhibited],
                "mutedBy": [*muted_by],
            },
        }
        return {**document, "generatorURL": alert.generator_url} if alert.generator_url else document

    def _silenced_by(self, alert: _Alert) -> list[str]:
        now = self.now()
        return [
            one.id
            for one in self._silences.values()
            if self.is_silencing and one.state(now) == "active" and all(m.matches(alert.labels) for m in one.matchers)
        ]

    def _inhibited_by(self, alert: _Alert) -> list[str]:
        for rule in self.inhibitions:
            if not _has(alert.labels, rule.target) or _has(alert.labels, rule.source):
                continue
            for other in self._active():
                same = all(other.labels.get(name, "") == alert.labels.get(name, "") for name in rule.equal)
                if same and _has(other.labels, rule.source):
                    return [other.fingerprint]
        return []

    def _listed(self, *, expired: bool) -> Json:
        now = self.now()
        return [
            {"annotations": {}, **one.document, "id": one.id, "status": {"state": one.state(now)}, **_times(one)}
            for one in self._silences.values()
            if expired or one.state(now) != "expired"
        ]

    def _silenced(self, document: dict[str, Json]) -> Json:
        matchers = _checked_matchers(document.get("matchers"))
        now = self.now()
        asked, ends_at = _read_time(document["startsAt"]), _read_time(document["endsAt"])
        if ends_at < asked:
            raise _RefusedError(400, "Failed to create silence: start time must be before end time")
        if ends_at < now:
            raise _RefusedError(400, "Failed to create silence: end time can't be in the past")
        number = len(self._silences) + 1
        silence = _Silence(str(UUID(int=number)), document, matchers, max(asked, now), ends_at, now)
        self._silences[silence.id] = silence
        return {"silenceID": silence.id}


class _RefusedError(Exception):
    """What Alertmanager does not take."""

    def __init__(self, status: int, said: Json) -> None:
        super().__init__(str(said))
        self.status = status
        self.said = said


def _checked_matchers(given: Json) -> tuple[Matcher, ...]:
    if not isinstance(given, list) or not given:
        raise _RefusedError(422, {"code": 612, "message": "matchers in body should have at least 1 items"})
    matchers = tuple(_matcher(one) for one in given if isinstance(one, dict))
    for index, matcher in enumerate(matchers):
        if matcher.op in {"=~", "!~"} and not _compiles(matcher):
            raise _RefusedError(400, f"silence invalid: invalid label matcher {index}: invalid regular expression")
    # A negative matcher counts as not matching the empty string, though it does: `alertname!="x"` alone is taken.
    if all(matcher.op in {"=", "=~"} and matcher.matches_value("") for matcher in matchers):
        raise _RefusedError(400, "silence invalid: at least one matcher must not match the empty string")
    return matchers


def _matcher(document: Mapping[str, Json]) -> Matcher:
    is_equal = document.get("isEqual", True)
    if document["isRegex"]:
        return Matcher(str(document["name"]), "=~" if is_equal else "!~", str(document["value"]), dot_newline=False)
    return Matcher(str(document["name"]), "=" if is_equal else "!=", str(document["value"]))


def _compiles(matcher: Matcher) -> bool:
    try:
        matcher.matches_value("")
    except (InputError, RefusedError):
        return False
    return True


def _has(labels: Labels, wanted: Mapping[str, str]) -> bool:
    return all(labels.get(name, "") == value for name, value in wanted.items())


def _times(silence: _Silence) -> dict[str, Json]:
    return {
        "startsAt": format_instant(silence.starts_at),
        "endsAt": format_instant(silence.ends_at),
        "updatedAt": format_instant(silence.updated_at),
    }


def _read_time(text: Json) -> datetime:
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", str(text)))
