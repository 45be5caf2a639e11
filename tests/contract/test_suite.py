"""The test suite itself."""

from __future__ import annotations

import pytest

from tests.support import facts


@pytest.mark.xdist_group("grouped")
def test_tests_of_a_group_run_on_one_worker(request):
    """Without groups, every worker builds expensive fixtures; a group is the end of a test's id."""
    if request.config.getoption("loadgroup", default=False):
        assert request.node.nodeid.endswith("@grouped")


def test_published_facts_of_an_operation_are_printed(capsys):
    assert facts.main(["getWebhooks", "nonesuch"]) == 1
    printed = capsys.readouterr()
    assert '"token_cost": 10' in printed.out
    assert '"subscription_url": {' in printed.out
    assert "nonesuch is not published" in printed.err
