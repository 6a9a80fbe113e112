"""A PagerDuty without a network: REST API v2 and Events v2 over an account in memory, which fails when it is told to.

    fake = FakePagerDuty(now=clock.now, services={"checkout": "0123456789abcdef0123456789abcdef"})
    fake.page("checkout", "error budget burning at 14x")
    source = PagerDutyClient(Endpoint("https://api.pagerduty.com"), transport=fake.transport())

Statuses, codes and words are those of PagerDuty ("Errors", "Pagination", "REST API Rate Limits", "Events API v2").
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from urllib.parse import unquote

import httpx

from connectors.http import Json
from connectors.http.fake import FakeSystem
from connectors.pagerduty.fake_account import Account, Incident, Person, RefusedChangeError, Service, told

Params: TypeAlias = httpx.QueryParams

_MAX_LIMIT = 100
_MAX_PAGE_END = 10_000
_LONGEST = timedelta(days=184)
_DEFAULT_RANGE = timedelta(days=30)
_A_MINUTE = 960
_RESET_SECONDS = 20
_EVENT_ACTIONS = frozenset({"trigger", "acknowledge", "resolve"})
_SEVERITIES = frozenset({"critical", "error", "warning", "info"})


class FakePagerDuty(FakeSystem):
    """Answers `httpx` requests as PagerDuty would.

    Args:
        now: Its clock.
        services: Names of services, each with the routing key of its integration.
        token: What must be sent to be let in, an OAuth token as `Bearer`, a key as `Token`; empty lets everybody in.
        is_read_only: Whether the token may read only.

    Attributes:
        account: What it holds, to look at and to change.
        left_this_minute: How many requests it still answers before 429; None does not count.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        services: Mapping[str, str],
        token: str = "",
        is_read_only: bool = False,
    ) -> None:
        super().__init__()
        self.account = Account(now=now, services=services)
        self.left_this_minute: int | None = None
        self._token = token
        self._is_read_only = is_read_only

    def page(self, service: str, title: str, *, key: str = "", severity: str = "critical") -> Incident:
        """Trigger an incident, or add an alert to the open one of `key`."""
        return self.account.triggered(self.account.service(service), title, key=key, severity=severity)

    def _response(self, request: httpx.Request) -> httpx.Response:
        path = unquote(request.url.path)
        if path == "/v2/enqueue" and request.method == "POST":
            return self._event(json.loads(request.content))
        return self._rest(request, path)

    def _rest(self, request: httpx.Request, path: str) -> httpx.Response:
        if self._token and request.headers.get("authorization") != _spelling(self._token):
            return _problem(401, 2006, "Authentication failed")
        if self.left_this_minute == 0:
            return _problem(429, 2020, "Rate Limit Exceeded", headers=self._limits())
        if self.left_this_minute is not None:
            self.left_this_minute -= 1
        if request.method != "GET" and self._is_read_only:
            return _problem(403, 2010, "Access Denied")
        try:
            answer = self._answered(request, path)
        except RefusedChangeError as refused:
            return _problem(404 if refused.code == 2100 else 400, refused.code, refused.message)
        return httpx.Response(200, json=answer, headers=self._limits())

    def _limits(self) -> dict[str, str]:
        left = _A_MINUTE if self.left_this_minute is None else self.left_this_minute
        return {
            "ratelimit-limit": str(_A_MINUTE),
            "ratelimit-remaining": str(left),
            "ratelimit-reset": str(_RESET_SECONDS),
        }

    def _answered(self, request: httpx.Request, path: str) -> Json:
        params = request.url.params
        if match := re.fullmatch(r"/incidents/([^/]+)(/\w+)?", path):
            return self._of_incident(request, match[1], match[2] or "")
        lists: dict[str, Callable[[], Json]] = {
            "/incidents": lambda: _page("incidents", self._incidents(params), params),
            "/log_entries": lambda: _page("log_entries", self._log(params), params),
            "/oncalls": lambda: _page("oncalls", self.account.on_calls(), params),
            "/services": lambda: _page("services", self._services(params), params),
            "/change_events": lambda: _page("change_events", _newest(self.account.changes, params), params),
        }
        if request.method == "GET" and path in lists:
            return lists[path]()
        raise RefusedChangeError(2100, "Not Found")

    def _of_incident(self, request: httpx.Request, incident_id: str, part: str) -> Json:
        incident = self.account.incident(incident_id)
        if incident is None:
            raise RefusedChangeError(2100, "Not Found")
        params = request.url.params
        answers: dict[tuple[str, str], Callable[[], Json]] = {
            ("GET", ""): lambda: {"incident": incident.document()},
            ("PUT", ""): lambda: self._changed(request, incident),
            ("GET", "/alerts"): lambda: _page("alerts", list(reversed(incident.alerts)), params),
            ("GET", "/notes"): lambda: {"notes": [*incident.notes]},
            ("POST", "/notes"): lambda: self._noted(request, incident),
            ("GET", "/log_entries"): lambda: _page("log_entries", self._log(params, incident), params),
        }
        if (request.method, part) not in answers:
            raise RefusedChangeError(2100, "Not Found")
        return answers[request.method, part]()

    def _incidents(self, params: Params) -> list[dict[str, Json]]:
        found = self.account.incidents
        if params.get("date_range") != "all":
            start, end = _range(params, default=self.account.now())
            found = [one for one in found if start <= one.created_at < end]
        for name, value in (("statuses[]", "status"), ("urgencies[]", "urgency")):
            if wanted := params.get_list(name):
                found = [one for one in found if getattr(one, value) in wanted]
        if ids := params.get_list("service_ids[]"):
            found = [one for one in found if one.service.id in ids]
        if key := params.get("incident_key"):
            found = [one for one in found if one.key == key]
        is_newest_first = params.get("sort_by", "").endswith(":desc")
        ordered = sorted(found, key=lambda one: (one.created_at, one.number), reverse=is_newest_first)
        return [one.document() for one in ordered]

    def _log(self, params: Params, incident: Incident | None = None) -> list[dict[str, Json]]:
        entries = _newest(self.account.log, params)
        if incident is not None:
            entries = [one for one in entries if _id_of(one["incident"]) == incident.id]
        return entries if "channels" in params.get_list("include[]") else [_without_channel(one) for one in entries]

    def _services(self, params: Params) -> list[dict[str, Json]]:
        wanted = params.get("query", "").lower()
        documents = self.account.service_documents(with_integrations="integrations" in params.get_list("include[]"))
        return [one for one in documents if wanted in str(one["name"]).lower()]

    def _changed(self, request: httpx.Request, incident: Incident) -> Json:
        who = self._sender(request)
        status = json.loads(request.content)["incident"].get("status")
        if status == "acknowledged":
            self.account.acknowledged(incident, who, channel="api")
        elif status == "resolved":
            self.account.resolved(incident, who, channel="api")
        else:
            raise RefusedChangeError(1003, "Invalid Status Provided")
        return {"incident": incident.document()}

    def _noted(self, request: httpx.Request, incident: Incident) -> Json:
        who = self._sender(request)
        return {"note": self.account.noted(incident, who, json.loads(request.content)["note"]["content"])}

    def _sender(self, request: httpx.Request) -> Person:
        email = request.headers.get("from", "")
        found = next((one for one in self.account.people if one.email == email), None)
        if found is None:
            raise RefusedChangeError(1008, "Requester User Not Found")
        return found

    def _event(self, event: dict[str, Json]) -> httpx.Response:
        errors = _errors_of(event)
        service = next((one for one in self.account.services if one.routing_key == event.get("routing_key")), None)
        if service is None:
            errors.append("Length of 'routing_key' is incorrect (should be 32 characters)")
        if errors or service is None:
            said: Json = {"status": "invalid event", "message": "Event object is invalid", "errors": [*errors]}
            return httpx.Response(400, json=said)
        key = str(event.get("dedup_key") or f"generated-{len(self.account.incidents) + 1}")
        self._taken(event, service, key)
        return httpx.Response(202, json={"status": "success", "message": "Event processed", "dedup_key": key})

    def _taken(self, event: dict[str, Json], service: Service, key: str) -> None:
        """Do what an event says; one about nothing that is open is taken and changes nothing."""
        payload = event.get("payload")
        if event["event_action"] == "trigger" and isinstance(payload, dict):
            self.account.triggered(
                service,
                str(payload["summary"]),
                key=key,
                severity=str(payload["severity"]),
                details=payload.get("custom_details"),
            )
            return
        incident = self.account.open_with(service, key)
        if incident is None:
            return
        if event["event_action"] == "resolve":
            self.account.resolved(incident, service, channel="api")
        elif incident.status == "triggered":
            self.account.acknowledged(incident, service, channel="api")


def _page(key: str, entries: Sequence[dict[str, Json]], params: Params) -> Json:
    limit = min(int(params.get("limit", "25")), _MAX_LIMIT)
    offset = int(params.get("offset", "0"))
    if limit + offset > _MAX_PAGE_END:
        raise RefusedChangeError(2001, "Invalid Input Provided")
    more = len(entries) > offset + limit
    return {key: [*entries[offset : offset + limit]], "limit": limit, "offset": offset, "more": more, "total": None}


def _newest(held: Sequence[tuple[datetime, dict[str, Json]]], params: Params) -> list[dict[str, Json]]:
    start, end = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    if "since" in params or "until" in params:
        start, end = _range(params, default=end)
    return [one for at, one in reversed(held) if start <= at < end]


def _range(params: Params, *, default: datetime) -> tuple[datetime, datetime]:
    end = datetime.fromisoformat(params["until"]) if "until" in params else default
    start = datetime.fromisoformat(params["since"]) if "since" in params else end - _DEFAULT_RANGE
    if end - start > _LONGEST:
        raise RefusedChangeError(2005, "Invalid Query Date Range")
    return start, end


def _without_channel(entry: dict[str, Json]) -> dict[str, Json]:
    channel = entry["channel"]
    assert isinstance(channel, dict)
    return {**entry, "channel": {"type": channel["type"]}}


def _id_of(reference: Json) -> Json:
    return reference["id"] if isinstance(reference, dict) else None


def _errors_of(event: dict[str, Json]) -> list[str]:
    errors = []
    if event.get("event_action") not in _EVENT_ACTIONS:
        errors.append("'event_action' is missing or invalid")
    payload = event.get("payload")
    if event.get("event_action") == "trigger":
        given = payload if isinstance(payload, dict) else {}
        errors += [f"'payload.{name}' is missing or blank" for name in ("summary", "source") if not given.get(name)]
        if given.get("severity") not in _SEVERITIES:
            errors.append("'payload.severity' is invalid")
    elif not event.get("dedup_key"):
        errors.append("'dedup_key' is missing or blank")
    return errors


def _spelling(token: str) -> str:
    return f"Bearer {token}" if token.startswith(("pdus+", "pdeu+")) else f"Token token={token}"


def _problem(status: int, code: int, message: str, *, headers: Mapping[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": message, "code": code}}, headers=dict(headers or {}))


__all__ = ["FakePagerDuty", "told"]
