"""Field definitions."""

from __future__ import annotations

from pipedrive_client import Paging
from target_pipedrive.catalog.reads import RowsRead
from target_pipedrive.catalog.spec import EntitySpec

_DETAILS = "ui_visibility,important_fields,required_fields"


def _fields(one: str, details: str) -> EntitySpec:
    """Return field definitions of one kind of row, read with those details."""
    rows = RowsRead(
        path=f"/api/v2/{one}Fields",
        cost=10,
        paging=Paging.CURSOR,
        page_size=500,
        params={"include_fields": details} if details else {},
    )
    return EntitySpec(
        name=f"{one}_fields",
        in_order=True,
        definitions=one,
        add=f"add_{one}_field",
        update=f"update_{one}_field",
        delete=f"delete_{one}_field",
        key="field_code",
        read=rows,
        recent=rows,
        read_only="""
            is_custom_field is_optional_response_field is_writable subfields options_deleted is_subfield id
            add_time update_time created_by_user_id last_updated_by_user_id order_nr edit_flag description
        """,
    )


ENTITIES = (
    _fields("deal", _DETAILS),
    _fields("person", _DETAILS),
    _fields("organization", _DETAILS),
    _fields("product", "ui_visibility"),
    _fields("project", ""),
)
