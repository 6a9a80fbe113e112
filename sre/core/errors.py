"""Everything that can go wrong on purpose, drawn once.

    SreError
    ├── InputError          the caller can mend the call
    ├── ConfigError         the operator can mend the configuration
    ├── NoDataError         a fair question with nothing to answer it from
    ├── RefusedError        policy says no: too costly, or writes are not enabled
    ├── JournalError        records cannot be read or written (drawn in `sre.core.journal`)
    └── UpstreamError       another system failed us
        ├── UnavailableError    not reachable, or answering 5xx
        ├── TimedOutError       reachable, but not in time
        ├── AuthDeniedError     401 or 403
        ├── RateLimitedError    429
        └── BadResponseError    answered with something that is not its protocol

A message is read by a model or by a tired person: it says what happened and what to do next. Text that came from
outside enters only through `sre.core.text.quoted`. Secrets never enter. `server/boundary.py` is the one translation
to MCP; any exception outside this tree is our own bug.
"""

from collections.abc import Sequence
from typing import ClassVar


class SreError(Exception):
    """Base of the tree.

    Args:
        message: What happened, in one or two sentences.
        next_steps: What the reader can do about it, most useful first.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, next_steps: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.next_steps = tuple(next_steps)

    def explained(self) -> str:
        """Return the message with its facts and next steps, as text for the caller."""
        lines = [self.message, *self._facts()]
        lines += [f"Next: {step}" for step in self.next_steps]
        return "\n".join(lines)

    def _facts(self) -> list[str]:
        return []


class InputError(SreError):
    """The call is wrong and the caller can mend it.

    Args:
        field: The argument that is wrong, as the caller spelt it.
        valid: The values that would have been accepted, if they can be listed.
    """

    code = "invalid_input"

    def __init__(self, message: str, *, field: str, valid: Sequence[str] = (), next_steps: Sequence[str] = ()) -> None:
        super().__init__(message, next_steps=next_steps)
        self.field = field
        self.valid = tuple(valid)

    def _facts(self) -> list[str]:
        return [f"Valid: {', '.join(self.valid)}"] if self.valid else []


class ConfigError(SreError):
    """The configuration is wrong or incomplete; `setting` names what to set."""

    code = "not_configured"

    def __init__(self, message: str, *, setting: str, next_steps: Sequence[str] = ()) -> None:
        super().__init__(message, next_steps=next_steps)
        self.setting = setting


class NoDataError(SreError):
    """The question is fair but there is nothing to answer it from.

    Args:
        causes: Why there may be nothing, most likely first.
        nearest: Names that do exist and are close to what was asked for.
    """

    code = "no_data"

    def __init__(
        self,
        message: str,
        *,
        causes: Sequence[str] = (),
        nearest: Sequence[str] = (),
        next_steps: Sequence[str] = (),
    ) -> None:
        super().__init__(message, next_steps=next_steps)
        self.causes = tuple(causes)
        self.nearest = tuple(nearest)

    def _facts(self) -> list[str]:
        facts = [f"Cause: {cause}" for cause in self.causes]
        if self.nearest:
            facts.append(f"Nearest that exist: {', '.join(self.nearest)}")
        return facts


class RefusedError(SreError):
    """Policy forbids it; `next_steps` says the way round."""

    code = "refused"


class UpstreamError(SreError):
    """Another system failed.

    Args:
        system: Name of the source as configured.
        status: HTTP status, if there was an answer.
        retryable: Whether the same call may work in a moment.
    """

    code = "upstream_error"

    def __init__(
        self,
        message: str,
        *,
        system: str,
        status: int | None = None,
        retryable: bool = False,
        next_steps: Sequence[str] = (),
    ) -> None:
        super().__init__(message, next_steps=next_steps)
        self.system = system
        self.status = status
        self.retryable = retryable

    def _facts(self) -> list[str]:
        status = f", HTTP {self.status}" if self.status is not None else ""
        return [f"System: {self.system}{status}; {'worth a retry' if self.retryable else 'a retry will not help'}"]


class UnavailableError(UpstreamError):
    """Refused, reset, not resolvable, or 5xx."""

    code = "upstream_unavailable"


class TimedOutError(UpstreamError):
    """No complete answer in time."""

    code = "upstream_timed_out"


class AuthDeniedError(UpstreamError):
    """401 or 403: credentials missing, wrong or without the right."""

    code = "upstream_auth_denied"


class RateLimitedError(UpstreamError):
    """429, and still 429 after the retries it asked for."""

    code = "upstream_rate_limited"


class BadResponseError(UpstreamError):
    """Not JSON, cut off, too large, or not the protocol that was expected."""

    code = "upstream_bad_response"
