"""Fixtures of the emulator's own tests."""

from __future__ import annotations

import pytest

from tests.emulator.asking import Asker
from tests.emulator.direct import Direct
from tests.support.emulator import Emulator


@pytest.fixture
def ask(small):
    """Client of the small account, freshly seeded, without a burst limit."""
    with Asker(small.url).session as session:
        asker = Asker(small.url, session)
        asker.hook("limits", {"burst": 0, "new_day": True})
        asker.hook("oauth", {"scopes": None, "rotate": False, "expires_seconds": 3599})
        yield asker


@pytest.fixture
def ask_medium(medium):
    """Client of the medium account, freshly seeded."""
    with Asker(medium.url).session as session:
        yield Asker(medium.url, session)


@pytest.fixture
def start():
    """Starts emulators with options of their own."""
    running = []

    def begin(*options, seed="small"):
        emulator = Emulator(*options, seed=seed)
        running.append(emulator)
        return Asker(emulator.url)

    yield begin
    for emulator in running:
        emulator.stop()


@pytest.fixture(scope="module")
def accounts():
    """An account of each dialect; the second follows live accounts."""
    opened = Direct(dialect="published"), Direct(dialect="observed")
    yield opened
    for one in opened:
        one.close()


@pytest.fixture
def both(accounts):
    """The accounts of both dialects, as they were seeded."""
    for one in accounts:
        one.reset()
    return accounts


@pytest.fixture
def observed(both):
    """The account that follows live accounts."""
    return both[1]
