"""Dashboards as a system keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DashboardFolder:
    """A place for dashboards."""

    uid: str
    title: str


@dataclass(frozen=True, slots=True)
class StoredDashboard:
    """A dashboard as it is stored.

    Attributes:
        model: Its JSON; text from outside.
        version: Grows with each save.
        folder_uid: Empty for the general folder.
        url: Where people see it.
    """

    uid: str
    title: str
    model: Mapping[str, object]
    version: int
    folder_uid: str = ""
    url: str = ""
