"""How a token of PagerDuty is spelt in a request: keys and OAuth tokens differ."""

import re

# A REST API key has 20 characters. Tokens of scoped OAuth start with the region, as in `pdus+_`; classic ones are
# longer than any key.
_OAUTH_PREFIX = re.compile(r"pd[a-z]{2}\+")
_LONGEST_KEY = 32


def authorization(token: str) -> str:
    """Return the Authorization header for a token.

    Source:
        PagerDuty, "Authentication" (keys) and "Obtaining an App OAuth Token" (OAuth).
    """
    if _OAUTH_PREFIX.match(token) or len(token) > _LONGEST_KEY:
        return f"Bearer {token}"
    return f"Token token={token}"
