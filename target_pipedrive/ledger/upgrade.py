"""Upgrade of ledgers of earlier releases to the current format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.values.identity import key_text

if TYPE_CHECKING:
    from target_pipedrive.ledger.storage.database import Database

_LINKS = "select entity, external_id, id from links order by linked_at desc, entity, external_id"
_DELETE = "delete from links where entity = :entity and external_id = :text"
_RENAME = "update links set external_id = :key where entity = :entity and external_id = :text"


def normalise_links(db: Database) -> list[str]:
    """Store external ids in the form in which keys are compared; earlier releases stored them as received.

    An id in that form takes precedence over other spellings, a later link over an earlier one. Links of blank
    ids are dropped: such a link merged many records into one row.

    Returns:
        Messages about dropped links, for the log.
    """
    ids: dict[tuple[str, str], str] = {}
    changed = []
    for entity, text, row_id in db.rows(_LINKS):
        if key_text(text) == text:
            ids[entity, text] = row_id
        else:
            changed.append((entity, text, row_id))
    notices = []
    for entity, text, row_id in changed:
        place = {"entity": entity, "text": text}
        key = key_text(text)
        if key is None:
            db.run(_DELETE, **place)
            notices.append(
                f"The ledger linked {entity} {row_id} to a blank external id. That link is dropped, the row "
                "stays."
            )
            continue
        known = ids.get((entity, key))
        if known is None:
            db.run(_RENAME, key=key, **place)
            ids[entity, key] = row_id
            continue
        db.run(_DELETE, **place)
        if known != row_id:
            notices.append(
                f"The ledger linked external id {key} to {entity} {known} and, spelled {text!r}, to "
                f"{row_id}. It is linked to {known} from now on; merge the two rows in Pipedrive if they "
                "are one."
            )
    return notices
