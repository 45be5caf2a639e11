"""Filters."""

from __future__ import annotations

from pipedrive_client import DataKind
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Parent, Read, StreamSpec

_FILTER = """
    id! name type filter_code is_editable active_flag temporary_flag user_id visible_to:str
    last_used_time custom_view_id add_time update_time
"""
_CONDITIONS = Read(
    "getFilter", "/v1/filters/{id}", 2, params={"include_field_code": True}, accepts="include_field_code"
)

STREAMS = (
    StreamSpec(
        name="filters",
        summary="Saved filters of all kinds; their conditions are the stream `filter_conditions`.",
        reads=(Read("getFilters", "/v1/filters", 20, accepts="type"),),
        schema=columns(_FILTER),
    ),
    StreamSpec(
        name="filter_conditions",
        summary="Filters with their conditions.",
        reads=(_CONDITIONS,),
        single=_CONDITIONS,
        schema=columns(f"{_FILTER} conditions"),
        parent=Parent(stream="filters", context={"id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="filter_helpers",
        summary="Vocabulary of filter conditions: operators, relative dates, address parts.",
        reads=(Read("getFilterHelpers", "/v1/filters/helpers", 20, gives=DataKind.OBJECT),),
        schema=columns("section! kind! code! label", of="helpers"),
        primary_keys=("section", "kind", "code"),
        shape="leaves",
        selected_by_default=False,
    ),
)
