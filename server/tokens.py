"""How much of a model's context a text takes."""

import math

# Measured range of common tokenizers: prose about 4 characters a token, JSON full of figures nearer to 3.
_CHARS_PER_TOKEN = 3.5


def approximate_tokens(text: str) -> int:
    """Return about how many tokens a text takes; an estimate, since each model counts differently."""
    return math.ceil(len(text) / _CHARS_PER_TOKEN)
