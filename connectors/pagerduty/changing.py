"""Changes to PagerDuty's incidents, in the name of a user: statuses and notes."""

import json
import re
from typing import TYPE_CHECKING

from connectors.http import Answer, Request
from connectors.pagerduty.conversation import PagerDutyConversation
from sre.core.errors import ConfigError, InputError
from sre.core.oncall import IncidentNote, PagedIncident, PageStatus
from sre.core.text import quoted

if TYPE_CHECKING:
    from connectors.http import Json

ACCEPT = (("Accept", "application/vnd.pagerduty+json;version=2"),)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# One @, and nothing a header cannot hold; whether it is a user's is for PagerDuty to say.
_ADDRESS = re.compile(r"[!-?A-~]{1,200}@[!-?A-~]{1,200}")
_MAX_NOTE = 25_000
# PagerDuty, "Errors": what was asked for is so already.
_ALREADY = {"resolved": 1001, "acknowledged": 1002}


class IncidentChanges:
    """Writes to incidents.

    Args:
        sender: E-mail address of the user who is named as the one who changes them; empty allows none.

    Raises:
        ConfigError: The sender is no e-mail address.
    """

    def __init__(self, rest: PagerDutyConversation, *, sender: str) -> None:
        if sender and not _ADDRESS.fullmatch(sender):
            raise _sender_needed("PAGERDUTY_FROM is not an e-mail address.")
        self._rest = rest
        self.sender = sender

    def require(self) -> None:
        """Raise `ConfigError` where nobody is named."""
        if not self.sender:
            raise _sender_needed("PAGERDUTY_FROM is not set, and PagerDuty wants to know who changes an incident.")

    async def status_set(self, incident_id: str, status: PageStatus, *, resolution: str = "") -> PagedIncident | None:
        """Return the incident as it is now; None where it was so already."""
        change: dict[str, Json] = {"type": "incident_reference", "status": status}
        if resolution:
            change["resolution"] = resolution
        self.require()
        answer = await self._rest.http.send(
            Request(incident_path(incident_id), method="PUT", json_body=_body(incident=change), headers=self._headers)
        )
        require_incident(self._rest, answer, incident_id)
        problem = self._rest.problem_in(answer)
        if problem is None:
            return await incident_in(self._rest, answer)
        if problem.code == _ALREADY.get(status):
            return None
        raise self._rest.refused(answer, problem, what=f"set the incident to {status}", field="incident")

    async def noted(self, incident_id: str, text: str) -> IncidentNote:
        """Write something down on an incident."""
        from connectors.pagerduty.model import WireNoteAnswer
        from connectors.pagerduty.wire import read_one

        def read_note(body: bytearray) -> WireNoteAnswer:
            return read_one(body, WireNoteAnswer)

        if not text.strip() or len(text) > _MAX_NOTE:
            raise InputError(f"A note has 1 to {_MAX_NOTE:,} characters.", field="text")
        self.require()
        path = f"{incident_path(incident_id)}/notes"
        answer = await self._rest.http.send(
            Request(path, method="POST", json_body=_body(note={"content": text}), headers=self._headers)
        )
        require_incident(self._rest, answer, incident_id)
        if (problem := self._rest.problem_in(answer)) is not None:
            raise self._rest.refused(answer, problem, what="take the note", field="text")
        return (await self._rest.decoded(answer, read_note)).note.as_note()

    @property
    def _headers(self) -> tuple[tuple[str, str], ...]:
        return (*ACCEPT, ("From", self.sender))


async def incident_in(rest: PagerDutyConversation, answer: Answer) -> PagedIncident:
    """Return the incident that an answer holds."""
    from connectors.pagerduty.model import WireIncidentAnswer
    from connectors.pagerduty.wire import read_one

    def read_incident(body: bytearray) -> WireIncidentAnswer:
        return read_one(body, WireIncidentAnswer)

    return (await rest.decoded(answer, read_incident)).incident.as_incident()


def require_incident(rest: PagerDutyConversation, answer: Answer, incident_id: str) -> None:
    """Raise `InputError` where PagerDuty says that there is no such incident."""
    if answer.status == 404 and rest.problem_in(answer) is not None:
        raise InputError(f"{rest.system} has no incident {quoted(incident_id)}.", field="incident")


def incident_path(incident_id: str) -> str:
    """Return where an incident is; raises `InputError` where the id cannot be one."""
    return f"/incidents/{checked_id(incident_id, field='incident')}"


def checked_id(text: str, *, field: str) -> str:
    """Return an id that may stand in a path; raises `InputError` for any other text."""
    if not _ID.fullmatch(text):
        raise InputError(f"This is not an id of PagerDuty: {quoted(text)}.", field=field)
    return text


def _body(**document: "Json") -> bytes:
    return json.dumps(document).encode()


def _sender_needed(message: str) -> ConfigError:
    return ConfigError(
        message,
        setting="PAGERDUTY_FROM",
        next_steps=("Set PAGERDUTY_FROM to the e-mail address of a user of the account.",),
    )
