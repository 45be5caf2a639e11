"""A target to pipe into."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from target_pipedrive.apply import settlement
from tests.target.helpers import Loader

# The same examples in every run, whatever the pace of the machine.
settings.register_profile("repository", deadline=None, derandomize=True, database=None)
settings.load_profile("repository")


@pytest.fixture
def load(small, tmp_path, monkeypatch):
    """Run the target over messages against the small account."""
    for name in list(os.environ):
        if name.startswith("TARGET_PIPEDRIVE"):
            monkeypatch.delenv(name)
    # The emulator recomputes the value of a deal at once, so the runs need not wait for it.
    monkeypatch.setattr(settlement, "RECOMPUTED_WITHIN", 0.0)
    return Loader(small.config(), tmp_path)
