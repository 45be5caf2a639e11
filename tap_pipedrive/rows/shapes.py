"""Rows out of answers that wrap or key them oddly.

A shape takes the value at a read's `records` and the columns of the parent, and yields flat rows. A
spec names its shape; everything that is a plain list of objects, or one object, needs none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

Row: TypeAlias = "dict[str, object]"
Shape: TypeAlias = Callable[[object, Mapping[str, object]], Iterator[Row]]


def _objects(value: object) -> Iterator[Row]:
    """The objects of a list, or the one object; empty ones left out."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict) and one:
            yield one


def user_ids(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """`[1, 2]` → a row for each user."""
    for one in value if isinstance(value, list) else []:
        if one is not None:
            yield {"user_id": one}


def data(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """`[{"object": …, "timestamp": …, "data": {…}}]` → the keys of `data` beside the others."""
    for row in _objects(value):
        inner = row.get("data")
        if isinstance(inner, dict):
            yield {**inner, **{key: one for key, one in row.items() if key != "data"}}


def updates(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """The same list → its rows as they are, each with the `id` of its `data`."""
    for row in _objects(value):
        inner = row.get("data")
        if isinstance(inner, dict):
            yield {"id": inner.get("id"), **row}


def found(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """`[{"item": {…}, "result_score": …}]` → the keys of `item` beside the score.

    Codes of products are texts, as products have them; their own search is published with whole numbers.
    """
    for row in _objects(value):
        item = row.get("item")
        if not isinstance(item, dict):
            yield row
            continue
        code = item.get("code")
        text = {"code": str(code)} if isinstance(code, int) else {}
        yield {**item, **text, "result_score": row.get("result_score")}


def found_of_any_kind(value: object, context: Mapping[str, object]) -> Iterator[Row]:
    """`{"items": […], "related_items": […]}`, or such a list → rows whose ids are texts.

    Ids of leads are texts and those of other kinds numbers, which one column cannot hold.
    """
    if isinstance(value, dict):
        for key, is_related in (("items", False), ("related_items", True)):
            for row in found_of_any_kind(value.get(key) or [], context):
                yield {**row, "is_related": is_related}
        return
    for row in found(value, context):
        yield {**row, "id": str(row.get("id"))}


def products_by_deal(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """`[{"<deal id>": {"deal": {…}, "product": {…}}}]` → a row for each deal and product.

    The id is left as text; the row plan makes it a number.
    """
    for keyed in _objects(value):
        for deal_id, pair in keyed.items():
            if isinstance(pair, dict) and isinstance(pair.get("product"), dict):
                yield {"deal_id": deal_id, "product_id": pair["product"].get("id"), **pair}


def leaves(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """`{section: {kind: {code: label}}}`, where a section may have no kinds → a row for each label.

    Those of no kind are of kind `all`: loaders that take empty text for null refuse it as a key.
    """
    for section in _objects(value):
        for name, content in section.items():
            for code_or_kind, inner in (content if isinstance(content, dict) else {}).items():
                if isinstance(inner, str):
                    yield {"section": name, "kind": "all", "code": code_or_kind, "label": inner}
                    continue
                for labels in _objects(inner):
                    for code, label in labels.items():
                        yield {"section": name, "kind": code_or_kind, "code": code, "label": label}


def deal_choices(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """Deals → their id as text, and title and status as a drop-down menu shows them."""
    for row in _objects(value):
        label = " - ".join(str(row[part]) for part in ("title", "status") if row.get(part))
        yield {"key": str(row.get("id")), "label": label, **_kept(row, "is_deleted", "update_time")}


def named_choices(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """Rows with a name → their id as text and the name."""
    for row in _objects(value):
        yield {"key": str(row.get("id")), "label": row.get("name"), **_kept(row, "update_time")}


def _kept(row: Row, *names: str) -> Row:
    return {name: row.get(name) for name in names}


SHAPES: dict[str, Shape] = {
    shape.__name__: shape
    for shape in (
        user_ids,
        data,
        updates,
        found,
        found_of_any_kind,
        products_by_deal,
        leaves,
        deal_choices,
        named_choices,
    )
}
