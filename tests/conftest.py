"""Fixtures shared by all tests."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import zlib
from pathlib import Path

import pytest

from pipedrive_client import client
from tests.support.emulator import Emulator
from tests.support.faulty import ShortWaits
from tests.support.postgres import Postgres

DIALECTS = ("published", "observed")
SAMPLE = 20
"""One test in so many runs in the observed dialect too, and those marked `dialects(always=True)`; `make soak`
runs all."""


MEMORY = Path("/dev/shm")
ROOM = 2 * 2**30
"""Bytes that must be free in memory; a run of all tests needs less than a fourth."""


def pytest_configure(config):
    """Put temporary files into memory if there is space: each commit of a ledger waits for a disk.

    Programs buffer their output as on other machines: without buffers, no write fails at the exit.
    """
    os.environ.pop("PYTHONUNBUFFERED", None)
    chosen = "TMPDIR" in os.environ or config.option.basetemp
    if not chosen and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


@pytest.fixture(scope="session")
def _accounts():
    """Running emulators by seed, dialect and further options, each started once."""
    running = {}

    def account(seed, dialect="published", *options):
        key = seed, dialect, options
        if key not in running:
            running[key] = Emulator("--burst", "0", "--dialect", dialect, *options, seed=seed)
        return running[key]

    yield account
    for one in running.values():
        one.stop()


@pytest.fixture(scope="session")
def _small(_accounts):
    return _accounts("small")


@pytest.fixture(scope="session")
def _medium(_accounts):
    return _accounts("medium")


@pytest.fixture
def dialect(request):
    """Dialect of the emulator; tests with the mark `dialects` run in each."""
    return getattr(request, "param", DIALECTS[0])


@pytest.fixture
def small(_accounts, dialect):
    """An emulator with the small account, as it was seeded."""
    account = _accounts("small", dialect)
    account.reset()
    return account


@pytest.fixture
def medium(_accounts, dialect):
    """An emulator with the medium account, as it was seeded."""
    account = _accounts("medium", dialect)
    account.reset()
    return account


@pytest.fixture
def observed(_accounts):
    """An emulator with the small account that responds as live accounts do."""
    account = _accounts("small", "observed")
    account.reset()
    return account


@pytest.fixture
def without_projects(_accounts):
    """The same without the Projects add-on."""
    account = _accounts("small", "observed", "--plan", "lite")
    account.reset()
    return account


@pytest.fixture
def legacy(_accounts):
    """An emulator with the small account that still serves the operations that Pipedrive has removed."""
    account = _accounts("small", DIALECTS[0], "--legacy")
    account.reset()
    return account


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL server for tests of the group `postgres`; skips them if PostgreSQL is not installed."""
    with Postgres() as server:
        yield server


@pytest.fixture
def short_waits(monkeypatch):
    """Skip the waits before retries."""
    monkeypatch.setattr(client, "SystemClock", ShortWaits)


def pytest_generate_tests(metafunc):
    """Run tests with the mark `dialects` in each dialect of the emulator."""
    if "dialect" in metafunc.fixturenames and metafunc.definition.get_closest_marker("dialects"):
        metafunc.parametrize("dialect", DIALECTS, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Exclude the thousands of collected tests from garbage collection: they are never freed."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Deselect most tests in the observed dialect except a fixed sample; `make soak` runs all of them."""
    for item in items:
        given, mark = getattr(item, "callspec", None), item.get_closest_marker("dialects")
        if mark is None or given is None or mark.kwargs.get("always"):
            continue
        if given.params.get("dialect") == DIALECTS[1] and zlib.crc32(item.nodeid.encode()) % SAMPLE:
            item.add_marker("soak")


def pytest_terminal_summary(terminalreporter):
    """Print what tests compared with files that are not part of the repository."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "held":
                terminalreporter.write_line(value)
