"""Hooks of the documentation site (mkdocs.yml): pages from outside docs/, and links to other files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
ADDED = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md"}
"""Pages of the site that are files of the repository's root."""
ALONE = ("index.md", "comparison.md", "faq.md")
"""Pages without others beside them in the navigation."""
WIDE = ("reference/", "actions.md", "coverage.md")
"""Pages of wide tables, which need the space of the table of contents."""
BOOST = {
    "reference": 4,
    "explanation": 3,
    "faq.md": 3,
    "how-to": 2,
    "changelog.md": 0.1,
    "contributing.md": 0.5,
}
"""Weights of pages in the search, by folder or name."""
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside docs/."""
    for name, page in ADDED.items():
        if (ROOT / name).exists():
            files.append(File.generated(config, page, content=(ROOT / name).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return the page with links that are right on the site.

    In the repository, links lead to files. On the site, some files of the root are pages beside the front
    page, and all other files are named without a link.
    """
    del config
    uri = page.file.src_uri
    page.meta["search"] = {"boost": BOOST.get(uri.partition("/")[0], 1)}
    if uri in ALONE:
        page.meta["hide"] = ["toc", "navigation"]
    elif uri.startswith(WIDE):
        page.meta["hide"] = ["toc"]
    inside = uri not in ADDED.values()
    folder = (ROOT / "docs" / uri).parent if inside else ROOT
    up = "../" * uri.count("/")

    def replaced(found: re.Match[str]) -> str:
        text, target, anchor = found[1], found[2], found[3] or ""
        path = (folder / target).resolve()
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else target
        if name in ADDED and files.get_file_from_path(ADDED[name]):
            return f"[{text}]({up}{ADDED[name]}{anchor})"
        if name.startswith("docs/"):
            return found[0] if inside else f"[{text}]({name.removeprefix('docs/')}{anchor})"
        return text

    return _LINK.sub(replaced, markdown)
