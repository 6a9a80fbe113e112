"""`sre-mcp install CLIENT`: put this server into a client's configuration, showing the change before it is made."""

import difflib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import cast

from server.clients import SERVER_KEY, ClientFile, ClientName, client_file, launch
from server.settings import load_settings
from sre.core.errors import ConfigError
from sre.core.text import cleaned, quoted


def run(*, client: str, config: str | None, demo: bool, is_agreed: bool) -> int:
    """Show the change; write it when agreed on the command line or at the terminal. 0 when done or up to date."""
    load_settings(config_file=config)
    target = client_file(cast("ClientName", client), home=Path.home(), project=Path.cwd())
    before = _read(target.path)
    after = with_server(before, target, target.entry(launch(config=config, demo=demo, environment=os.environ)))
    if before == after:
        print(f"{target.path} already has this; nothing to change.")
        return 0
    print(change(before, after, target.path))
    if os.environ.get("PROMETHEUS_TOKEN") and not demo:
        print("PROMETHEUS_TOKEN is not copied: put it in a file and set PROMETHEUS_TOKEN_FILE, or use --config.")
    if not (is_agreed or _asked(target.path)):
        print("Nothing was written. Run again with --yes to write it.")
        return 1
    _write(target.path, after)
    print(f"Written. Now {target.after}.")
    return 0


def with_server(text: str, target: ClientFile, entry: dict[str, object]) -> str:
    """Return the configuration with this server in it and everything else as it was.

    Raises:
        ConfigError: The text is not a JSON object; says what to paste instead.
    """
    try:
        document = json.loads(text) if text.strip() else {}
        servers = document.setdefault(target.servers_key, {}) if isinstance(document, dict) else None
    except ValueError as error:
        raise _not_json(target, entry, cleaned(str(error))) from None
    if not isinstance(servers, dict):
        raise _not_json(target, entry, "not an object")
    if servers.get(SERVER_KEY) == entry:
        return text
    servers[SERVER_KEY] = entry
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def change(before: str, after: str, path: Path) -> str:
    """Return the change as a unified diff."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), fromfile=str(path), tofile=str(path), lineterm=""
    )
    return "\n".join(lines)


def snippet(target: ClientFile, entry: dict[str, object]) -> str:
    """Return what a person would paste."""
    return json.dumps({target.servers_key: {SERVER_KEY: entry}}, indent=2, ensure_ascii=False)


def _not_json(target: ClientFile, entry: dict[str, object], reason: str) -> ConfigError:
    return ConfigError(
        f"{quoted(str(target.path))} is not plain JSON ({reason}), so it is left as it is.",
        setting=str(target.path),
        next_steps=(f"add this by hand:\n{snippet(target, entry)}",),
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{quoted(str(path))} cannot be read.", setting=str(path)) from None


def _asked(path: Path) -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return input(f"Write this to {path}? [y/N] ").strip().lower() in ("y", "yes")


def _write(path: Path, text: str) -> None:
    # Written beside the file and moved over it: an interrupted write leaves the old configuration whole.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as draft:
            draft.write(text)
        if path.exists():
            Path(draft.name).chmod(path.stat().st_mode & 0o777)
        Path(draft.name).replace(path)
    except OSError as error:
        raise ConfigError(f"{quoted(str(path))} cannot be written: {error.strerror}.", setting=str(path)) from None
