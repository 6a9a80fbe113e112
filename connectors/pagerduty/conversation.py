"""Asking one of PagerDuty's APIs, and what its answers mean beyond what HTTP says."""

from typing import TYPE_CHECKING

from connectors.http import Answer, Conversation, Endpoint, HttpClient, Manner, Pacing
from sre.core.errors import BadResponseError, ConfigError, InputError, RefusedError, SreError

if TYPE_CHECKING:
    import httpx

    from connectors.pagerduty.wire import WireProblem

_NOT_HERE = (
    "Check the address: https://api.pagerduty.com, or https://api.eu.pagerduty.com for an account in the EU region.",
)
# PagerDuty, "Errors": codes that mean something of their own.
REQUESTER_NOT_FOUND = 1008
_CONSIDERED = frozenset({400, 404, 409, 422})


class PagerDutyConversation(Conversation):
    """Sends requests to one API and reads the answers.

    Args:
        sign_in: What to do where it does not let us in.
        pacing, transport: Replaced in tests.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        system: str,
        sign_in: tuple[str, ...],
        narrower: tuple[str, ...] = (),
        pacing: Pacing | None = None,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        manner = Manner(not_here=_NOT_HERE, wrong_address=_NOT_HERE, address="the address of the API", sign_in=sign_in)
        http = HttpClient(endpoint, system=system, narrower=narrower, pacing=pacing, transport=transport)
        super().__init__(http, manner, explained=self._by_status)
        self.system = system

    def problem_in(self, answer: Answer) -> "WireProblem | None":
        """Return what PagerDuty says is wrong with a request that it considered, or None for any other answer."""
        from connectors.pagerduty.wire import problem_in

        return problem_in(answer.body) if answer.status in _CONSIDERED else None

    def refused(self, answer: Answer, problem: "WireProblem", *, what: str, field: str) -> SreError:
        """Return the error for a request that was considered and not carried out.

        Args:
            what: Finishes "does not".
            field: The argument to mend.
        """
        reason = answer.quoted(problem.told)
        if problem.code == REQUESTER_NOT_FOUND:
            return ConfigError(
                f"{self.system} knows no user with the address of PAGERDUTY_FROM: {reason}.",
                setting="PAGERDUTY_FROM",
                next_steps=("Set PAGERDUTY_FROM to the e-mail address of a user of the account.",),
            )
        return InputError(f"{self.system} does not {what}: {reason}.", field=field)

    def _by_status(self, answer: Answer) -> SreError | None:
        if answer.status == 402:
            return RefusedError(
                f"The plan of this {self.system} account does not include what was asked for (HTTP 402).",
                next_steps=("Ask the owner of the account which plan has it.",),
            )
        failure = None if answer.status == 404 else self.http.failure_of(answer)
        if isinstance(failure, BadResponseError):
            return self.http.narrator.bad(failure.message, status=answer.status, next_steps=_NOT_HERE)
        return None
