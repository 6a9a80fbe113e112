"""What the connector promises to tools, over the fake."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from connectors.grafana import GrafanaClient
from connectors.grafana.fake import FakeGrafana
from connectors.http import Endpoint
from sre.core.dashboards import DashboardFolder
from sre.core.errors import InputError, RefusedError
from sre.core.times import Window
from tests.connectors.grafana.conftest import MODEL

pytestmark = pytest.mark.anyio


async def test_the_version_is_told_and_the_sign_in_proved(fake: FakeGrafana, client: GrafanaClient) -> None:
    """Source: Grafana HTTP API, health: needs no sign-in, so it proves none."""
    info = await client.build_info()
    assert (info.product, info.version, info.details["database"]) == ("grafana", "12.3.0", "ok")
    assert [request.url.path for request in fake.requests] == ["/api/health", "/api/search"]


async def test_a_hidden_version_is_unknown() -> None:
    """Source: Grafana configuration, auth.anonymous, hide_version."""
    client = GrafanaClient(Endpoint("http://fake.invalid"), transport=FakeGrafana(version="").transport())
    assert (await client.build_info()).version == "unknown"


async def test_a_dashboard_that_is_not_there_is_none(client: GrafanaClient) -> None:
    """Source: Grafana HTTP API, dashboard by uid: 404 with a message."""
    assert await client.dashboard("nothing-here") is None


async def test_a_stored_dashboard_comes_with_where_it_is_and_who_saved_it(
    fake: FakeGrafana, client: GrafanaClient
) -> None:
    """Source: connectors/base.py and sre/core/dashboards.py."""
    fake.put(MODEL, folder_uid="sre", by="ada")
    fake.put(MODEL, folder_uid="sre", by="grace")
    stored = await client.dashboard("slo-checkout")
    assert stored is not None
    assert (stored.title, stored.version, stored.folder_uid, stored.folder_title) == ("SLO checkout", 2, "sre", "SRE")
    assert (stored.updated_by, stored.is_provisioned, stored.can_save) == ("grace", False, True)
    assert stored.url == "http://fake.invalid/d/slo-checkout/slo-checkout"


async def test_the_general_folder_has_no_name_of_its_own(fake: FakeGrafana, client: GrafanaClient) -> None:
    """Source: Grafana HTTP API: meta.folderTitle is General and meta.folderUid empty."""
    fake.put(MODEL, is_provisioned=True, can_save=False)
    stored = await client.dashboard("slo-checkout")
    assert stored is not None
    assert (stored.folder_uid, stored.folder_title) == ("", "")
    assert (stored.is_provisioned, stored.can_save) == (True, False)


async def test_folders_are_listed_through_all_pages() -> None:
    """Source: Grafana HTTP API, search: at most 5,000 a page, 1,000 unless told otherwise."""
    fake = FakeGrafana(folders={f"f{index}": f"Folder {index}" for index in range(2300)})
    client = GrafanaClient(Endpoint("http://fake.invalid"), transport=fake.transport())
    found = await client.folders()
    assert len(found) == 2300
    assert found[0] == DashboardFolder("f0", "Folder 0")
    assert len(fake.requests) == 3


async def test_a_new_dashboard_is_saved_and_read_back(fake: FakeGrafana, client: GrafanaClient) -> None:
    """Source: connectors/base.py."""
    url = await client.save_dashboard(MODEL, folder_uid="sre", message="why", replaces=0)
    assert url == "http://fake.invalid/d/slo-checkout/slo-checkout"
    body = json.loads(fake.requests[-1].content)
    assert body["overwrite"] is False
    assert body["message"] == "why"
    assert body["folderUid"] == "sre"
    stored = await client.dashboard("slo-checkout")
    assert stored is not None
    assert stored.version == 1


async def test_a_version_that_has_moved_on_is_not_replaced(fake: FakeGrafana, client: GrafanaClient) -> None:
    """Source: Grafana HTTP API, 412 version-mismatch."""
    fake.put(MODEL)
    fake.put({**MODEL, "title": "By hand"})
    for seen in (0, 1):
        with pytest.raises(RefusedError, match="in the meantime"):
            await client.save_dashboard(MODEL, folder_uid="", message="", replaces=seen)
    stored = await client.dashboard("slo-checkout")
    assert stored is not None
    assert stored.title == "By hand"
    await client.save_dashboard(MODEL, folder_uid="", message="", replaces=2)
    replaced = await client.dashboard("slo-checkout")
    assert replaced is not None
    assert (replaced.title, replaced.version) == ("SLO checkout", 3)


async def test_an_id_of_another_grafana_is_not_sent(fake: FakeGrafana, client: GrafanaClient) -> None:
    """Source: Grafana HTTP API: a dashboard with an unknown id is not found; the uid is what travels."""
    await client.save_dashboard({**MODEL, "id": 4711, "version": 99}, folder_uid="", message="", replaces=0)
    sent = json.loads(fake.requests[-1].content)["dashboard"]
    assert sent["id"] is None
    assert sent["version"] == 0


@pytest.mark.parametrize(
    ("answer", "kind", "field", "told"),
    [
        (httpx.Response(400, json={"message": "Cannot save provisioned dashboard"}), RefusedError, "", "from files"),
        (httpx.Response(404, json={"message": "folder not found"}), InputError, "folder", "folder"),
        (httpx.Response(400, json={"message": "invalid folder uid"}), InputError, "folder", "folder"),
        (httpx.Response(400, json={"message": "uid too long"}), InputError, "dashboard", "uid too long"),
        (
            httpx.Response(412, json={"message": "A dashboard with the same name", "status": "name-exists"}),
            RefusedError,
            "",
            "same name",
        ),
        (
            httpx.Response(412, json={"message": "belongs to plugin x", "status": "plugin-dashboard"}),
            RefusedError,
            "",
            "belongs to plugin",
        ),
    ],
)
async def test_a_considered_no_goes_to_the_one_who_can_mend_it(
    fake: FakeGrafana, client: GrafanaClient, answer: httpx.Response, kind: type[Exception], field: str, told: str
) -> None:
    """Source: Grafana, pkg/services/dashboards/errors.go; the words of Grafana are quoted data."""
    fake.faults.append(answer)
    with pytest.raises(kind) as caught:
        await client.save_dashboard(MODEL, folder_uid="", message="", replaces=0)
    assert told in str(caught.value)
    assert getattr(caught.value, "field", "") == field


@pytest.mark.parametrize("uid", ["", "a/b", "x" * 41, "ümlaut", "../admin", "a b"])
async def test_a_uid_that_is_none_is_the_callers_to_mend(fake: FakeGrafana, client: GrafanaClient, uid: str) -> None:
    """Source: Grafana, pkg/util/shortid_generator.go: letters, digits, - and _, at most 40."""
    with pytest.raises(InputError):
        await client.dashboard(uid)
    assert fake.requests == []


@pytest.mark.parametrize(
    ("base", "prefix", "url"),
    [
        ("http://fake.invalid/grafana", "/grafana", "http://fake.invalid/grafana/d/slo-checkout/slo-checkout"),
        ("http://fake.invalid", "", "http://fake.invalid/d/slo-checkout/slo-checkout"),
    ],
)
async def test_the_address_holds_below_a_path(base: str, prefix: str, url: str) -> None:
    """Source: Grafana configuration, serve_from_sub_path: the answer's url has the path of root_url already."""
    client = GrafanaClient(Endpoint(base), transport=FakeGrafana(prefix=prefix).transport())
    assert await client.save_dashboard(MODEL, folder_uid="", message="", replaces=0) == url


async def test_the_address_holds_behind_a_proxy_that_takes_the_path_away(fake: FakeGrafana) -> None:
    """Our choice: Grafana then tells a path without it."""
    fake = FakeGrafana(prefix="/grafana")
    fake.faults.append(
        httpx.Response(200, json={"uid": "slo-checkout", "status": "success", "url": "/d/slo-checkout/x"})
    )
    client = GrafanaClient(Endpoint("http://fake.invalid/grafana"), transport=fake.transport())
    url = await client.save_dashboard(MODEL, folder_uid="", message="", replaces=0)
    assert url == "http://fake.invalid/grafana/d/slo-checkout/x"


async def test_annotations_come_oldest_first_with_who_and_when(fake: FakeGrafana, client: GrafanaClient) -> None:
    """Source: Grafana HTTP API, annotations: epoch milliseconds, the latest first."""
    start = datetime(2026, 10, 29, 14, tzinfo=UTC)
    for minutes, text in ((5, "deploy\u202e v2"), (1, "load test"), (90, "later")):
        fake.annotate(start + timedelta(minutes=minutes), text, tags=["a"], login="ci")
    found = await client.annotations(window=Window(start, start + timedelta(hours=1)), limit=10)
    assert [(one.at.minute, one.text, one.tags, one.author, one.ended_at) for one in found] == [
        (1, "load test", ("a",), "ci", None),
        (5, "deploy v2", ("a",), "ci", None),
    ]
    assert "type=annotation" in str(fake.requests[-1].url)
    assert len(await client.annotations(window=Window(start, start + timedelta(hours=1)), limit=1)) == 1
