"""Files with generated parts, and their up-to-date content.

Blocks between `generated:` marks are updated in docs/reference/, docs/emulator.md, meltano.yml and others;
docs/coverage.md, docs/actions.md and the plugin definition files are written as a whole. The address of the
repository and the newest version are updated wherever they are written. Only this repository is read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from scripts import published
from scripts.docs import coverage, emulator, meltano_files, settings, streams, writes

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent.parent


def blocks() -> dict[str, dict[str, str]]:
    """Return the lines of each block, by file and by name of the block."""
    note = {"published": published.note()}
    return {
        "README.md": note,
        "docs/index.md": note,
        "docs/tutorials/try-it.md": note,
        "docs/how-to/install.md": {"published": published.note(install=True)},
        "docs/reference/tap-settings.md": {"tap settings": settings.block("tap")},
        "docs/reference/target-settings.md": {"target settings": settings.block("target")},
        "docs/reference/streams.md": {
            "default streams": streams.stream_table(selected=True),
            "other streams": streams.stream_table(selected=False),
        },
        "docs/reference/entities.md": {"entities": writes.entity_table()},
        "docs/emulator.md": {"seeds": emulator.seeds(), "faults": emulator.faults()},
        "meltano.yml": {
            "tap-pipedrive": meltano_files.project_block("tap"),
            "target-pipedrive": meltano_files.project_block("target"),
        },
    }


def whole_files() -> dict[str, str]:
    """Return the content of files that are generated as a whole, by file."""
    return {
        "docs/coverage.md": coverage.page(),
        "docs/actions.md": writes.page(),
        "meltano/extractors/tap-pipedrive.yml": meltano_files.definition("tap"),
        "meltano/loaders/target-pipedrive.yml": meltano_files.definition("target"),
    }


def with_block(text: str, name: str, content: str) -> str:
    """Return the text with the inside of one block replaced.

    Raises:
        ValueError: the text has no such block, or has it twice.
    """
    pattern = re.compile(
        rf"(?P<head>^[ ]*(?:<!--|\#) generated: {re.escape(name)}(?: -->)?\n).*?"
        r"(?P<tail>^[ ]*(?:<!--|\#) end generated(?: -->)?$)",
        re.DOTALL | re.MULTILINE,
    )
    done, count = pattern.subn(lambda found: found["head"] + content + found["tail"], text)
    if count != 1:
        msg = f"{count} blocks called {name!r}; there must be one"
        raise ValueError(msg)
    return done


def documents() -> Iterator[tuple[Path, str]]:
    """Yield every file with generated parts and its up-to-date content."""
    for name, content in whole_files().items():
        yield ROOT / name, content
    parts = blocks()
    for name in {**parts, **dict.fromkeys(published.pages())}:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        for block, content in parts.get(name, {}).items():
            text = with_block(text, block, content)
        yield path, published.updated(text)


def outdated() -> Iterator[tuple[Path, str]]:
    """Yield files that `make docs` would change, and their up-to-date content."""
    for path, text in documents():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield path, text


def stale() -> list[str]:
    """Return names of files that `make docs` would change."""
    return [str(path.relative_to(ROOT)) for path, _ in outdated()]
