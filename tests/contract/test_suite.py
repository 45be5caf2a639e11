"""The test suite itself."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("grouped")
def test_tests_of_a_group_run_on_one_worker(request):
    """Else what is dear to make is made by every worker; pytest-xdist tells groups by the end of an id."""
    if request.config.getoption("loadgroup", default=False):
        assert request.node.nodeid.endswith("@grouped")
