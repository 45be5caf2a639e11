"""The test suite itself."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("grouped")
def test_tests_of_a_group_run_on_one_worker(request):
    """Without groups, every worker builds expensive fixtures; a group is the end of a test's id."""
    if request.config.getoption("loadgroup", default=False):
        assert request.node.nodeid.endswith("@grouped")
