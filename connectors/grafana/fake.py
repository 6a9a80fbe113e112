"""A Grafana without a process: the part of the HTTP API that is used, over dashboards in memory.

    fake = FakeGrafana(folders={"sre": "SRE"})
    store = GrafanaClient(Endpoint("http://fake.invalid", auth=BearerToken("t")), transport=fake.transport())

Statuses and words are those of Grafana 9 to 12 (pkg/services/dashboards/errors.go, HTTP API documentation).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

import httpx

from connectors.http import Json
from connectors.http.fake import FakeSystem
from sre.core.times import epoch_ms

_MAX_UID_CHARS = 40


@dataclass(slots=True)
class _Stored:
    """A dashboard as the fake keeps it."""

    model: dict[str, Json]
    folder_uid: str
    updated_by: str
    is_provisioned: bool = False
    can_save: bool = True

    @property
    def version(self) -> int:
        """Grows with each save."""
        version = self.model["version"]
        assert isinstance(version, int)
        return version


class FakeGrafana(FakeSystem):
    """Answers `httpx` requests as Grafana would.

    Args:
        folders: Titles by uid.
        token: What must be sent to be let in; empty lets everybody in.
        version: What it says it is; empty hides it, as it can be configured.
        prefix: Path it lives below, such as `/grafana`.
    """

    def __init__(
        self,
        *,
        folders: Mapping[str, str] | None = None,
        token: str = "",
        version: str = "12.3.0",
        prefix: str = "",
    ) -> None:
        super().__init__()
        self._folders = dict(folders or {})
        self._token = token
        self._version = version
        self._prefix = prefix
        self._stored: dict[str, _Stored] = {}
        self._annotations: list[dict[str, Json]] = []

    def put(
        self,
        model: Mapping[str, Json],
        *,
        folder_uid: str = "",
        by: str = "ada",
        is_provisioned: bool = False,
        can_save: bool = True,
    ) -> None:
        """Store a dashboard as if somebody else had saved it."""
        uid = str(model["uid"])
        before = self._stored.get(uid)
        version = before.version + 1 if before else 1
        kept = {**model, "id": len(self._stored) + 1, "version": version}
        self._stored[uid] = _Stored(kept, folder_uid, by, is_provisioned, can_save)

    def annotate(self, at: datetime, text: str, *, tags: Sequence[str] = (), login: str = "ci") -> None:
        """Mark an instant on all dashboards, as if somebody else had."""
        at_ms = epoch_ms(at)
        told: dict[str, Json] = {"id": len(self._annotations) + 1, "text": text, "tags": list(tags), "login": login}
        self._annotations.append({**told, "time": at_ms, "timeEnd": at_ms, "created": at_ms, "updated": at_ms})

    def _response(self, request: httpx.Request) -> httpx.Response:
        path = unquote(request.url.path)
        if not path.startswith(self._prefix + "/api/"):
            page = "<!DOCTYPE html><title>Grafana</title>"
            return httpx.Response(404, text=page, headers={"content-type": "text/html"})
        return self._answered(request, path.removeprefix(self._prefix))

    def _answered(self, request: httpx.Request, path: str) -> httpx.Response:
        if path == "/api/health":
            version = {"version": self._version} if self._version else {}
            return httpx.Response(200, json={"database": "ok", "commit": "abc", **version})
        if self._token and request.headers.get("authorization") != f"Bearer {self._token}":
            return _problem(401, "Invalid API key")
        if path == "/api/search":
            return self._search(request)
        if path == "/api/annotations":
            return self._found_annotations(request)
        if path.startswith("/api/dashboards/uid/"):
            return self._dashboard(path.removeprefix("/api/dashboards/uid/"))
        if path == "/api/dashboards/db" and request.method == "POST":
            return self._save(json.loads(request.content))
        return _problem(404, "Not found")

    def _search(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        limit, page = int(params.get("limit", "1000")), int(params.get("page", "1"))
        folders: list[Json] = [
            {"id": index, "uid": uid, "title": title, "type": "dash-folder", "url": f"/dashboards/f/{uid}", "tags": []}
            for index, (uid, title) in enumerate(self._folders.items())
        ]
        found = folders if params.get("type") == "dash-folder" else []
        return httpx.Response(200, json=found[(page - 1) * limit : page * limit])

    def _found_annotations(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        first, last, limit = (int(params[name]) for name in ("from", "to", "limit"))
        inside = [one for one in self._annotations if first <= int(str(one["time"])) <= last]
        # The latest first, as Grafana lists them.
        return httpx.Response(200, json=sorted(inside, key=lambda one: -int(str(one["time"])))[:limit])

    def _dashboard(self, uid: str) -> httpx.Response:
        stored = self._stored.get(uid)
        if stored is None:
            return _problem(404, "Dashboard not found")
        meta = {
            "slug": uid,
            "url": f"{self._prefix}/d/{uid}/{uid}",
            "folderUid": stored.folder_uid,
            "folderTitle": self._folders.get(stored.folder_uid, "General"),
            "canSave": stored.can_save,
            "version": stored.version,
            "updatedBy": stored.updated_by,
            "provisioned": stored.is_provisioned,
        }
        return httpx.Response(200, json={"dashboard": stored.model, "meta": meta})

    def _save(self, body: dict[str, Json]) -> httpx.Response:
        model, folder_uid = body.get("dashboard"), str(body.get("folderUid") or "")
        if not isinstance(model, dict) or not str(model.get("title") or "").strip():
            return _problem(400, "Dashboard title cannot be empty", status="empty-name")
        uid = str(model.get("uid") or f"made-{len(self._stored)}")
        if len(uid) > _MAX_UID_CHARS:
            return _problem(400, "uid too long, max 40 characters")
        if folder_uid and folder_uid not in self._folders:
            return _problem(404, "folder not found")
        stored = self._stored.get(uid)
        if stored is not None and stored.is_provisioned:
            return _problem(400, "Cannot save provisioned dashboard")
        if stored is not None and not stored.can_save:
            return _problem(403, "You'll need additional permissions to perform this action")
        if stored is not None and not body.get("overwrite") and model.get("version") != stored.version:
            return _problem(412, "The dashboard has been changed by someone else", status="version-mismatch")
        return self._saved(uid, model, folder_uid)

    def _saved(self, uid: str, model: dict[str, Json], folder_uid: str) -> httpx.Response:
        self.put({**model, "uid": uid}, folder_uid=folder_uid, by="sa-sre-mcp")
        stored = self._stored[uid]
        told = {"uid": uid, "url": f"{self._prefix}/d/{uid}/{uid}", "slug": uid}
        return httpx.Response(
            200, json={"id": stored.model["id"], "status": "success", "version": stored.version, **told}
        )


def _problem(code: int, message: str, *, status: str = "") -> httpx.Response:
    return httpx.Response(code, json={"message": message, **({"status": status} if status else {})})
