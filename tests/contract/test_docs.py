"""The documentation matches the code: generated parts are current, links and commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.docs import pages, settings
from scripts.docs.tables import table
from tap_pipedrive.tap import TapPipedrive
from target_pipedrive.target import TargetPipedrive

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")]
)


def test_generated_parts_are_current():
    assert pages.stale() == [], "run `make docs`"


def test_generated_parts_are_the_same_after_a_plugin_was_made():
    config = {"api_token": "0" * 40}
    TapPipedrive(config=config, validate_config=False)
    TargetPipedrive(config=config, validate_config=False)
    settings.properties.cache_clear()
    assert pages.stale() == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_named_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for name in re.findall(r"`make ([a-z-]+)`", page.read_text(encoding="utf-8")):
        assert name in targets, name


def test_a_table_keeps_bars_in_cells():
    assert table(("a",), [("x | y",)]) == "| a |\n|---|\n| x \\| y |\n"


def test_every_interpretation_of_the_api_names_its_evidence():
    text = (ROOT / "docs" / "api-notes.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    interpretations = [row for row in rows if row[0] != "Question"]
    assert len(interpretations) > 50
    words = ("published", "observed", "guessed", "our choice")
    assert [
        row[0] for row in interpretations if len(row) != 3 or not any(one in row[2] for one in words)
    ] == []
