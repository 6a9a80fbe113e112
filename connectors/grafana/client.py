"""Grafana 9 to 12 as a place for dashboards, over its HTTP API."""

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlsplit

import anyio.to_thread

from connectors.http import Answer, Endpoint, HttpClient, Pacing, Request
from sre.core.errors import AuthDeniedError, InputError, RefusedError, SreError
from sre.core.telemetry import BuildInfo
from sre.core.text import cleaned, quoted
from sre.core.times import epoch_ms

if TYPE_CHECKING:
    import httpx

    from connectors.grafana.wire import WireFolder, WireHealth, WireSaved
    from sre.core.dashboards import Annotation, DashboardFolder, StoredDashboard
    from sre.core.times import Window

Read = TypeVar("Read")

# Grafana's own bound on a uid, and the characters it lets through.
_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_FOLDERS_A_PAGE = 1000
_MAX_FOLDER_PAGES = 10
_REASON_LIMIT = 300
# Some 10 ms of decoding: below that the event loop can wait.
_THREAD_ABOVE_BYTES = 1024 * 1024
_NOT_HERE = ("Check the address: Grafana may live below a path such as /grafana.",)
_SIGN_IN = ("Set GRAFANA_TOKEN to the token of a service account with the role Editor (or dashboards:write).",)


class GrafanaClient:
    """Implements `DashboardStore` over the HTTP API.

    Nothing is opened before the first question. One client serves any number of concurrent callers on one event loop.

    Args:
        name: Name in the configuration.
        pacing, transport: Replaced in tests.
    """

    kind = "grafana"

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        name: str = "grafana",
        pacing: Pacing | None = None,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self.name = name
        self._http = HttpClient(endpoint, system=name, pacing=pacing, transport=transport)

    def __repr__(self) -> str:
        return f"GrafanaClient({self.name!r}, {self._http.endpoint.origin!r})"

    async def aclose(self) -> None:
        """Release connections."""
        await self._http.aclose()

    async def build_info(self) -> BuildInfo:
        """Return the version; a search proves that we are let in, which the health of Grafana does not ask for."""
        from connectors.grafana.wire import WireHealth, read_folders, read_one

        def read_health(body: bytearray) -> "WireHealth":
            return read_one(body, WireHealth)

        health = await self._told(Request("/api/health"), read_health)
        await self._told(Request("/api/search", (("type", "dash-folder"), ("limit", "1"))), read_folders)
        return BuildInfo("grafana", health.version or "unknown", {"database": health.database})

    async def dashboard(self, uid: str) -> "StoredDashboard | None":
        """Return a dashboard, or None where there is none with this uid."""
        from connectors.grafana.wire import WireDashboard, problem_in, read_one

        answer = await self._http.send(Request(f"/api/dashboards/uid/{_uid_in_path(uid)}"))
        # A proxy says 404 as well, and that is no proof that the dashboard is not there.
        if answer.status == 404 and problem_in(answer.body) is not None:
            return None
        found = await self._decoded(answer, lambda body: read_one(body, WireDashboard))
        return found.as_stored(uid=uid, url=self._address(found.meta.url or f"/d/{uid}"))

    async def folders(self) -> "tuple[DashboardFolder, ...]":
        """Return the folders dashboards may be in, the nested ones too, as far as we may see them."""
        from connectors.grafana.wire import read_folders

        found: list[WireFolder] = []
        for page in range(1, _MAX_FOLDER_PAGES + 1):
            params = (("type", "dash-folder"), ("limit", str(_FOLDERS_A_PAGE)), ("page", str(page)))
            batch = await self._told(Request("/api/search", params), read_folders)
            found += batch
            if len(batch) < _FOLDERS_A_PAGE:
                break
        return tuple(folder.as_folder() for folder in found)

    async def annotations(self, *, window: "Window", limit: int) -> "tuple[Annotation, ...]":
        """Return what was marked in the window by people and tools, oldest first; states of alerts are not among it."""
        from connectors.grafana.wire import read_annotations

        params = (
            ("from", str(epoch_ms(window.start))),
            ("to", str(epoch_ms(window.end))),
            ("type", "annotation"),
            ("limit", str(limit)),
        )
        found = await self._told(Request("/api/annotations", params), read_annotations)
        return tuple(sorted((one.as_annotation() for one in found), key=lambda one: one.at))

    async def save_dashboard(self, model: Mapping[str, object], *, folder_uid: str, message: str, replaces: int) -> str:
        """Save a dashboard and return the address at which people see it.

        Raises:
            RefusedError: Somebody saved it in the meantime, or it comes from files that would undo the change.
            InputError: Grafana does not accept the dashboard or the folder.
        """
        from connectors.grafana.wire import WireSaved, read_one

        def read_saved(body: bytearray) -> "WireSaved":
            return read_one(body, WireSaved)

        answer = await self._http.send(
            Request("/api/dashboards/db", method="POST", json_body=_body(model, folder_uid, message, replaces))
        )
        if (refusal := self._refusal(answer)) is not None:
            raise refusal
        saved = await self._decoded(answer, read_saved)
        return self._address(saved.url or f"/d/{saved.uid}")

    async def _told(self, request: Request, read: Callable[[bytearray], Read]) -> Read:
        return await self._decoded(await self._http.send(request), read)

    async def _decoded(self, answer: Answer, read: Callable[[bytearray], Read]) -> Read:
        """Return what `read` makes of the body, worked out in a thread where the body is large."""
        from connectors.grafana.wire import NotTheApiError

        if (failure := self._failure(answer)) is not None:
            raise failure
        try:
            if len(answer.body) > _THREAD_ABOVE_BYTES:
                return await anyio.to_thread.run_sync(read, answer.body, abandon_on_cancel=True)
            return read(answer.body)
        except NotTheApiError as error:
            problem = error.problem
        raise self._misunderstood(answer, problem)

    def _failure(self, answer: Answer) -> SreError | None:
        if answer.status == 404:
            message = f"{self.name} has nothing at this path (HTTP 404)."
            return self._http.narrator.bad(message, status=404, next_steps=_NOT_HERE)
        failure = self._http.failure_of(answer)
        if isinstance(failure, AuthDeniedError):
            return AuthDeniedError(failure.message, system=self.name, status=failure.status, next_steps=_SIGN_IN)
        return failure

    def _misunderstood(self, answer: Answer, problem: str) -> SreError:
        origin = self._http.endpoint.origin
        steps: tuple[str, ...] = (f"Check that the address is that of a Grafana: {origin} answered.",)
        if answer.is_html:
            problem = "sent an HTML page instead of JSON: a sign-in page, a proxy, or not the Grafana address"
            steps = (*steps, *_SIGN_IN)
        return self._http.narrator.bad(f"{self.name} {problem}.", status=answer.status, next_steps=steps)

    def _refusal(self, answer: Answer) -> SreError | None:
        """Return the error for a save that Grafana considered and did not carry out."""
        from connectors.grafana.wire import problem_in

        said = problem_in(answer.body) if answer.status in {400, 404, 412, 422} else None
        if said is None:
            return None
        reason = quoted(answer.credentials.masked(cleaned(said.message, limit=4 * _REASON_LIMIT)), limit=_REASON_LIMIT)
        if answer.status == 412:
            return _conflict(self.name, status=said.status, reason=reason)
        if "provisioned" in said.message.lower():
            return RefusedError(
                f"{self.name} does not save this dashboard, because it comes from files: {reason}.",
                next_steps=("Change it where it is provisioned from, or publish a copy under another uid.",),
            )
        field = "folder" if answer.status == 404 or "folder" in said.message.lower() else "dashboard"
        return InputError(f"{self.name} does not accept the {field}: {reason}.", field=field)

    def _address(self, url: str) -> str:
        """Return the address for people; Grafana tells the path with the prefix it knows it lives below."""
        endpoint = self._http.endpoint
        prefix = urlsplit(endpoint.base_url).path
        if not url.startswith("/"):
            return f"{endpoint.base_url}/{url}"
        return f"{endpoint.origin}{url}" if url.startswith(f"{prefix}/") else f"{endpoint.base_url}{url}"


def _conflict(name: str, *, status: str, reason: str) -> RefusedError:
    if status == "version-mismatch":
        return RefusedError(
            f"Somebody saved this dashboard in {name} in the meantime, so nothing was saved: {reason}.",
            next_steps=("Look at what changed, then ask for a new plan.",),
        )
    return RefusedError(
        f"{name} does not save this dashboard: {reason}.",
        next_steps=("Give it another title or folder; nothing that is there was replaced.",),
    )


def _body(model: Mapping[str, object], folder_uid: str, message: str, replaces: int) -> bytes:
    # The id belongs to one Grafana; the uid finds the dashboard. Without overwrite, Grafana compares the version.
    dashboard = {**model, "id": None, "version": replaces}
    folder = {"folderUid": folder_uid} if folder_uid else {}
    return json.dumps({"dashboard": dashboard, **folder, "message": message, "overwrite": False}).encode()


def _uid_in_path(uid: str) -> str:
    if not _UID.fullmatch(uid):
        raise InputError("The uid of a dashboard is 1 to 40 letters, digits, - and _.", field="dashboard")
    return quote(uid, safe="")
