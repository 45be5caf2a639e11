"""Followers of rows."""

from __future__ import annotations

from pipedrive_client import Paging
from target_pipedrive.catalog.entities.reads import whole
from target_pipedrive.catalog.spec import EntitySpec

FOLLOWER = "add_time id"


def follower(entity: str, column: str) -> EntitySpec:
    """Return followers of one kind of row."""
    one = entity.removesuffix("s")
    rows = whole(f"/api/v2/{entity}/{{{column}}}/followers", 10, Paging.CURSOR, 500)
    return EntitySpec(
        name=f"{one}_followers",
        add=f"add_{one}_follower",
        delete=f"delete_{one}_follower",
        key="user_id",
        chosen_key=True,
        path={"id": column, "follower_id": "user_id"},
        read=rows,
        recent=rows,
        read_only=FOLLOWER,
        parent=column,
    )


ENTITIES = (
    follower("deals", "deal_id"),
    follower("persons", "person_id"),
    follower("organizations", "organization_id"),
    follower("products", "product_id"),
)
