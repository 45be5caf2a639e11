"""Links of external ids to rows, and of child rows to the rows that they are below.

A child row can only be read and deleted below its parent. Parents have a table of their own, so that earlier
releases can still read the ledger. A link that one of them stored has no parent; the next record of its row
adds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.catalog.entities import BELOW
from target_pipedrive.ids.id_map import Link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_pipedrive.ledger.storage.database import Database

_ALL = """
select links.entity, links.external_id, links.id, links.stream, links.linked_at, coalesce(parents.parent, '')
from links left join parents on parents.entity = links.entity and parents.external_id = links.external_id
order by links.entity, links.external_id
"""
_PUT = """
insert into links values (:entity, :external_id, :id, :stream, :moment)
on conflict (entity, external_id) do update
set id = excluded.id, stream = excluded.stream, linked_at = excluded.linked_at
"""
_PUT_PARENT = """
insert into parents values (:entity, :external_id, :parent)
on conflict (entity, external_id) do update set parent = excluded.parent
"""
_REMOVE = (
    """
    delete from parents where entity = :entity
    and external_id in (select external_id from links where entity = :entity and id = :id)
    """,
    "delete from links where entity = :entity and id = :id",
)
_REMOVE_ONE = (
    "delete from parents where entity = :entity and external_id = :external_id",
    "delete from links where entity = :entity and external_id = :external_id",
)
_REMOVE_BELOW = (
    """
    delete from parents where entity = :entity and parent = :parent
    and external_id in (select external_id from links where entity = :entity and id = :id)
    """,
    """
    delete from links where entity = :entity and id = :id
    and external_id not in (select external_id from parents where entity = :entity and parent <> :parent)
    """,
)


def all_links(db: Database) -> Iterator[Link]:
    """Yield every link, by entity and external id."""
    for entity, external_id, row_id, stream, linked_at, parent in db.rows(_ALL):
        yield Link(
            entity=entity,
            external_id=external_id,
            id=row_id,
            stream=stream,
            written_at=linked_at,
            parent=parent,
        )


def put_link(db: Database, link: Link) -> None:
    """Link an external id to a row, and to the row that it is below."""
    place = {"entity": link.entity, "external_id": link.external_id}
    db.run(_PUT, **place, id=link.id, stream=link.stream, moment=link.written_at)
    if link.parent:
        db.run(_PUT_PARENT, **place, parent=link.parent)


def move_links(db: Database, entity: str, old_id: str, new_id: str) -> None:
    """Move the external ids of a merged row to the survivor, and its child rows too."""
    db.run(
        "update links set id = :new where entity = :entity and id = :old",
        new=new_id,
        entity=entity,
        old=old_id,
    )
    for below in BELOW.get(entity, ()):
        db.run(
            "update parents set parent = :new where entity = :entity and parent = :old",
            new=new_id,
            entity=below,
            old=old_id,
        )


def remove_link(db: Database, entity: str, external_id: str) -> None:
    """Remove one external id of a row that others link to as well."""
    for statement in _REMOVE_ONE:
        db.run(statement, entity=entity, external_id=external_id)


def remove_links(db: Database, entity: str, row_id: str, parent: str) -> None:
    """Remove the external ids of a deleted row.

    Args:
        db: the ledger.
        entity: entity of the row.
        row_id: id of the row.
        parent: its parent row; child rows of other parents may have the same id, such as followers. Empty
            for a row without a parent, or if the parent is not known.
    """
    for statement in _REMOVE_BELOW if parent else _REMOVE:
        db.run(statement, entity=entity, id=row_id, **({"parent": parent} if parent else {}))
