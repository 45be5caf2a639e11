"""Address of the repository and newest version, which `make docs` copies from one place each.

The address is `Repository` in pyproject.toml, the version the newest heading with a date in CHANGELOG.md.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACEHOLDER = "https://github.com/OWNER/pipedrive-singer"
"""The address until the repository has one."""
_ADDRESS = re.compile(r"https://github\.com/[\w-]+/pipedrive-singer(?![\w-])")
_VERSION = re.compile(r"(?<=pipedrive-singer\.git@v)\d+\.\d+\.\d+")
_DATED = re.compile(r"^## (\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)$", re.MULTILINE)
_PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "Dockerfile", "pyproject.toml", "dbt/README.md")
_OWNER = "`OWNER` is the account that hosts this repository; no version is published yet."
_INSTALL = "Leave out `@v…` of the addresses below, and do not install from a package index.\n"


def address() -> str:
    """Return the address of the repository."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["urls"]["Repository"])


def versions(changelog: str) -> list[str]:
    """Return the released versions in a changelog, newest first."""
    return _DATED.findall(changelog)


def note(*, install: bool = False) -> str:
    """Return what readers must know until the first version is published; then nothing."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    if versions(changelog) and address() != PLACEHOLDER:
        return ""
    return f"{_OWNER}\n{_INSTALL if install else ''}"


def pages() -> list[str]:
    """Return names of the files that may contain the address, but for generated ones."""
    return [*_PAGES, *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md")))]


def updated(text: str) -> str:
    """Return a text with the address and the version of today."""
    newest = versions((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    text = _ADDRESS.sub(address(), text)
    return _VERSION.sub(newest[0], text) if newest else text
