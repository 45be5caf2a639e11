"""Tables of docs/emulator.md: the seeds, and the kinds of faults."""

from __future__ import annotations

from pipedrive_emulator.faults.kinds import KINDS
from pipedrive_emulator.seeds.accounts import TABLES
from scripts.docs.tables import code, table

_ACTS = {"no": "no", "yes": "yes", "then": "after it"}


def seeds() -> str:
    """Return the table of the number of rows in each seed."""
    rows = [
        (name.replace("_", " "), *(f"{count:,}" for count in sizes)) for name, (_, sizes) in TABLES.items()
    ]
    return table(("Rows", "`small`", "`medium`", "`large`"), rows)


def faults() -> str:
    """Return the table of the effect and the further keys of each kind of fault."""
    rows = [
        (
            code(name),
            _ACTS[kind.acts],
            kind.does,
            ", ".join(
                code(key) if default is None else f"{code(key)} ({default})"
                for key, default in kind.options.items()
            ),
        )
        for name, kind in sorted(KINDS.items())
    ]
    return table(("Kind", "Does the operation act?", "What happens", "Further keys"), rows)
