"""The test suite itself."""

from __future__ import annotations

import re
from pathlib import Path

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


STARTS = re.compile(
    r'TapPipedrive\(|Started\(\s*"tap_pipedrive"|forking\("tap_pipedrive"|"-m", "tap_pipedrive"'
    r'|"TAP_PIPEDRIVE"|TAP_PIPEDRIVE_API_URL'
)
"""Code that starts the tap: in this process, in another, or with Meltano."""
WITHOUT_RECORDS = {
    "tests/contract/test_docs.py": "describes settings",
    "tests/e2e/test_recipes_schedulers.py": "starts a stand-in for the tap",
    "tests/e2e/test_tap_auth.py": "signs in",
    "tests/tap/test_definitions.py": "plans; its runs are those of `run_tap`",
    "tests/tap/test_full_lists.py": "plans; its runs are those of `run_tap`",
    "tests/tap/test_raw.py": "builds streams; its runs are those of `run_tap`",
}
"""Files that start the tap without records, with the reason."""
CHECKED_ARGUMENTS = "Files"
"""Name of the class whose `arguments` turn the setting on."""


def test_every_run_of_the_tap_in_tests_validates_its_records():
    root = Path(__file__).parents[2]
    unchecked, known = [], set()
    for path in sorted([*root.glob("tests/**/*.py"), *root.glob("demo/*.py")]):
        text, name = path.read_text(encoding="utf-8"), str(path.relative_to(root))
        if not STARTS.search(text) or path == Path(__file__):
            continue
        if name in WITHOUT_RECORDS:
            known.add(name)
        elif "validate_records" not in text.lower() and f"import {CHECKED_ARGUMENTS}" not in text:
            unchecked.append(name)
    assert unchecked == []
    assert known == {*WITHOUT_RECORDS}


def test_published_facts_of_an_operation_are_printed(capsys):
    assert facts.main(["getWebhooks", "nonesuch"]) == 1
    printed = capsys.readouterr()
    assert '"token_cost": 10' in printed.out
    assert '"subscription_url": {' in printed.out
    assert "nonesuch is not published" in printed.err
