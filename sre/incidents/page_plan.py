"""What is to be done to pages, and the code that ties consent to just that."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sre.core.oncall import PagedIncident, PageEvent, PageSeverity
from sre.incidents.model import Severity
from sre.incidents.page_links import digest

PageAction: TypeAlias = Literal["trigger", "acknowledge", "resolve", "note"]
# Events v2 knows four severities, and so does the policy (our choice of which is which).
PAGE_SEVERITIES: dict[Severity, PageSeverity] = {"P0": "critical", "P1": "error", "P2": "warning", "P3": "info"}
# More at once is no answer to a page but a clean-up, which is done in PagerDuty itself (our choice).
MOST_PAGES = 10
_HEAD_DIGITS = 10
_DIGITS = 5


@dataclass(frozen=True, slots=True)
class PagePlan:
    """What would be done now.

    Attributes:
        text: Of a note or a resolution.
        event: What a trigger sends; None for the other actions.
        to_change: Pages that would change; of a trigger none.
        settled: Pages that are as wanted already: of a trigger the open ones, which it would not make twice.
        before: Pages of the same key that are over.
        route: Where a trigger goes; empty where that is not known.
    """

    action: PageAction
    text: str = ""
    event: PageEvent | None = None
    to_change: tuple[PagedIncident, ...] = ()
    settled: tuple[PagedIncident, ...] = ()
    before: tuple[PagedIncident, ...] = ()
    route: str = ""

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to do."""
        return bool(self.settled) if self.action == "trigger" else not self.to_change


def plan_of_change(
    action: PageAction, pages: tuple[PagedIncident, ...], *, text: str, noted: frozenset[str] = frozenset()
) -> PagePlan:
    """Return what acknowledging, resolving or noting these pages would change.

    A note goes to the open ones, or, where all are over, to the latest.

    Args:
        noted: Ids of those that have this very note.
    """
    still_open = tuple(page for page in pages if page.is_open)
    over = tuple(page for page in pages if not page.is_open)
    if action == "note":
        wanted = still_open or over[-1:]
        to_change = tuple(page for page in wanted if page.id not in noted)
        settled = tuple(page for page in wanted if page.id in noted)
    elif action == "acknowledge":
        to_change = tuple(page for page in still_open if page.status == "triggered")
        settled = (*(page for page in still_open if page.status == "acknowledged"), *over)
    else:
        to_change, settled = still_open, over
    return PagePlan(action, text, to_change=to_change, settled=settled)


def plan_of_trigger(event: PageEvent, pages: tuple[PagedIncident, ...], *, route: str) -> PagePlan:
    """Return what sending an event would do, given the pages of its key."""
    return PagePlan(
        "trigger",
        event=event,
        settled=tuple(page for page in pages if page.is_open),
        before=tuple(page for page in pages if not page.is_open),
        route=route,
    )


def confirmation_code(plan: PagePlan) -> str:
    """Return what confirms this plan: bound to all that would be sent and to the pages as they are; nothing is kept."""
    return "-".join([_head(plan), *sorted(digest(one, _DIGITS) for one in _things(plan))])


def changed_since(code: str, plan: PagePlan) -> int | None:
    """Return how many pages of the plan are new or stand otherwise than when the code was given.

    Returns:
        0 where the plan may go ahead: pages that are settled by now change nothing. None where the code is for
        something else, or is none.
    """
    head, *known = code.strip().split("-")
    if head != _head(plan):
        return None
    return sum(digest(one, _DIGITS) not in known for one in _things(plan))


def _head(plan: PagePlan) -> str:
    told = [plan.action, plan.text, plan.route, *sorted(page.id for page in plan.before)]
    if (event := plan.event) is not None:
        details = sorted(f"{name}={value}" for name, value in event.details.items())
        told += [event.key, event.summary, event.source, event.severity, event.component, event.url, *details]
    return digest("\n".join(told), _HEAD_DIGITS)


def _things(plan: PagePlan) -> tuple[str, ...]:
    return tuple(f"{page.id} {page.status}" for page in plan.to_change)
