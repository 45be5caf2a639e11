"""Run an input twice: check the effect of the first run, and that the second one writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tests.target.case_folders import writes_of

if TYPE_CHECKING:
    from tests.target.helpers import Run

SETTLED = {"unchanged", "failed", "skipped"}


def settles(small: Any, load: Any, *messages: Any, **config: Any) -> Run:
    """Run the input twice and return the first run; the second sends no write and changes no row."""
    first = load(*messages, **config)
    before = small.snapshot()
    small.post("/_emulator/log/clear")
    second = load(*messages, **config)
    assert writes_of(small) == []
    assert_same_rows(small, before)
    assert set(second.outcomes) <= SETTLED
    return first


def assert_same_rows(small: Any, before: bytes) -> None:
    """Fail with the differences if the account's rows are not those of the snapshot."""
    after = small.snapshot()
    if after != before:
        assert msgspec.json.decode(after) == msgspec.json.decode(before)


def field_key(small: Any, entity: str, name: str) -> str:
    """The key of a custom field, by the first field of its name."""
    fields = small.get(f"/api/v2/{entity}Fields?limit=500")["data"]
    return next(one["field_code"] for one in fields if one["field_name"] == name and one["is_custom_field"])


def row(small: Any, table: str, number: Any) -> dict[str, Any]:
    return next(one for one in small.rows(table) if one["id"] == number)
