"""A target to pipe into."""

from __future__ import annotations

import os

import pytest

from tests.target.helpers import Loader


@pytest.fixture
def load(small, tmp_path, monkeypatch):
    """Run the target over messages against the small account."""
    for name in list(os.environ):
        if name.startswith("TARGET_PIPEDRIVE"):
            monkeypatch.delenv(name)
    return Loader(small.config(), tmp_path)
