"""The error answers of the Prometheus API and its relatives, sorted by who can mend them.

Prometheus has a handful of error types (web/api/v1); what they mean for the caller often shows only in the text, and
Thanos, Mimir, Cortex and VictoriaMetrics each have words of their own for the same limits.
"""

import re

from connectors.http import Answer, HttpClient
from connectors.prometheus.advice import NARROWER
from sre.core.errors import InputError, RefusedError, SreError, TimedOutError, UnavailableError, UpstreamError

# Limits of the engine, the storage or the tenant: asking for less helps.
# Prometheus: "query processing would load too many samples", "exceeded maximum resolution of 11,000 points".
# Mimir: "the query exceeded the maximum number of ...". Thanos: "exceeded series limit". VictoriaMetrics: "cannot
# select more than -search.maxSamplesPerQuery", "not enough memory for processing".
_TOO_COSTLY = re.compile(
    r"too many|too long|too large|exceed|maximum (?:number|resolution)|cannot select more than|not enough memory"
    r"|err-mimir-max|limit (?:was |has been )?(?:hit|reached)|out of memory",
    re.IGNORECASE,
)
# Evaluation failed because of what the query says, not because of the system.
_MENDABLE = re.compile(
    r"many-to-many|many-to-one|one-to-many|multiple matches for labels|same labelset|duplicate (?:series|time ?series)"
    r"|parse|unknown|unsupported|unexpected|invalid|expected|missing|must be|not allowed|illegal",
    re.IGNORECASE,
)
_BAD_QUERY_STATUSES = frozenset({400, 422})
_MENDING = ("Correct the PromQL and ask again.",)


def refusal_of(http: HttpClient, answer: Answer, *, error_type: str, error: str) -> SreError:
    """Return the error for an answer `{"status": "error", "errorType": ..., "error": ...}`."""
    name, status = http.narrator.system, answer.status
    reason = answer.quoted(error)
    general = http.failure_of(answer)
    if error_type == "timeout":
        return TimedOutError(
            f"{name} ended the query because it took too long: {reason}.",
            system=name,
            status=status,
            retryable=True,
            next_steps=NARROWER,
        )
    if general is not None and status in {401, 403, 407, 408, 429, 504}:
        return general
    if status in _BAD_QUERY_STATUSES or error_type in {"bad_data", "execution"}:
        return _about_the_query(name, status=status, reason=reason, is_bad_data=_is_bad_data(error_type, status))
    return UnavailableError(
        f"{name} could not answer: {reason}.",
        system=name,
        status=status,
        retryable=error_type in {"internal", "unavailable", "canceled"} or status >= 500,
        next_steps=("Try again in a moment; if it stays, read the log of that system.",),
    )


def _is_bad_data(error_type: str, status: int) -> bool:
    # VictoriaMetrics puts the status where Prometheus has a word.
    return error_type == "bad_data" or (error_type != "execution" and status == 400)


def _about_the_query(name: str, *, status: int, reason: str, is_bad_data: bool) -> SreError:
    is_parse_error = "parse error" in reason.lower()
    if not is_parse_error and _TOO_COSTLY.search(reason):
        return RefusedError(f"The query is too costly for {name}: {reason}.", next_steps=NARROWER)
    if is_bad_data or is_parse_error or _MENDABLE.search(reason):
        return InputError(f"{name} does not accept the query: {reason}.", field="query", next_steps=_MENDING)
    return UpstreamError(
        f"{name} could not evaluate the query: {reason}.", system=name, status=status, next_steps=NARROWER
    )
