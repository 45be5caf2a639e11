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
EVIDENCE = {"api-notes": 110, "api-notes-emulator": 25}
"""Page with evidence → number of rows that it has at least."""
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


GROUNDS = ("published", "observed", "guessed", "our choice")
OBSERVED = re.compile(r"observed \((recorded|fixture|pasted|stated), \[[\w-]+\], \d{4}(-\d\d){0,2}[:)]")
NOTES = {name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in EVIDENCE}


def with_evidence(text):
    """Rows of the tables whose last column is Evidence."""
    for table_text in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [line.strip("| ").split(" | ") for line in table_text.splitlines()]
        if rows[0][-1] == "Evidence":
            yield from rows[2:]


@pytest.mark.parametrize("page", EVIDENCE)
def test_every_interpretation_of_the_api_names_its_evidence(page):
    rows = [*with_evidence(NOTES[page])]
    assert len(rows) > EVIDENCE[page]
    assert [row[0] for row in rows if len(row) != 3 or not row[2].startswith(GROUNDS)] == []
    for row in rows:
        assert row[2].count("observed") == len(OBSERVED.findall(row[2])), row


@pytest.mark.parametrize("page", EVIDENCE)
def test_every_source_of_evidence_has_an_address(page):
    defined = set(re.findall(r"^\[([\w-]+)\]: \S+$", NOTES[page], re.MULTILINE))
    used = set(re.findall(r"\[([\w-]+)\](?![:(\w])", NOTES[page]))
    assert used == defined
    index = NOTES["api-notes"].partition("## Sources")[2].partition("\n\n[")[0]
    cited = {
        one for row in with_evidence(NOTES[page]) for one in re.findall(r"(?:\w+, )\[([\w-]+)\], \d", row[2])
    }
    assert [one for one in sorted(cited) if f"[{one}]" not in index] == []
