"""What publishing would do: where the dashboard goes, what is there now, and what may not be touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre.core.errors import InputError, RefusedError
from sre.core.text import nearest_names, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.base import DashboardStore
    from sre.core.dashboards import DashboardFolder, StoredDashboard
    from sre.dashboards.difference import Difference

_MAX_FOLDERS_SHOWN = 12
GENERAL = "General"


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """What would be saved where.

    Attributes:
        model: The dashboard with our tag.
        folder: Empty uid for the general folder.
        stored: What is there now, None where nothing is.
        code: Stands for saving exactly this in the place of exactly that.
    """

    model: Mapping[str, object]
    folder: DashboardFolder
    stored: StoredDashboard | None
    difference: Difference
    code: str

    @property
    def uid(self) -> str:
        """Uid of the dashboard."""
        return str(self.model["uid"])

    @property
    def title(self) -> str:
        """Title of the dashboard; may be text from outside."""
        return str(self.model["title"])

    @property
    def replaces(self) -> int:
        """Version that would be replaced, 0 for none."""
        return self.stored.version if self.stored else 0

    @property
    def moves_from(self) -> str:
        """Folder it would leave, or an empty string."""
        if self.stored is None or self.stored.folder_uid == self.folder.uid:
            return ""
        return self.stored.folder_title or self.stored.folder_uid or GENERAL

    @property
    def is_done(self) -> bool:
        """Whether what is stored is this already."""
        return self.stored is not None and self.difference.is_empty and not self.moves_from


async def publish_plan(store: DashboardStore, model: Mapping[str, object], *, folder: str) -> PublishPlan:
    """Return what would be done; nothing is changed.

    Raises:
        InputError: No such folder, or several.
        RefusedError: What is there under this uid is not ours to replace.
    """
    from sre.dashboards.difference import Difference, confirmation_code, difference

    tagged = _tagged(model)
    stored = await store.dashboard(str(tagged["uid"]))
    if stored is not None:
        _refuse_what_is_not_ours(stored, store.name)
    place = await _folder(store, folder, stored)
    changes = difference(stored.model, tagged) if stored else Difference()
    code = confirmation_code(tagged, folder_uid=place.uid, replaces=stored.version if stored else 0)
    return PublishPlan(tagged, place, stored, changes, code)


def _tagged(model: Mapping[str, object]) -> dict[str, object]:
    """Return the dashboard with the tag by which it is known again as published from here."""
    from sre.dashboards.model import OUR_TAG

    tags = [tag for tag in _tags(model) if tag != OUR_TAG]
    return {**model, "tags": [OUR_TAG, *tags]}


def _tags(model: Mapping[str, object]) -> list[str]:
    found = model.get("tags")
    return [tag for tag in found if isinstance(tag, str)] if isinstance(found, list) else []


def _refuse_what_is_not_ours(stored: StoredDashboard, store: str) -> None:
    from sre.dashboards.model import OUR_TAG

    what = f"{quoted(stored.title, limit=80)} (uid {stored.uid}, version {stored.version})"
    elsewhere = "or publish under another uid: change `uid` in the JSON."
    if stored.is_provisioned:
        raise RefusedError(
            f"{what} in {store} is provisioned from files or a repository, which would undo a change made here.",
            next_steps=("change it where it is provisioned from,", elsewhere),
        )
    if OUR_TAG not in _tags(stored.model):
        by = f", last saved by {quoted(stored.updated_by, limit=60)}" if stored.updated_by else ""
        raise RefusedError(
            f"{what} in {store} was not published from here{by}; it is left as it is.",
            next_steps=(f"add the tag {OUR_TAG} to it in Grafana if it may be replaced,", elsewhere),
        )
    if not stored.can_save:
        raise RefusedError(
            f"{store} does not let our credentials change {what}.",
            next_steps=("give the service account the right to edit it,", elsewhere),
        )


async def _folder(store: DashboardStore, wanted: str, stored: StoredDashboard | None) -> DashboardFolder:
    from sre.core.dashboards import DashboardFolder

    if not wanted:
        return DashboardFolder(stored.folder_uid, stored.folder_title) if stored else DashboardFolder("", GENERAL)
    folders = await store.folders()
    found = [one for one in folders if one.uid == wanted] or [one for one in folders if _same(one.title, wanted)]
    if len(found) == 1:
        return found[0]
    if not found and _same(wanted, GENERAL):
        return DashboardFolder("", GENERAL)
    raise _no_folder(wanted, found, folders)


def _same(title: str, wanted: str) -> bool:
    return title.strip().casefold() == wanted.casefold()


def _no_folder(wanted: str, found: Sequence[DashboardFolder], folders: Sequence[DashboardFolder]) -> InputError:
    if found:
        uids = tuple(quoted(one.uid, limit=40) for one in found[:_MAX_FOLDERS_SHOWN])
        return InputError(f"{len(found)} folders are titled {quoted(wanted)}; pass a uid.", field="folder", valid=uids)
    titles = [one.title for one in folders]
    shown = nearest_names(wanted, titles) or tuple(titles[:_MAX_FOLDERS_SHOWN])
    valid = (GENERAL, *(quoted(title, limit=60) for title in shown))
    return InputError(f"There is no folder {quoted(wanted)} that we may see.", field="folder", valid=valid)
