"""`sre-mcp serve`: the server itself, on stdio or HTTP."""

import gc

from server.app import build, deps_from
from server.audit import configure_logging
from server.settings import DemoSettings, Settings, load_settings


def run(*, config: str | None, http: str | None, demo: bool, allow_writes: bool) -> int:
    """Serve until the client goes away or the process is interrupted."""
    configure_logging()
    settings = with_demo(load_settings(config_file=config)) if demo else load_settings(config_file=config)
    server = build(
        deps_from(settings),
        allow_writes=allow_writes or settings.allow_writes,
        secret_values=settings.secret_values(),
    )
    # What is loaded now stays for good: collection goes on without looking at it again.
    gc.freeze()
    gc.enable()
    if http is None:
        server.run("stdio")
        return 0
    from server.http import parse_address, serve_http

    serve_http(server, address=parse_address(http), settings=settings.http)
    return 0


def with_demo(settings: Settings) -> Settings:
    """Return the settings with the demo world as the default source; the others stay reachable by name."""
    others = {name: source.model_copy(update={"default": False}) for name, source in settings.sources.items()}
    return settings.model_copy(update={"sources": {**others, "demo": DemoSettings(type="demo", default=True)}})
