"""Names from outside in sentences of ours: as they are where they can be nothing but names, else quoted."""

import re

from sre.core.text import quoted

_MAX_NAME = 80
_PLAIN = re.compile(r"[\w./:-]{1,80}")


def as_name(text: str) -> str:
    """Return a name for a sentence; one with spaces or signs stands in quotation marks, cleaned and capped."""
    return text if _PLAIN.fullmatch(text) else quoted(text, limit=_MAX_NAME)
