"""Journal of the rows that a check creates, so that no crash leaves a row that the next check cannot find."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class Entry:
    """A row of the check.

    Attributes:
        account: company id of the account.
        entity: name of the list, a key of `ENTITIES`.
        name: name of the row, which no other row has.
        row_id: id of the row, or None if the response to its creation was not received.
    """

    account: str
    entity: str
    name: str
    row_id: str | None = None


class Journal:
    """The rows that were created and are not known to be deleted.

    Each is written before the request that creates it. The file stays on this machine.

    Args:
        file: JSON lines; None keeps the rows only in memory.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.entries: list[Entry] = []
        if file and file.exists():
            lines = file.read_text(encoding="utf-8").splitlines()
            self.entries = [Entry(**json.loads(line)) for line in lines if line.startswith("{")]

    def of(self, account: str) -> list[Entry]:
        """Return the rows of one account, in the order of their creation."""
        return [one for one in self.entries if one.account == account]

    def add(self, entry: Entry) -> None:
        """Add a row that is about to be created."""
        self.entries.append(entry)
        self.save()

    def remove(self, entry: Entry) -> None:
        """Remove a row that is deleted, or was not created."""
        self.entries.remove(entry)
        self.save()

    def save(self) -> None:
        """Write the rows; without any, the file is deleted."""
        if self._file is None:
            return
        if not self.entries:
            self._file.unlink(missing_ok=True)
            return
        new = self._file.with_suffix(".new")
        new.write_text("".join(f"{json.dumps(asdict(one))}\n" for one in self.entries), encoding="utf-8")
        new.replace(self._file)
