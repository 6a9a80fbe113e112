"""One PostgreSQL for all tests of the store; each takes a database of its own."""

from collections.abc import Iterator

import pytest

from tests.support.real_postgres import PostgresServer, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server
