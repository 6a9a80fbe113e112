"""Who may import whom, what start-up may load, and what the project may say of itself."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numpy", "pandas", "matplotlib", "httpx", "jinja2", "yaml", "promql_parser", "scipy", "sqlite3", "psycopg")
WINGS = ("server", "tools", "resources", "prompts", "sre", "connectors", "sre_mcp")


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_starting_the_server_loads_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from server.app import build, deps_from\n"
        "from server.settings import load_settings\n"
        "import server.cli, server.commands.serve, server.http\n"
        "build(deps_from(load_settings({'SRE_MCP_SNAPSHOT': '/none', 'PROMETHEUS_URL': ''})))\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.split())
    # A snapshot source may know numpy; registration of tools, resources and prompts may not.
    assert loaded <= {"numpy"}, loaded


def test_only_settings_reads_the_environment() -> None:
    readers = [path for path in _sources() if re.search(r"\bos\.(environ|getenv)\b", path.read_text(encoding="utf-8"))]
    allowed = {Path("server/settings.py"), Path("server/clients.py"), Path("server/commands/install.py")}
    # Keeps credentials out of the environment of the programs it starts.
    allowed.add(Path("connectors/programs.py"))
    # Says how many threads numpy takes, before it loads; reads nothing.
    allowed.add(Path("sre_mcp/__init__.py"))
    assert set(readers) <= allowed


def test_only_the_server_knows_what_time_it_is() -> None:
    pattern = re.compile(r"datetime\.(now|utcnow)\(|\btime\.time\(|\btoday\(")
    guilty = sorted(path for path in _sources() if pattern.search(path.read_text(encoding="utf-8")))
    # Retry-After may be a date; the connector's clock for it can be replaced.
    assert guilty == [Path("connectors/http/pacing.py"), Path("server/app.py")]


def test_nothing_below_the_command_line_prints() -> None:
    """stdout belongs to the protocol."""
    guilty = [path for path in _sources() if re.search(r"^\s*print\(", path.read_text(encoding="utf-8"), re.MULTILINE)]
    assert all(path.parts[0] == "server" and path.parts[1] in {"cli.py", "commands"} for path in guilty), guilty


@pytest.mark.parametrize("folder", ["tests"])
def test_no_package_marker_hides_the_real_folders(folder: str) -> None:
    assert list(Path(folder).rglob("__init__.py")) == []


def _sources() -> list[Path]:
    return [path for wing in WINGS for path in sorted(Path(wing).rglob("*.py"))]
