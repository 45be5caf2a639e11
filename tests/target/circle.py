"""Organizations with a circle of references, for tests of references that are filled in later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.emulator import Emulator


class Circle:
    """Organizations of another account, each with the next one in the custom field Sister."""

    def __init__(self, small: Emulator, count: int) -> None:
        self._small = small
        field = small.post("/api/v2/organizationFields", {"field_name": "Sister", "field_type": "org"})
        self._key = field["data"]["field_code"]
        self.organizations: list[dict[str, Any]] = [
            {"id": 1000 + at, "name": f"Org {at}", "Sister": 1000 + (at + 1) % count} for at in range(count)
        ]

    def is_closed(self, ids: Sequence[str]) -> bool:
        """Return whether each of these rows refers to the next one, and the last one to the first."""
        held = {one["id"]: one["custom_fields"].get(self._key) for one in self._small.rows("organizations")}
        return [held[int(one)] for one in ids] == [int(one) for one in (*ids[1:], ids[0])]
