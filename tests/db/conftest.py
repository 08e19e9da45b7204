"""The fixture of files that ask one database: a connection to a fresh one, as its superuser."""

import pytest

from database import connect, fresh


@pytest.fixture(scope="module")
def database():
    with fresh() as name:
        connection = connect(name)
        yield connection
        connection.close()
