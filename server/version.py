"""The version of this installation."""

from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "sre-mcp"


def product_version() -> str:
    """Return the installed version."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "0+unknown"
