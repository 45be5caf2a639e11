"""Fixtures: a target to pipe input into."""

from __future__ import annotations

import os
from itertools import count

import pytest
from hypothesis import settings

from target_pipedrive.apply import recomputed_columns
from tests.support.postgres import DATABASE, USER
from tests.target.helpers import RECOMPUTED, Loader

# The same examples in every run, whatever the pace of the machine.
settings.register_profile("repository", deadline=None, derandomize=True, database=None)
settings.load_profile("repository")
SECRET = "open%20sesame"
"""Password of the ledgers; the server accepts any."""


@pytest.fixture
def load(small, tmp_path, monkeypatch):
    """Run the target with messages; it writes to the small account."""
    for name in list(os.environ):
        if name.startswith("TARGET_PIPEDRIVE"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(recomputed_columns, "RECOMPUTED_WITHIN", RECOMPUTED[small.dialect])
    return Loader(small.config(), tmp_path)


@pytest.fixture(scope="session")
def ledger_url(postgres_server):
    """Return the URL of a new ledger, or of the one with a name."""
    numbers = count(1)

    def url(schema="", password=SECRET):
        where = f"{USER}:{password}@127.0.0.1:{postgres_server.port}/{DATABASE}"
        return f"postgresql://{where}?schema={schema or f'ledger_{next(numbers)}'}"

    return url


@pytest.fixture(params=["file", pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))])
def ledger_setting(request, tmp_path):
    """Name and value of the setting with a new ledger, in each kind of database."""
    if request.param == "file":
        return "ledger_path", str(tmp_path / "one.sqlite")
    return "ledger_url", request.getfixturevalue("ledger_url")()
