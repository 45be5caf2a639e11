"""Identities of the records of an input: by their content, and by the key of their row."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from target_pipedrive.mapping.entity import EntityPlan
from target_pipedrive.mapping.row_key import key_columns, key_of
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.record.key_lines import KeyLines
from target_pipedrive.run.admission import DIGEST_BYTES

if TYPE_CHECKING:
    from target_pipedrive.mapping.stream import Plan
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.task import Task


class InputKeys:
    """Identities of all records so far.

    Args:
        fails: True if a record with the key of an earlier one is rejected.
    """

    def __init__(self, *, fails: bool) -> None:
        self._fails = fails
        self._hashes: dict[str, hashlib.blake2b] = {}
        self._seen_content: dict[bytes, int] = {}
        self._lines = KeyLines()

    def digest(self, stream: str, content: bytes) -> bytes:
        """Return the digest that identifies a record by its stream and content."""
        begun = self._hashes.get(stream)
        if begun is None:
            begun = hashlib.blake2b(digest_size=DIGEST_BYTES, key=stream.encode()[:64])
            self._hashes[stream] = begun
        hashed = begun.copy()
        hashed.update(content)
        return hashed.digest()

    def identity(self, draft: Draft, digest: bytes) -> bytes:
        """Return the identity of the next record with this content."""
        if draft.id or draft.external_id:
            return digest
        # Two records with the same content are two rows, distinguished by a number.
        count = self._seen_content[digest] = self._seen_content.get(digest, 0) + 1
        return digest + count.to_bytes(4, "big")

    def earlier(self, plan: Plan, draft: Draft, line: int, digest: bytes) -> int:
        """Return the line of an earlier record with the same stream and key and another content; 0 if none.

        Raises:
            RecordFault: there is one, and the settings reject such a record.
        """
        if not isinstance(plan, EntityPlan) or not (key := key_of(plan, draft)):
            return 0
        found = self._lines.put((plan.stream, key), line, digest, keep=self._fails)
        if found and self._fails:
            raise RecordFault(
                f"{{columns}}: line {found} has the same key and other values; send one record for each row, "
                "or set on_duplicate_key to write or last",
                column=key_columns(plan, draft),
            )
        return found

    def later(self, task: Task) -> int:
        """Return the line of the last record with the key of this one; 0 if it is this one, or has no key."""
        if task.draft is None or not isinstance(task.plan, EntityPlan):
            return 0
        key = key_of(task.plan, task.draft)
        last = self._lines.line_of((task.stream, key)) if key else 0
        return last if last != task.input_line else 0
