"""What Grafana answers, as it is on the wire, and as we hold it.

Unknown fields are ignored and missing ones have the value that means "not said": versions 9 to 12 differ in them.
"""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from connectors.http import NotTheApiError, decoded_json
from sre.core.dashboards import Annotation, DashboardFolder, StoredDashboard
from sre.core.text import cleaned
from sre.core.times import instant_from_ms

Wire = TypeVar("Wire", bound=BaseModel)
# The year 9999: beyond it there are no instants.
_LAST_MS = 253_402_300_799_000
_MAX_ANNOTATION = 1_000
_MAX_TAGS = 20


class _Wire(BaseModel):
    model_config = ConfigDict(populate_by_name=True)


class WireHealth(_Wire):
    """`/api/health`; the version can be hidden by configuration."""

    database: str
    version: str = ""
    commit: str = ""


class WireMeta(_Wire):
    """What Grafana says about a dashboard beside its JSON."""

    url: str = ""
    folder_uid: str = Field("", alias="folderUid")
    folder_title: str = Field("", alias="folderTitle")
    can_save: bool = Field(True, alias="canSave")
    version: int = 0
    provisioned: bool = False
    updated_by: str = Field("", alias="updatedBy")


class WireDashboard(_Wire):
    """`/api/dashboards/uid/{uid}`."""

    dashboard: dict[str, object]
    meta: WireMeta

    def as_stored(self, *, uid: str, url: str) -> StoredDashboard:
        """Return it in our own words."""
        version = self.dashboard.get("version")
        title = self.dashboard.get("title")
        return StoredDashboard(
            uid=uid,
            title=title if isinstance(title, str) else "",
            model=self.dashboard,
            version=version if isinstance(version, int) else self.meta.version,
            folder_uid=self.meta.folder_uid,
            url=url,
            # Grafana 9 to 12 call the general folder by this title and give it no uid.
            folder_title=self.meta.folder_title if self.meta.folder_uid else "",
            is_provisioned=self.meta.provisioned,
            can_save=self.meta.can_save,
            updated_by=self.meta.updated_by,
        )


class WireFolder(_Wire):
    """A folder in `/api/search?type=dash-folder`, which lists the nested ones too."""

    uid: str
    title: str

    def as_folder(self) -> DashboardFolder:
        """Return it in our own words."""
        return DashboardFolder(self.uid, self.title)


class WireAnnotation(_Wire):
    """An annotation in `/api/annotations`; times are epoch milliseconds, `timeEnd` is 0 or `time` for an instant."""

    time: int = Field(ge=0, le=_LAST_MS)
    time_end: int = Field(0, alias="timeEnd", ge=0, le=_LAST_MS)
    text: str = ""
    tags: list[str] | None = None
    login: str = ""
    dashboard_uid: str | None = Field(None, alias="dashboardUID")

    def as_annotation(self) -> Annotation:
        """Return it in our own words."""
        return Annotation(
            at=instant_from_ms(self.time),
            text=cleaned(self.text, limit=_MAX_ANNOTATION),
            tags=tuple(cleaned(tag) for tag in (self.tags or [])[:_MAX_TAGS]),
            author=cleaned(self.login),
            ended_at=instant_from_ms(self.time_end) if self.time_end > self.time else None,
            dashboard_uid=self.dashboard_uid or "",
        )


class WireSaved(_Wire):
    """The answer to a save that was carried out."""

    uid: str
    status: str
    url: str = ""
    version: int = 0


class WireProblem(_Wire):
    """An error answer; `status` is a word such as `version-mismatch`, where there is one."""

    message: str
    status: str = ""


_FOLDERS = TypeAdapter(list[WireFolder])
_ANNOTATIONS = TypeAdapter(list[WireAnnotation])


def read_one(body: bytearray, kind: type[Wire]) -> Wire:
    """Return the body as `kind`; raises NotTheApiError."""
    document = decoded_json(body)
    try:
        return kind.model_validate(document)
    except ValidationError:
        raise NotTheApiError("answered with JSON that is not of the Grafana API") from None


def read_folders(body: bytearray) -> list[WireFolder]:
    """Return the folders of a search; raises NotTheApiError."""
    document = decoded_json(body)
    try:
        return _FOLDERS.validate_python(document)
    except ValidationError:
        raise NotTheApiError("answered with JSON that is not of the Grafana API") from None


def read_annotations(body: bytearray) -> list[WireAnnotation]:
    """Return the annotations of a search; raises NotTheApiError."""
    document = decoded_json(body)
    try:
        return _ANNOTATIONS.validate_python(document)
    except ValidationError:
        raise NotTheApiError("answered with JSON that is not of the Grafana API") from None


def problem_in(body: bytearray) -> WireProblem | None:
    """Return what an error answer says, or None for any other body."""
    try:
        return read_one(body, WireProblem)
    except NotTheApiError:
        return None
