"""Fixtures shared by all tests."""

from __future__ import annotations

import pytest

from tests.support.emulator import Emulator


@pytest.fixture(scope="session")
def _small():
    with Emulator("--burst", "0", seed="small") as running:
        yield running


@pytest.fixture(scope="session")
def _medium():
    with Emulator("--burst", "0", seed="medium") as running:
        yield running


@pytest.fixture
def small(_small):
    """An emulator with the small account, as it was seeded."""
    _small.reset()
    return _small


@pytest.fixture
def medium(_medium):
    """An emulator with the medium account, as it was seeded."""
    _medium.reset()
    return _medium
