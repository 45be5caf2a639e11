"""`make demo` runs all steps and leaves only its results, or nothing if it is interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from demo.stage import loading
from tests.support.plugins import INSTALLED

ROOT = Path(__file__).parents[2]
QUICK = ["--account", "small", "--plugins", str(INSTALLED)]
"""Options for a demonstration with fewer rows and the plugins of `make plugins`."""
pytestmark = pytest.mark.xdist_group("meltano")


@pytest.fixture
def output(tmp_path_factory):
    """Folder for the results of the demo."""
    return tmp_path_factory.mktemp("output")


@pytest.fixture
def start(tmp_path, output):
    """Start the demo; its temporary folder is below `tmp_path`."""
    # Setup has downloaded everything, so no request goes to a package index.
    environment = {**os.environ, "TMPDIR": str(tmp_path), "UV_OFFLINE": "1", "COLUMNS": "100"}
    running = []

    def begin(*options: str) -> subprocess.Popen:
        running.append(
            subprocess.Popen(
                [sys.executable, "-u", "-m", "demo", "--output", str(output), *options],
                cwd=ROOT,
                env=environment,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        )
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def test_progress_is_shown_while_the_loader_writes():
    log = """\
2026-11-29T21:24:54Z [info     ] target-duckdb Loading 3 rows into '"warehouse"."pipedrive"."pipelines"'
2026-11-29T21:24:54Z [info     ] tap-pipedrive METRIC      metric_name=sync_duration metric_value=1.7
"""
    assert loading("") == ""
    one = """2026-11-29T21:24:54Z [info     ] target-duckdb Loading 1 rows into '"w"."p"."persons"'\n"""
    assert loading(one) == " · 1 row into DuckDB, now persons"
    assert loading(log) == " · 3 rows into DuckDB, now pipelines"
    more = """2026-11-29T21:24:56Z [info     ] target-duckdb Loading 2300 rows into '"w"."p"."deals"'\n"""
    assert loading(log + more) == " · 2,303 rows into DuckDB, now deals"


def left_behind(folder: Path) -> list[str]:
    """Files below the folder, and processes that use it."""
    found = [str(path) for path in folder.iterdir()]
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TMPDIR={folder}\0".encode() in entry.read_bytes():
                found.append((entry.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it has ended, or is another user's
    return found


@pytest.mark.parametrize(
    ("options", "deals", "currencies"),
    [(QUICK, "184", 3), pytest.param([], "2,450", 4, marks=pytest.mark.soak)],
)
def test_the_demo_reports_the_loaded_rows_and_that_all_match(
    start, tmp_path, output, options, deals, currencies
):
    process = start(*options)
    text = process.communicate(timeout=900)[0]
    assert process.returncode == 0, text
    assert "all equal" in text
    assert re.search(rf"^deals +{deals} +{deals} ✓", text, re.MULTILINE)
    assert "Gold" in text
    assert re.search(rf"^✓ \d+ won deals in {currencies} currencies", text, re.MULTILINE)
    assert re.search(r"^✓ All (\d+) match the view, and no other deal was changed", text, re.MULTILINE)
    assert re.search(r"\d+ of them belong to Former Colleague, who left the company", " ".join(text.split()))
    assert text.count("✓ Nothing was written") == 2
    assert "Added '" not in text
    assert left_behind(tmp_path) == []
    assert {path.name for path in output.iterdir()} == {"sales.html", "preview.html", "warehouse.duckdb"}
    assert all(str(path) in text for path in output.iterdir())
    the_page_shows_the_funnel_of_the_warehouse(output)


def the_page_shows_the_funnel_of_the_warehouse(output):
    page = (output / "sales.html").read_text(encoding="utf-8")
    assert not re.findall(r"<script|<link|\bsrc=|\bhref=|url\(|https?:", page)
    # The furthest stage of each deal, from what the tap loaded.
    sql = """
        with places as (
          select deal_id, new_value::int as stage_id from pipedrive.deal_changes where field_key = 'stage_id'
          union select id, stage_id from pipedrive.deals
        ), furthest as (
          select deal_id, max(case when deals.status = 'won' then 99 else stages.order_nr end) as place
          from places join pipedrive.deals on deals.id = deal_id
          join pipedrive.stages on stages.id = places.stage_id
          join pipedrive.pipelines on pipelines.id = stages.pipeline_id where pipelines.name = 'New business'
          group by deal_id
        )
        select stages.name, count(*) from pipedrive.stages
        join pipedrive.pipelines on pipelines.id = stages.pipeline_id and pipelines.name = 'New business'
        join furthest on furthest.place >= stages.order_nr
        group by stages.name, stages.order_nr order by stages.order_nr"""
    with duckdb.connect(str(output / "warehouse.duckdb"), read_only=True) as connection:
        funnel = connection.execute(sql).fetchall()
    assert len(funnel) == 5
    assert funnel[0][1] == 150
    funnel_of_page = page[page.index('id="funnel"') : page.index('id="days"')]
    rows = re.findall(r'<th scope="row">([^<]+)</th>.*?class="number">(\d+)<', funnel_of_page, re.DOTALL)
    assert [(name, int(count)) for name, count in rows][:5] == funnel


@pytest.mark.parametrize(
    ("options", "stage", "number"),
    [
        pytest.param([], "1  A Pipedrive account", signal.SIGTERM, marks=pytest.mark.soak),
        pytest.param([], "2  meltano install", signal.SIGINT, marks=pytest.mark.soak),
        pytest.param([], "3  meltano run", signal.SIGINT, marks=pytest.mark.soak),
        (QUICK, "3  meltano run", signal.SIGINT),
    ],
)
def test_the_demo_cleans_up_when_interrupted(start, tmp_path, output, options, stage, number):
    process = start(*options)
    for line in process.stdout:
        if line.startswith(stage):
            break
    if stage.startswith("3"):
        process.stdout.readline()  # the first output, after which the pipeline is running
    process.send_signal(number)
    text = process.communicate(timeout=60)[0]
    assert process.returncode == 128 + number, text
    assert "Stopped." in text
    assert "Traceback" not in text
    assert left_behind(tmp_path) == []
    assert list(output.iterdir()) == []
