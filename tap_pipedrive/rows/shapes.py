"""Extraction of rows from responses with an unusual structure.

A shape takes the value at a read's `records` and the columns of the parent, and yields flat rows. A
spec names its shape; everything that is a plain list of objects, or one object, needs none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from tap_pipedrive.values import conversions
from tap_pipedrive.values.row import Row

Shape: TypeAlias = Callable[[object, Mapping[str, object]], Iterator[Row]]


def _objects(value: object) -> Iterator[Row]:
    """Return the objects of a list, or the single object unless it is empty."""
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))
    elif isinstance(value, dict) and value:
        yield value


def user_ids(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """Return a row for each user: `[1, 2]`."""
    for one in value if isinstance(value, list) else []:
        yield {"user_id": one}


def data(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """Merge `data` into its object: `[{"object": …, "timestamp": …, "data": {…}}]`."""
    for row in _objects(value):
        inner = row.get("data")
        rest = {key: one for key, one in row.items() if key != "data"}
        yield {**inner, **rest} if isinstance(inner, dict) else rest


def updates(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """Return the rows of the same list unchanged, each with the `id` of its `data`."""
    for row in _objects(value):
        inner = row.get("data")
        yield {"id": inner.get("id") if isinstance(inner, dict) else None, **row}


def found(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """Merge `item` into its object: `[{"item": {…}, "result_score": …}]`."""
    for row in _objects(value):
        item = row.get("item")
        around = {key: one for key, one in row.items() if key != "item"}
        yield {**item, **around} if isinstance(item, dict) else row


def found_of_any_kind(value: object, context: Mapping[str, object]) -> Iterator[Row]:
    """Return the rows of both lists: `{"items": […], "related_items": […]}`, or of one such list."""
    if isinstance(value, dict):
        for key, is_related in (("items", False), ("related_items", True)):
            for row in found_of_any_kind(value.get(key) or [], context):
                yield {**row, "is_related": is_related}
        return
    yield from found(value, context)


def products_by_deal(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """Return a row for each deal and product: `[{"<deal id>": {"deal": {…}, "product": {…}}}]`.

    The id is left as text; the row plan makes it a number.
    """
    for keyed in _objects(value):
        for deal_id, pair in keyed.items():
            inner = pair if isinstance(pair, dict) else {}
            product = inner.get("product")
            product_id = product.get("id") if isinstance(product, dict) else None
            yield {"deal_id": deal_id, "product_id": product_id, **inner}


def leaves(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """Return a row for each label: `{section: {kind: {code: label}}}`; a section may have no kinds.

    Those of no kind are of kind `all`: loaders that treat empty text as null reject it as a key.
    """
    for section in _objects(value):
        for name, content in section.items():
            kinds = content if isinstance(content, dict) else {None: content} if content else {}
            for code_or_kind, inner in kinds.items():
                if not isinstance(inner, (dict, list)):
                    yield {"section": name, "kind": "all", "code": code_or_kind, "label": inner}
                    continue
                for labels in _objects(inner):
                    for code, label in labels.items():
                        yield {"section": name, "kind": code_or_kind, "code": code, "label": label}


def deal_choices(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """Return the deals' id, and title and status as in a drop-down menu."""
    for row in _objects(value):
        label = " - ".join(str(conversions.text(row[part])) for part in ("title", "status") if row.get(part))
        yield {"key": row.get("id"), "label": label, **_kept(row, "is_deleted", "update_time")}


def named_choices(value: object, _context: Mapping[str, object]) -> Iterator[Row]:
    """Return the rows' id and their name."""
    for row in _objects(value):
        yield {"key": row.get("id"), "label": row.get("name"), **_kept(row, "update_time")}


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

BARE_SHAPES = frozenset({user_ids.__name__})
"""Shapes of lists whose entries are values instead of objects."""
