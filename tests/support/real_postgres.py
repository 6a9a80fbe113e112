"""A real PostgreSQL on a loopback port, for tests that need the genuine article.

    with running_postgres() as server:
        url = server.new_place()

Nothing is left behind: the process is ended and its data folder removed, also when the test fails. initdb refuses root,
so there the server runs as the user `postgres` (or `nobody`).
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from tests.support.real_process import STOP_SECONDS, Program, running, tail

USER, PASSWORD = "sre_mcp", "pass word/of:the@test"
PASSWORD_IN_URL = "pass%20word%2Fof%3Athe%40test"
INITDB_SECONDS = 60.0
# The test is about our transactions, not about the disk.
SERVER_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "max_connections": "60",
    "log_min_messages": "warning",
}


@dataclass(frozen=True)
class PostgresServer:
    """A server that listens on 127.0.0.1."""

    port: int
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, database: str = "postgres", *, user: str = USER, password: str = PASSWORD_IN_URL) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def new_place(self) -> str:
        """Make an empty schema and return a URL that leads into it; a database of its own would be 7 MB to copy."""
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE SCHEMA {name}")
        return f"{self.url()}?options=-csearch_path%3D{name}&application_name={name}"

    def run(self, statement: str, *, url: str | None = None) -> list[tuple[object, ...]]:
        """Run a statement as the superuser, in a place."""
        import psycopg

        with psycopg.connect(url or self.url(), autocommit=True, connect_timeout=10) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def end_connections(self, url: str) -> int:
        """End all connections to a place, as a restart or a failover does; return how many."""
        name = schema_of(url)
        return len(
            self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{name}'")
        )


def schema_of(url: str) -> str:
    """Return the schema that a URL of a place leads into."""
    return url.rsplit("application_name=", 1)[1]


def require_postgres() -> Path:
    """Return the folder of initdb and postgres; without it skip the test, or fail it where CI promises every part."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    found = shutil.which("initdb") or (str(debian[-1]) if debian else None)
    if found:
        return Path(found).resolve().parent
    reason = "initdb is not on PATH nor in /usr/lib/postgresql; on Debian or Ubuntu: apt-get install postgresql"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Run a PostgreSQL and yield it once it lets us in."""
    programs = require_postgres()
    with tempfile.TemporaryDirectory(prefix="real-postgres-", ignore_cleanup_errors=True) as made:
        home = Path(made)
        (home / "password").write_text(PASSWORD, encoding="utf-8")
        _give_away(home)
        _initialised(programs, home)
        program = Program(
            # The immediate shutdown: nothing has to be kept.
            "postgres",
            partial(_spawned, programs, home),
            _lets_us_in,
            home / "postgres.log",
            end_signal=signal.SIGQUIT,
        )
        with running(program) as port:
            yield PostgresServer(port)


def _account() -> pwd.struct_passwd | None:
    """Return whom to run as; None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    pytest.skip("running as root, and there is no other user to run PostgreSQL as")


def _give_away(home: Path) -> None:
    if account := _account():
        for path in (home, home / "password"):
            os.chown(path, account.pw_uid, account.pw_gid)


def _popen(command: Sequence[str], home: Path, log: Path) -> "subprocess.Popen[bytes]":
    account = _account()
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )


def _initialised(programs: Path, home: Path) -> None:
    command = [
        str(programs / "initdb"),
        f"--pgdata={home / 'data'}",
        f"--username={USER}",
        f"--pwfile={home / 'password'}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]
    done = _popen(command, home, home / "initdb.log")
    try:
        status = done.wait(timeout=INITDB_SECONDS)
    except subprocess.TimeoutExpired:
        done.kill()
        done.wait(timeout=STOP_SECONDS)
        raise
    if status != 0:
        raise RuntimeError(f"initdb failed:\n{tail(home / 'initdb.log')}")


def _spawned(programs: Path, home: Path, port: int) -> "subprocess.Popen[bytes]":
    settings = [f"--{name}={value}" for name, value in SERVER_SETTINGS.items()]
    command = [str(programs / "postgres"), "-D", str(home / "data"), "-p", str(port), *settings]
    return _popen(command, home, home / "postgres.log")


def _lets_us_in(port: int) -> bool:
    import psycopg

    with suppress(psycopg.OperationalError):
        PostgresServer(port).run("SELECT 1")
        return True
    return False
