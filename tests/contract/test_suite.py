"""The test suite itself."""

from __future__ import annotations

import pytest

from tests.support import facts


@pytest.mark.xdist_group("grouped")
def test_tests_of_a_group_run_on_one_worker(request):
    """Without groups, every worker builds expensive fixtures; a group is the end of a test's id."""
    if request.config.getoption("loadgroup", default=False):
        assert request.node.nodeid.endswith("@grouped")


CRUCIAL = {
    "crash": "test_killed_on_a_slow_disk_a_row_that_was_changed_is_not_added_again",
    "copy": "test_an_account_is_copied_with_its_relations",
    "round trip": "test_output_of_the_tap_is_unchanged_in_its_own_account",
    "stream": "test_live_accounts_give_the_same_rows_in_every_stream",
}
"""Tests of each kind that run in the observed dialect every time, and not only in `make soak`."""


@pytest.mark.parametrize("kind", CRUCIAL)
def test_one_test_of_each_kind_runs_in_the_observed_dialect(kind, request):
    names = {item.name for item in request.session.items if item.name.startswith(CRUCIAL[kind])}
    if not names:
        pytest.skip("the tests of this kind were not selected")
    assert any("observed" in name or "live_accounts" in name for name in names)


def test_published_facts_of_an_operation_are_printed(capsys):
    assert facts.main(["getWebhooks", "nonesuch"]) == 1
    printed = capsys.readouterr()
    assert '"token_cost": 10' in printed.out
    assert '"subscription_url": {' in printed.out
    assert "nonesuch is not published" in printed.err
