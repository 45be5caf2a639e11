"""A process killed in the middle of deletes: the next run completes them and deletes nothing else."""

from __future__ import annotations

import json
import signal

import pytest

from tests.support.killing import Killer
from tests.target.helpers import lines_of, rows
from tests.target.processes import Process
from tests.target.test_mirror_below import CHILDREN, version

pytestmark = pytest.mark.dialects

CHANGING = ("time", "cc_email")
"""Ends of the names of columns that differ from run to run."""
PARENTS, SAMPLE = 4, 17
"""Parents with a child row each, of which the last one stays; one case in so many runs in `make test`."""
WAYS = ("mirror", "marks", "marks with parents")
POINTS = [(nth, when) for nth in range(1, PARENTS) for when in ("before", "after")]
CASES = [(stream, way, *point) for stream in sorted(CHILDREN) for way in WAYS for point in POINTS]


@pytest.fixture
def process(small, tmp_path):
    ledger = str(tmp_path / "ledger.sqlite")
    return Process(small.config(allow_deletes=True, ledger_path=ledger), tmp_path)


def children_of(stream):
    """A child row of each of some parents that have no such row yet."""
    column, parents, values = CHILDREN[stream]
    more = {"deals": (6, 8), "persons": (5, 6), "notes": (3, 4), "products": (3, 4)}[f"{column[:-3]}s"]
    return [
        {"external_id": name, column: parent, **values}
        for name, parent in zip("abcd", (*parents, *more), strict=True)
    ]


def deleting(stream, way, children):
    """The input that deletes the children except the last, and the settings of its runs."""
    gone, kept = children[:-1], children[-1]
    if way == "mirror":
        return version(stream, 2, kept), {"mirror": True}
    column = CHILDREN[stream][0]
    names = ("external_id", column) if way == "marks with parents" else ("external_id",)
    marked = [{name: one[name] for name in names} | {"is_deleted": True} for one in gone]
    return rows(stream, *marked, keys=["external_id"]), {}


def account(small):
    """Every row without the times of changes; deletes are parallel, so the history has no order."""
    found = small.dump()["tables"]
    return {
        table: sorted(map(plain, found[table])) if "changes" in table else list(map(plain, found[table]))
        for table in found
    }


def plain(row):
    kept = {name: value for name, value in row.items() if not name.endswith(CHANGING)}
    if "actor_user_id" in kept:
        del kept["id"]
    return json.dumps(kept, sort_keys=True)


def writes(small):
    return [one["path"] for one in small.log(full=True)["ordered"] if one["method"] != "GET"]


@pytest.mark.parametrize(
    ("stream", "way", "nth", "when"),
    [pytest.param(*case, marks=[pytest.mark.soak] if at % SAMPLE else []) for at, case in enumerate(CASES)],
)
def test_the_next_run_completes_deletes_of_child_rows(small, process, stream, way, nth, when):
    children = children_of(stream)
    messages, settings = deleting(stream, way, children)
    added, delete = lines_of(version(stream, 1, *children)), lines_of(messages)
    assert process(added, max_concurrency=1).code == 0
    assert process(delete, **settings).code == 0
    wanted = account(small)
    small.reset()
    (process.folder / "ledger.sqlite").unlink()
    assert process(added, max_concurrency=1).code == 0
    assert account(small) != wanted

    with Killer(small) as killer:
        config = process.folder / "killed.json"
        config.write_text(json.dumps({**process.config, **settings, "api_url": killer.url}))
        code = killer.run("target_pipedrive", ["--config", str(config)], delete.encode(), nth=nth, when=when)
        assert code == -signal.SIGKILL
    assert process(delete, **settings).code == 0
    assert account(small) == wanted
    small.post("/_emulator/log/clear")
    assert process(delete, **settings).code == 0
    assert (account(small), writes(small)) == (wanted, [])
