"""Toil as the tools reach it: all tasks of the journal, and what people called a person or a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.text import cleaned
from sre.toil.model import KIND
from sre.toil.records import tasks_of
from tools.context import in_thread

if TYPE_CHECKING:
    from server.deps import Deps
    from sre.toil.model import Task

MAX_NAME_CHARS = 120
MAX_PEOPLE = 100


async def all_tasks(deps: Deps) -> tuple[Task, ...]:
    """Return all tasks by number.

    Raises:
        ConfigError: There is no place for records.
    """
    streams = await deps.records().streams(KIND)
    return await in_thread(lambda: tasks_of(streams))


def names_in(said: str) -> tuple[str, ...]:
    """Return the names of people in a comma-separated text, each once."""
    names = (cleaned(part, limit=MAX_NAME_CHARS) for part in said.split(","))
    return tuple(dict.fromkeys(name for name in names if name))[:MAX_PEOPLE]
