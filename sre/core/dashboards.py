"""Dashboards as a system keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DashboardFolder:
    """A place for dashboards."""

    uid: str
    title: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """Something that was marked on dashboards, such as a deploy.

    Attributes:
        at: Aware UTC.
        ended_at: None where it marks an instant.
        text, tags, author: Text from outside; the text may hold HTML.
        dashboard_uid: Empty where it is on all dashboards.
    """

    at: datetime
    text: str
    tags: tuple[str, ...] = ()
    author: str = ""
    ended_at: datetime | None = None
    dashboard_uid: str = ""


@dataclass(frozen=True, slots=True)
class StoredDashboard:
    """A dashboard as it is stored.

    Attributes:
        model: Its JSON; text from outside.
        version: Grows with each save.
        folder_uid, folder_title: Empty for the general folder.
        url: Where people see it.
        is_provisioned: Whether it comes from files or a repository, so that saving it here is refused or undone.
        can_save: Whether our credentials may change it.
        updated_by: Who saved it last; text from outside.
    """

    uid: str
    title: str
    model: Mapping[str, object]
    version: int
    folder_uid: str = ""
    url: str = ""
    folder_title: str = ""
    is_provisioned: bool = False
    can_save: bool = True
    updated_by: str = ""
