"""Grafana 9 to 12 as a place for dashboards, over its HTTP API."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from connectors.http import Answer, Conversation, Endpoint, HttpClient, Manner, Pacing, Request
from sre.core.errors import InputError, RefusedError, SreError
from sre.core.telemetry import BuildInfo
from sre.core.times import epoch_ms

if TYPE_CHECKING:
    import httpx

    from connectors.grafana.wire import WireFolder, WireHealth, WireSaved
    from sre.core.dashboards import Annotation, DashboardFolder, StoredDashboard
    from sre.core.times import Window

# Grafana's own bound on a uid, and the characters it lets through.
_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_FOLDERS_A_PAGE = 1000
_MAX_FOLDER_PAGES = 10
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
        self._asked = Conversation(
            HttpClient(endpoint, system=name, pacing=pacing, transport=transport), _manner(endpoint.origin)
        )

    def __repr__(self) -> str:
        return f"GrafanaClient({self.name!r}, {self._asked.http.endpoint.origin!r})"

    async def aclose(self) -> None:
        """Release connections."""
        await self._asked.http.aclose()

    async def build_info(self) -> BuildInfo:
        """Return the version; a search proves that we are let in, which the health of Grafana does not ask for."""
        from connectors.grafana.wire import WireHealth, read_folders, read_one

        def read_health(body: bytearray) -> "WireHealth":
            return read_one(body, WireHealth)

        health = await self._asked.told(Request("/api/health"), read_health)
        await self._asked.told(Request("/api/search", (("type", "dash-folder"), ("limit", "1"))), read_folders)
        return BuildInfo("grafana", health.version or "unknown", {"database": health.database})

    async def dashboard(self, uid: str) -> "StoredDashboard | None":
        """Return a dashboard, or None where there is none with this uid."""
        from connectors.grafana.wire import WireDashboard, problem_in, read_one

        answer = await self._asked.http.send(Request(f"/api/dashboards/uid/{_uid_in_path(uid)}"))
        # A proxy says 404 as well, and that is no proof that the dashboard is not there.
        if answer.status == 404 and problem_in(answer.body) is not None:
            return None
        found = await self._asked.decoded(answer, lambda body: read_one(body, WireDashboard))
        return found.as_stored(uid=uid, url=self._address(found.meta.url or f"/d/{uid}"))

    async def folders(self) -> "tuple[DashboardFolder, ...]":
        """Return the folders dashboards may be in, the nested ones too, as far as we may see them."""
        from connectors.grafana.wire import read_folders

        found: list[WireFolder] = []
        for page in range(1, _MAX_FOLDER_PAGES + 1):
            params = (("type", "dash-folder"), ("limit", str(_FOLDERS_A_PAGE)), ("page", str(page)))
            batch = await self._asked.told(Request("/api/search", params), read_folders)
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
        found = await self._asked.told(Request("/api/annotations", params), read_annotations)
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

        answer = await self._asked.http.send(
            Request("/api/dashboards/db", method="POST", json_body=_body(model, folder_uid, message, replaces))
        )
        if (refusal := self._refusal(answer)) is not None:
            raise refusal
        saved = await self._asked.decoded(answer, read_saved)
        return self._address(saved.url or f"/d/{saved.uid}")

    def _refusal(self, answer: Answer) -> SreError | None:
        """Return the error for a save that Grafana considered and did not carry out."""
        from connectors.grafana.wire import problem_in

        said = problem_in(answer.body) if answer.status in {400, 404, 412, 422} else None
        if said is None:
            return None
        reason = answer.quoted(said.message)
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
        endpoint = self._asked.http.endpoint
        prefix = urlsplit(endpoint.base_url).path
        if not url.startswith("/"):
            return f"{endpoint.base_url}/{url}"
        return f"{endpoint.origin}{url}" if url.startswith(f"{prefix}/") else f"{endpoint.base_url}{url}"


def _manner(origin: str) -> Manner:
    return Manner(
        not_here=_NOT_HERE,
        wrong_address=(f"Check that the address is that of a Grafana: {origin} answered.",),
        address="the Grafana address",
        page_steps=_SIGN_IN,
        sign_in=_SIGN_IN,
    )


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
