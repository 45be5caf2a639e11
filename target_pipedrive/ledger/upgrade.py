"""Upgrade of ledgers of earlier releases to the current format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.values.identity import key_text

if TYPE_CHECKING:
    import sqlite3

_LINKS = "select entity, external_id, id from links order by linked_at desc, entity, external_id"


def normalise_links(db: sqlite3.Connection) -> list[str]:
    """Store external ids in the form in which keys are compared; earlier releases stored them as received.

    An id in that form takes precedence over other spellings, a later link over an earlier one. Links of blank
    ids are dropped: such a link merged many records into one row.

    Returns:
        Messages about dropped links, for the log.
    """
    changed = [
        (entity, text, row_id) for entity, text, row_id in db.execute(_LINKS) if key_text(text) != text
    ]
    notices = []
    for entity, text, row_id in changed:
        place = (entity, text)
        key = key_text(text)
        if key is None:
            db.execute("delete from links where entity = ? and external_id = ?", place)
            notices.append(
                f"The ledger linked {entity} {row_id} to a blank external id. That link is dropped, the row "
                "stays."
            )
            continue
        known = db.execute(
            "select id from links where entity = ? and external_id = ?", (entity, key)
        ).fetchone()
        if known is None:
            db.execute("update links set external_id = ? where entity = ? and external_id = ?", (key, *place))
            continue
        db.execute("delete from links where entity = ? and external_id = ?", place)
        if known[0] != row_id:
            notices.append(
                f"The ledger linked external id {key} to {entity} {known[0]} and, spelled {text!r}, to "
                f"{row_id}. It is linked to {known[0]} from now on; merge the two rows in Pipedrive if they "
                "are one."
            )
    return notices
