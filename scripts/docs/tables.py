"""Markdown tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table, one row a line."""
    lines = [_row(head), "|" + "---|" * len(head), *(_row(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def code(text: object) -> str:
    """Return text in backticks; an empty text stays empty."""
    return f"`{text}`" if str(text) else ""


def words(names: Iterable[object]) -> str:
    """Return names in backticks, separated by commas."""
    return ", ".join(code(name) for name in names)


def sentence(text: str) -> str:
    """Return the text with a full stop, or empty."""
    return f"{text.rstrip('.')}." if text else ""
