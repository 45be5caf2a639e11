"""Where live accounts differ from the description, with `--dialect observed`."""

from __future__ import annotations

from urllib.error import HTTPError

import pytest

from tests.support.emulator import Emulator


@pytest.fixture(scope="module")
def live():
    with Emulator("--burst", "0", "--dialect", "observed") as running:
        yield running


@pytest.mark.parametrize(("name", "value", "done"), [("is_done", True, True), ("done", 1, False)])
def test_tasks_take_the_names_that_rows_show(live, name, value, done):
    live.reset()
    open_projects = {one["id"] for one in live.rows("projects") if one["status"] == "open"}
    found = next(
        one for one in live.rows("tasks") if not one["is_done"] and one["project_id"] in open_projects
    )
    answer = live.call("PATCH", f"/api/v2/tasks/{found['id']}", {"title": "T", name: value})
    assert (answer["data"]["title"], answer["data"]["is_done"]) == ("T", done)


def test_a_change_of_published_names_alone_is_refused(live):
    live.reset()
    with pytest.raises(HTTPError) as refused:
        live.call("PATCH", f"/api/v2/tasks/{live.rows('tasks')[0]['id']}", {"done": 1})
    assert refused.value.code == 400
    assert "no parameters to update" in refused.value.read().decode()


def test_the_description_refuses_what_it_does_not_name(small):
    with pytest.raises(HTTPError) as refused:
        small.call("PATCH", f"/api/v2/tasks/{small.rows('tasks')[0]['id']}", {"is_done": True})
    assert refused.value.code == 400
