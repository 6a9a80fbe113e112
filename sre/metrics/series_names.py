"""How a series is called in a sentence.

Label values come from outside. In a sentence only values that look like plain identifiers appear; a value that could
read as an instruction stays in the data fields.
"""

import re
from collections.abc import Iterable

from sre.core.labels import METRIC_NAME, Labels

# No spaces and a bounded length: pods, hosts, routes, versions and codes pass, sentences do not.
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_.:/@+-]{1,63}")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:]{0,63}")
_MAX_LABELS = 3


def sentence_name(labels: Labels, *, leave_out: Iterable[str] = ()) -> str:
    """Return a series' telling labels such as `{pod=api-1, code=500}`, or an empty string if none is plain."""
    skipped = {METRIC_NAME, *leave_out}
    plain = [
        f"{name}={value}"
        for name, value in labels.items()
        if name not in skipped and _PLAIN_NAME.fullmatch(name) and _PLAIN_VALUE.fullmatch(value)
    ]
    if plain:
        return "{" + ", ".join(plain[:_MAX_LABELS]) + (", …}" if len(plain) > _MAX_LABELS else "}")
    return labels.metric if _PLAIN_NAME.fullmatch(labels.metric) else ""
