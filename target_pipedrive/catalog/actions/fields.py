"""Field definitions and their options: the same actions for five entities, with differences in detail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.catalog.spec import ActionSpec, Verb

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPES = """
    varchar|text|double|phone|date|daterange|time|timerange|set|enum|varchar_auto|address|monetary|org|people|user
""".strip()
_VISIBLE = "add_visible_flag:bool details_visible_flag:bool"
_STAGES = "{enabled:bool stage_ids}"
_DIALOG = "{show:bool order:int?}"

_DETAILS = {
    "deal": f"""
        ui_visibility:{{{_VISIBLE} projects_detail_visible_flag:bool
        show_in_pipelines:{{show_in_all:bool pipeline_ids}}}}
        important_fields:{_STAGES} required_fields:{{enabled:bool stage_ids statuses:map}} description?
    """,
    "person": f"""
        ui_visibility:{{{_VISIBLE} show_in_add_deal_dialog:{_DIALOG}}}
        important_fields:{_STAGES} required_fields:{{enabled:bool}}
    """,
    "organization": f"""
        ui_visibility:{{{_VISIBLE} show_in_add_deal_dialog:{_DIALOG} show_in_add_person_dialog:{_DIALOG}}}
        important_fields:{_STAGES} required_fields:{{enabled:bool}}
    """,
    "product": f"ui_visibility:{{{_VISIBLE}}}",
    "project": f"ui_visibility:{{{_VISIBLE}}} important_fields:{_STAGES} required_fields:{{enabled:bool}}",
}
"""Kind of row → further properties of its fields, in addition to name, type and options."""
_DELETED_BY_LIST = ("deal", "organization", "person", "product")


def _definitions(one: str, details: str) -> Iterator[ActionSpec]:
    """Yield actions on the definitions of one kind of row."""
    path, word, entity = f"/api/v2/{one}Fields", f"{one.capitalize()}Field", f"{one}_fields"
    yield ActionSpec(
        name=f"add_{one}_field",
        operation=f"add{word}",
        method="POST",
        path=path,
        cost=5,
        entity=entity,
        verb=Verb.ADD,
        body=f"field_name! field_type!={_TYPES} options:[{{label!}}] {details}",
    )
    yield ActionSpec(
        name=f"update_{one}_field",
        operation=f"update{word}",
        method="PATCH",
        path=f"{path}/{{field_code}}",
        cost=5,
        entity=entity,
        verb=Verb.UPDATE,
        keys="field_code:str",
        body=f"field_name {details}",
        aliases={"id": "field_code"},
    )
    yield ActionSpec(
        name=f"delete_{one}_field",
        operation=f"delete{word}",
        method="DELETE",
        path=f"{path}/{{field_code}}",
        cost=3,
        entity=entity,
        verb=Verb.DELETE,
        keys="field_code:str",
        aliases={"id": "field_code"},
    )
    if one in _DELETED_BY_LIST:
        yield ActionSpec(
            name=f"delete_{one}_fields",
            operation=f"delete{word}s",
            method="DELETE",
            path=f"/v1/{one}Fields",
            cost=10,
            entity=entity,
            verb=Verb.OTHER,
            query="ids!:csv",
        )


def _options(one: str) -> Iterator[ActionSpec]:
    """Yield actions on the options of fields of one kind of row."""
    for method, verb, cost, option in (
        ("POST", Verb.ADD, 5, "label!"),
        ("DELETE", Verb.DELETE, 3, "id!"),
        ("PATCH", Verb.UPDATE, 5, "id! label!"),
    ):
        yield ActionSpec(
            name=f"{verb}_{one}_field_options",
            operation=f"{verb}{one.capitalize()}FieldOptions",
            method=method,
            path=f"/api/v2/{one}Fields/{{field_code}}/options",
            cost=cost,
            entity=f"{one}_field_options",
            verb=verb,
            parent=f"{one}_fields",
            keys="field_code:str",
            body=f"options!:[{{{option}}}]",
            aliases={"id": "field_code"},
            body_is="options",
        )


ACTIONS = tuple(
    spec for one, details in _DETAILS.items() for spec in (*_definitions(one, details), *_options(one))
)
