"""Projects that an account lacks, or whose archived rows are closed to apps, as live accounts reject them."""

from __future__ import annotations

import json

import pytest

from pipedrive_emulator.rules.auth import all_scopes
from tap_pipedrive.commands.plan import plan
from tap_pipedrive.tap import TapPipedrive
from tests.support.cli import Files, tap
from tests.support.singer import select
from tests.tap.test_access import oauth

PROJECTS = ("boards", "phases", "project_templates", "projects", "tasks")
ARCHIVED = "/api/v2/projects/archived"


def run(files, config, *streams):
    """Run the command over these streams."""
    return tap(*files.arguments(config, catalog=select(config, *streams)))


def warnings(done, fact):
    return [one for one in done.err.splitlines() if "WARNING" in one and fact in one]


@pytest.mark.parametrize(("strict", "code"), [(False, 0), (True, 3)])
def test_an_account_without_the_add_on_is_read_without_projects(without_projects, tmp_path, strict, code):
    summary = tmp_path / "summary.json"
    config = without_projects.config(strict_access=strict, summary_path=str(summary))
    done = run(Files(tmp_path), config, *PROJECTS, "currencies")
    assert done.code == code
    records = done.output.records
    assert (bool(records["currencies"]), [name for name in PROJECTS if records[name]]) == (True, [])
    for name in ("boards", "project_templates", "projects", "tasks"):
        (warning,) = warnings(done, f"stream {name} was denied")
        assert "402: Required suites missing" in warning
        assert "requires Projects" in warning
    assert len(warnings(done, "denied")) == 4  # that of boards names phases, which are below them
    ended = json.loads(summary.read_text())["streams"]
    marks = {one["stream"]: one["access"] for one in ended if one["access"]}
    assert marks == {**dict.fromkeys(PROJECTS, "denied"), "phases": "boards denied"}


@pytest.mark.parametrize(("strict", "code"), [(False, 0), (True, 3)])
def test_an_app_reads_projects_without_the_archived_ones(observed, tmp_path, strict, code):
    config = {**oauth(observed, all_scopes()), "strict_access": strict}
    done = run(Files(tmp_path), config, "projects", "currencies")
    assert done.code == code
    rows = done.output.records["projects"]
    assert {row["is_archived"] for row in rows} == {False}
    (warning,) = warnings(done, "stream projects was denied")
    assert f"GET {ARCHIVED} returned 403: Scope and URL mismatch, although the app has the scope" in warning
    assert "try an API token" in warning
    assert "requires Projects" not in warning
    assert "denied for 1 of 2 lists" in done.err
    by_token = run(Files(tmp_path), observed.config(strict_access=strict), "projects")
    assert (by_token.code, {row["is_archived"] for row in by_token.output.records["projects"]}) == (
        0,
        {False, True},
    )


def test_a_plan_of_an_app_names_the_reason_for_archived_projects(observed):
    config = oauth(observed, all_scopes())
    made = TapPipedrive(config=config, catalog=select(observed.config(), "projects"))
    lines = [line for line in plan(made.lists()) if line.stream == "projects"]
    made.tap_context.client.close()
    assert [line.requests for line in lines] == [1, 1]
    assert "requires an API token" in lines[1].why
