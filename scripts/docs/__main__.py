"""`make docs`: write the generated parts of the documentation.

`python -m scripts.docs --check` writes nothing and fails when something is out of date.
"""

from __future__ import annotations

import sys

from scripts.docs.pages import ROOT, outdated, stale


def main(arguments: list[str]) -> int:
    """Write what is out of date, or with `--check` only name it; returns the exit code."""
    if "--check" in arguments:
        names = stale()
        for name in names:
            print(f"{name} is out of date: run `make docs`")
        return bool(names)
    for path, text in outdated():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
