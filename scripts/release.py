"""`make release-check`: checks before the release of a version."""

from __future__ import annotations

import re
import sys

from scripts.docs import pages
from scripts.published import PLACEHOLDER, ROOT, address, versions


def problems(version: str, changelog: str, repository: str, stale: list[str]) -> list[str]:
    """Return what prevents a release, each with its remedy.

    Args:
        version: the version to release; empty for the newest of the changelog.
        changelog: CHANGELOG.md.
        repository: address of the repository.
        stale: names of files whose generated parts are out of date.
    """
    found = []
    if repository == PLACEHOLDER:
        found.append("The address of the repository is a placeholder: set `Repository` in pyproject.toml.")
    released = versions(changelog)
    if not released or (version and released[0] != version):
        found.append(
            f"CHANGELOG.md does not begin with {version or 'a version'}: "
            f"add a heading such as `## {version or '0.1.0'} (2026-12-01)`."
        )
    unreleased = re.search(r"^## Unreleased\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if unreleased and unreleased[1].strip():
        found.append("CHANGELOG.md has lines under Unreleased: move them below the version.")
    found += [f"{name} is out of date: run `make docs`." for name in stale]
    return found


def main(arguments: list[str]) -> int:
    """Print what is missing; returns the exit code."""
    version = arguments[0].removeprefix("v") if arguments else ""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = problems(version, changelog, address(), pages.stale())
    for one in found:
        print(one)
    if not found:
        print(f"{versions(changelog)[0]} can be released from {address()}.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
