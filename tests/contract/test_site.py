"""The documentation site: every page is in its navigation, and links lead to headings that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from scripts.site_tables import on_page_content

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CONFIG = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
PACKAGES = ("pipedrive_client", "pipedrive_singer", "tap_pipedrive", "target_pipedrive", "pipedrive_emulator")
OUTSIDE = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")
PAGES = [*(ROOT / name for name in OUTSIDE), *sorted(DOCS.rglob("*.md"))]
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def entries(part: object) -> Iterator[str]:
    """Yield the pages of the navigation."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from entries(one)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings; the rules of GitHub and of the site agree on ours."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    found = set()
    for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", title)).lower()
        found.add(words.strip().replace(" ", "-"))
    return found


def test_every_page_is_in_the_navigation_once():
    named = list(entries(CONFIG["nav"]))
    pages = [page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")]
    generated = [one.lower() for one in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
    assert sorted(one for one in named if one not in generated) == sorted(pages)
    assert len(named) == len(set(named))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_headings_that_exist(page):
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for target, anchor in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)#([^)\s]+)\)", text):
        path = (page.parent / target).resolve() if target else page
        assert anchor in anchors(path), f"{target}#{anchor}"


def test_the_site_needs_no_other_host():
    assert CONFIG["theme"]["font"] is False
    scripts = CONFIG["extra"]["polyfills"]
    # The plugin `offline` adds a script of another host, unless there is one with this name.
    assert any("iframe-worker" in one for one in scripts)
    for one in [*scripts, *CONFIG["extra_css"], *CONFIG.get("extra_javascript", [])]:
        assert (DOCS / one).is_file()


def test_every_recipe_is_in_the_list_of_recipes():
    listed = (DOCS / "recipes/index.md").read_text(encoding="utf-8")
    for recipe in (DOCS / "recipes").glob("*.md"):
        assert recipe.name == "index.md" or f"]({recipe.name})" in listed, recipe.name


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 220


def test_the_picture_of_the_architecture_shows_folders_that_exist():
    picture = (DOCS / "assets/architecture.svg").read_text(encoding="utf-8")
    _, tap, target = re.split(r">(?:tap|target)_pipedrive<", picture)
    for package, part in (("tap_pipedrive", tap), ("target_pipedrive", target.partition("warehouse")[0])):
        layers = re.findall(r'class="layer".*?>([\w, ]+)</text>', part)
        assert len(layers) > 7
        for name in ", ".join(layers).split(", "):
            assert list((ROOT / package).glob(f"{name}*")), name


def test_messages_that_are_explained_are_messages_of_the_programs():
    sources = "".join(
        path.read_text(encoding="utf-8") for package in PACKAGES for path in (ROOT / package).rglob("*.py")
    )
    messages = re.sub(r'"\s*\n\s*f?"', "", sources)  # texts that continue on the next line
    cells = re.findall(r"^\| (`.*?) \|", (DOCS / "faq.md").read_text(encoding="utf-8"), re.MULTILINE)
    explained = [one for cell in cells if "DuckDB" not in cell for one in re.findall(r"`(.*?)`", cell)]
    assert len(explained) > 30
    parts = [part.strip() for one in explained for part in one.split("…")]
    assert [part for part in parts if part not in messages] == []


def luminance(color: str) -> float:
    """Return the relative luminance of `#rrggbb`, as WCAG 2 defines it."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("pattern", "against"),
    [
        (r"--md-primary-fg-color: (#\w{6})", "#ffffff"),
        (r'"default"\].*--md-typeset-a-color: (#\w{6})', "#ffffff"),
        (r'"default"\].*--md-accent-fg-color: (#\w{6})', "#ffffff"),
        (r'"slate"\].*--md-typeset-a-color: (#\w{6})', "#1e2129"),
        (r'"slate"\].*--md-accent-fg-color: (#\w{6})', "#1e2129"),
    ],
)
def test_colors_of_links_and_headers_are_readable(pattern, against):
    color = re.search(pattern, (DOCS / "assets/site.css").read_text(encoding="utf-8"))[1]
    darker, lighter = sorted((luminance(color), luminance(against)))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def table(head: list[str], *rows: list[str]) -> str:
    """Return a table as mkdocs writes it."""
    lines = [
        "<table>",
        "<thead>",
        "<tr>",
        *(f"<th>{one}</th>" for one in head),
        "</tr>",
        "</thead>",
        "<tbody>",
    ]
    for row in rows:
        lines += ["<tr>", *(f'<td style="text-align: left;">{one}</td>' for one in row), "</tr>"]
    return "\n".join([*lines, "</tbody>", "</table>"])


def test_cells_of_tables_have_the_name_of_their_column():
    wide = table(["Setting", "<code>Type</code>", ""], ["a", "b", "c"], ["d", "", "f"])
    page = on_page_content(f"<p>x</p>{wide}<p>y</p>", page=None, config=None, files=None)
    found = re.findall(r'<td(?: data-label="(.*?)")? style="text-align: left;">(.*?)</td>', page)
    assert found == [("", "a"), ("Type", "b"), ("", "c"), ("", "d"), ("Type", ""), ("", "f")]
    assert re.sub(r' data-label="\w+"', "", page) == f"<p>x</p>{wide}<p>y</p>"
    narrow = table(["You want to", "Read"], ["a", "b"])
    assert on_page_content(narrow) == narrow


def test_a_row_with_other_cells_than_the_head_stops_the_build():
    with pytest.raises(ValueError, match="shorter"):
        on_page_content(table(["a", "b", "c"], ["1", "2"]))
