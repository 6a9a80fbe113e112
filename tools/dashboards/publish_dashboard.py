"""The tool `publish_dashboard`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sre.core.errors import RefusedError
from sre.core.text import listed, quoted
from tools.answer import Answer
from tools.context import ToolContext, deps_of, in_thread, report_progress
from tools.dashboards.publish_document import MAX_CHARS

if TYPE_CHECKING:
    from connectors.base import DashboardStore
    from sre.core.dashboards import StoredDashboard
    from tools.dashboards.publish_plan import PublishPlan

_MESSAGE = "Published by sre-mcp"
_MAX_NAMED = 30


class PublishAnswer(Answer):
    """What would be saved, or was; `confirm` is to be passed back to have it done."""

    state: Literal["planned", "published", "unchanged"] = "planned"
    uid: str = ""
    title: str = ""
    folder: str = ""
    replaces_version: int | None = Field(None, description="Null: nothing is there")
    last_saved_by: str | None = None
    panels_added: list[str] = Field(default_factory=list)
    panels_removed: list[str] = Field(default_factory=list)
    panels_changed: list[str] = Field(default_factory=list)
    fields_changed: list[str] = Field(default_factory=list)
    confirm: str | None = None
    url: str | None = None
    version: int | None = None


async def publish_dashboard(
    ctx: ToolContext,
    *,
    dashboard: Annotated[str, Field(description="JSON, or file below the output folder", max_length=MAX_CHARS)],
    folder: Annotated[str, Field(description="Title or uid; empty: where it is, else General", max_length=200)] = "",
    confirm: Annotated[str, Field(description="Code from the plan", max_length=64)] = "",
) -> PublishAnswer:
    """Save a dashboard in Grafana, in two steps: a plan of what changes, then, with its code, the change.

    Use when a person wants a generated dashboard to be seen; show them the plan first. Dashboards of others or
    provisioned from files are never replaced, nor a version newer than the plan's.
    Not for making one (use `generate_dashboard`).
    """
    from tools.dashboards.publish_document import dashboard_document
    from tools.dashboards.publish_plan import publish_plan

    deps = deps_of(ctx)
    store = deps.dashboards()
    model = await in_thread(lambda: dashboard_document(dashboard, root=deps.output_root))
    await report_progress(ctx, 0, 2, "Looking at what is there")
    plan = await publish_plan(store, model, folder=folder.strip())
    answer = _planned(plan, store)
    if plan.is_done:
        return _unchanged(answer, plan, store)
    if not confirm:
        return answer
    _refuse_old_plan(plan, confirm.strip())
    await report_progress(ctx, 1, 2, "Saving it")
    url = await store.save_dashboard(plan.model, folder_uid=plan.folder.uid, message=_MESSAGE, replaces=plan.replaces)
    return _published(answer, plan, store, url, await store.dashboard(plan.uid))


def _planned(plan: PublishPlan, store: DashboardStore) -> PublishAnswer:
    from sre.dashboards.structure import structure_checks

    changes = plan.difference
    wrong = [f"{check.name}: {listed(check.problems)}" for check in structure_checks(plan.model) if not check.is_ok]
    return PublishAnswer(
        summary=f"{_told(plan, store)} Nothing is changed yet: call again with confirm={plan.code} to do it.",
        uid=plan.uid,
        title=plan.title,
        folder=plan.folder.title or plan.folder.uid,
        replaces_version=plan.stored.version if plan.stored else None,
        last_saved_by=(plan.stored.updated_by or None) if plan.stored else None,
        panels_added=[*changes.added[:_MAX_NAMED]],
        panels_removed=[*changes.removed[:_MAX_NAMED]],
        panels_changed=[*changes.changed[:_MAX_NAMED]],
        fields_changed=[*changes.fields[:_MAX_NAMED]],
        confirm=plan.code,
        url=plan.stored.url if plan.stored else None,
        warnings=[*wrong, *_warnings(plan)],
    )


def _told(plan: PublishPlan, store: DashboardStore) -> str:
    name = f"{quoted(plan.title, limit=80)} (uid {plan.uid})"
    place = quoted(plan.folder.title or plan.folder.uid, limit=60)
    if plan.stored is None:
        return f"{name} would be new in {store.name}, in the folder {place}."
    changes = plan.difference
    moved = f" and moves from {quoted(plan.moves_from, limit=60)}" if plan.moves_from else ""
    return (
        f"{name} would replace version {plan.stored.version} in {store.name}, folder {place}{moved}: panels "
        f"{len(changes.added)} added, {len(changes.removed)} removed, {len(changes.changed)} changed."
    )


def _warnings(plan: PublishPlan) -> list[str]:
    if plan.stored is None or not (plan.difference.removed or plan.difference.changed):
        return []
    return ["Changes that people made by hand to the panels named here would be lost; Grafana keeps old versions."]


def _unchanged(answer: PublishAnswer, plan: PublishPlan, store: DashboardStore) -> PublishAnswer:
    assert plan.stored is not None
    answer.state, answer.confirm, answer.warnings = "unchanged", None, []
    answer.version = plan.stored.version
    name = quoted(plan.title, limit=80)
    answer.summary = f"{name} is in {store.name} exactly so already, version {plan.stored.version}: {plan.stored.url}"
    return answer


def _refuse_old_plan(plan: PublishPlan, confirm: str) -> None:
    if confirm == plan.code:
        return
    now = f"version {plan.stored.version}" if plan.stored else "nothing"
    raise RefusedError(
        f"The code does not stand for this change: another dashboard or folder, or it was saved since; now {now} is "
        f"stored under uid {plan.uid}. Nothing was saved.",
        next_steps=("call without confirm to see the plan as it is now.",),
    )


def _published(
    answer: PublishAnswer, plan: PublishPlan, store: DashboardStore, url: str, stored: StoredDashboard | None
) -> PublishAnswer:
    """Return what was saved, as read back."""
    from sre.dashboards.difference import difference

    answer.state, answer.confirm, answer.url = "published", None, url
    answer.version = stored.version if stored else None
    version = f", version {stored.version}" if stored else ""
    answer.summary = f"{quoted(plan.title, limit=80)} is published in {store.name}{version}: {url}"
    if stored is None:
        answer.warnings.append("It was saved but cannot be read back; open the address to see it.")
    elif not difference(stored.model, plan.model).is_empty:
        answer.warnings.append("Grafana stored it with changes of its own, as newer versions do.")
    return answer
