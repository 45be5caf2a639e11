"""The documentation says what the code does: generated parts are current, and every read has its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipedrive_emulator.operations import load_operations
from scripts import coverage, docs, settings, writes
from scripts.tables import table
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.catalog.not_covered import NOT_COVERED
from tap_pipedrive.tap import TapPipedrive
from target_pipedrive.target import TargetPipedrive

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")]
)


def test_generated_parts_are_current():
    assert docs.stale() == [], "run `make docs`"


def test_generated_parts_are_the_same_after_a_plugin_was_made():
    config = {"api_token": "0" * 40}
    TapPipedrive(config=config, validate_config=False)
    TargetPipedrive(config=config, validate_config=False)
    settings.properties.cache_clear()
    assert docs.stale() == []


def test_every_published_read_is_covered_or_says_why_not():
    known = {f"{major} {name}" for major, name in coverage.published()} | NOT_COVERED.keys()
    known |= {
        f"{major} {name}" for spec in STREAMS.values() for name in spec.serves for major in ("v1", "v2")
    }
    reads = {one.key.replace(":", " ") for one in load_operations().values() if one.method == "GET"}
    assert not reads - known


def test_no_read_is_both_covered_and_not():
    assert not {f"{major} {name}" for major, name in coverage.published()} & NOT_COVERED.keys()


@pytest.mark.parametrize("name", [name for name in coverage.actions() if name.startswith(coverage.READING)])
def test_every_reading_action_has_a_stream(name):
    rows = {row[0]: row for row in coverage.action_rows()}
    assert "not yet" not in rows[f"`{name}`"][1]


@pytest.mark.parametrize(
    "name", [name for name in coverage.actions() if not name.startswith(coverage.READING)]
)
def test_every_writing_action_has_a_stream(name):
    assert dict(writes.name_rows())[f"`{name}`"] != "not yet"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_named_exist(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for name in re.findall(r"`make ([a-z]+)`", page.read_text(encoding="utf-8")):
        assert name in targets, name


def test_a_table_keeps_bars_in_cells():
    assert table(("a",), [("x | y",)]) == "| a |\n|---|\n| x \\| y |\n"
