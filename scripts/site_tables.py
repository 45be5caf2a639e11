"""Hook of the documentation site (mkdocs.yml): cells of tables contain the name of their column.

On a phone, site.css shows each row of a table as a card, with these names.
"""

from __future__ import annotations

import re

_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_HEADING = re.compile(r"<th[^>]*>(.*?)</th>", re.DOTALL)
_ROW = re.compile(r"<tr>\s*<td.*?</tr>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_UNNAMED = 2
"""Columns of a table that needs no names: a title and a text."""


def on_page_content(html: str, **_: object) -> str:
    """Return the page with labelled tables."""
    return _TABLE.sub(lambda found: labelled(found[0]), html)


def labelled(table: str) -> str:
    """Return a table with `data-label` in all cells except the first of each row.

    Raises:
        ValueError: a row has more or fewer cells than the head.
    """
    names = [_TAG.sub("", name).strip() for name in _HEADING.findall(table)]
    if len(names) <= _UNNAMED:
        return table

    def row(found: re.Match[str]) -> str:
        head, *cells = found[0].split("<td")
        return head + "".join(
            f'<td data-label="{name}"{cell}' if place and name else f"<td{cell}"
            for place, (name, cell) in enumerate(zip(names, cells, strict=True))
        )

    return _ROW.sub(row, table)
