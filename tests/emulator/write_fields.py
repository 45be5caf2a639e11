"""Writes of field definitions and their options in both versions, and who shows them."""

from __future__ import annotations

from typing import Any

from tests.emulator.read_sales import ALL, ID
from tests.emulator.writing import Kept, Read, Step, Write

WORDS = {"deal": "Deal", "person": "Person", "organization": "Organization", "product": "Product"}
WORDS_V2 = {**WORDS, "project": "Project"}
PARTS = "ui_visibility,important_fields,required_fields"
V2_FIELD = {
    "name": "field_name",
    "field_type": "field_type",
    "options": "options",
    "description": "description",
}
V1_FIELD = {
    "name": "name",
    "field_type": "field_type",
    "options": "options",
    "add_visible_flag": "add_visible_flag",
}


def _fields(word: str) -> Kept:
    """The reads of a field table; parts that only some show are among the details."""
    upper, query = WORDS_V2[word], {"include_fields": PARTS}
    if word == "product":
        query = {"include_fields": "ui_visibility"}
    if word == "project":
        query = {}
    names = {**V2_FIELD, **({} if word in ("deal", "person") else {"description": None})}
    v2 = {k: v for k, v in names.items() if v}
    reads = [
        Read(
            operation=f"v2:get{upper}Field",
            path={"field_code": "{code}"},
            query=query,
            names=v2,
            key="field_code",
            by="key",
        ),
        Read(operation=f"v2:get{upper}Fields", query={**query, **ALL}, names=v2, key="field_code", by="key"),
    ]
    if word in WORDS:
        reads += [
            Read(operation=f"v1:get{upper}Field", path=ID, names=V1_FIELD),
            Read(operation=f"v1:get{upper}Fields", query=ALL, names=V1_FIELD),
        ]
    return Kept(reads=tuple(reads), key="key")


KEPT: dict[str, Kept] = {f"{word}_fields": _fields(word) for word in WORDS_V2}

_OPTIONS = [{"label": "Größe S"}, {"label": "大"}]
_DIALOG = {"show": True}
_HIGHLIGHTS: dict[str, Any] = {"important_fields": {"enabled": True, "stage_ids": [6]}}
_DETAILS: dict[str, dict[str, Any]] = {
    "deal": {
        "ui_visibility": {
            "add_visible_flag": True,
            "details_visible_flag": False,
            "projects_detail_visible_flag": True,
            "show_in_pipelines": {"show_in_all": False, "pipeline_ids": [2]},
        },
        **_HIGHLIGHTS,
        "required_fields": {"enabled": True, "stage_ids": [6], "statuses": {"2": ["won"]}},
    },
    "person": {
        "ui_visibility": {
            "add_visible_flag": True,
            "details_visible_flag": False,
            "show_in_add_deal_dialog": _DIALOG,
        },
        **_HIGHLIGHTS,
        "required_fields": {"enabled": True},
    },
    "organization": {
        "ui_visibility": {
            "add_visible_flag": True,
            "details_visible_flag": False,
            "show_in_add_deal_dialog": _DIALOG,
            "show_in_add_person_dialog": _DIALOG,
        },
        **_HIGHLIGHTS,
        "required_fields": {"enabled": True},
    },
    "product": {"ui_visibility": {"add_visible_flag": True, "details_visible_flag": False}},
    "project": {
        "ui_visibility": {"add_visible_flag": True, "details_visible_flag": False},
        **_HIGHLIGHTS,
        "required_fields": {"enabled": True},
    },
}
_FLAGS = {
    "ui_visibility": {"add_visible_flag": True, "details_visible_flag": False},
    "important_fields": {"important_flag": True},
    "required_fields": {"mandatory_flag": True},
}
_BY = frozenset({"last_updated_by_user_id"})


def _v2_fields(word: str) -> tuple[Write, ...]:
    upper, table, details = WORDS_V2[word], f"{word}_fields", _DETAILS[word]
    if word == "deal":
        details = {**details, "description": "Wie groß"}
    kept = {"details": _DETAILS[word], "name": "Größe"}
    for name in _DETAILS[word]:
        kept |= _FLAGS[name]
    step = Step(
        operation=f"v2:add{upper}Field",
        body={"field_name": "Before", "field_type": "enum", "options": _OPTIONS},
    )
    first: dict[str, Any] = {
        "table": table,
        "before": (step,),
        "path": {"field_code": "$made"},
        "row": "$made",
    }
    dropped = frozenset({"field_name", *_DETAILS[word]})
    return (
        Write(
            operation=f"v2:add{upper}Field",
            table=table,
            body={"field_name": "Größe", "field_type": "set", "options": _OPTIONS, **details},
            keeps=kept,
            drops=dropped,
            tells="field_code",
        ),
        *(
            Write(
                operation=f"v2:update{upper}Field",
                body={name: value},
                keeps={"details": {name: value}, **_FLAGS[name]},
                drops=frozenset({name}),
                also=_BY,
                **first,
            )
            for name, value in _DETAILS[word].items()
            if word != "deal" or name == "ui_visibility"
        ),
        Write(
            operation=f"v2:update{upper}Field",
            body={"field_name": "Größe", **(details if word == "deal" else {})},
            keeps=kept if word == "deal" else {"name": "Größe"},
            drops=dropped,
            also=_BY,
            **first,
        ),
        *_v2_options(upper, first),
    )


def _v2_options(upper: str, first: dict[str, Any]) -> tuple[Write, ...]:
    """Return writes of the options of a field; `first` is what they have in common."""
    return (
        Write(
            operation=f"v2:add{upper}FieldOptions",
            body=[{"label": "Neu"}],
            keeps={"options": [*_OPTIONS, {"label": "Neu"}]},
            also=_BY,
            **first,
        ),
        Write(
            operation=f"v2:update{upper}FieldOptions",
            body=[{"id": "$option", "label": "Neu"}],
            keeps={"options": [{"label": "Neu"}, {"label": "大"}]},
            also=_BY,
            **first,
        ),
        Write(
            operation=f"v2:delete{upper}FieldOptions",
            body=[{"id": "$option"}],
            keeps={"options": [{"label": "大"}]},
            also=_BY | {"options_deleted"},
            **first,
        ),
    )


def _v1_fields(word: str) -> tuple[Write, ...]:
    upper, table = WORDS[word], f"{word}_fields"
    flag = {} if word == "product" else {"add_visible_flag": False}
    step = Step(
        operation=f"v1:add{upper}Field", body={"name": "Before", "field_type": "enum", "options": _OPTIONS}
    )
    first: dict[str, Any] = {"table": table, "before": (step,), "path": {"id": "$made"}, "row": "$key"}
    return (
        Write(
            operation=f"v1:add{upper}Field",
            table=table,
            body={"name": "Größe", "field_type": "enum", "options": _OPTIONS, **flag},
            tells="key",
        ),
        Write(
            operation=f"v1:update{upper}Field",
            body={"name": "Größe", "options": [{"id": "$option", "label": "大"}, {"label": "Neu"}], **flag},
            keeps={"options": [{"label": "大"}, {"label": "Neu"}]},
            also=_BY | {"options_deleted"},
            **first,
        ),
    )


WRITES: tuple[Write, ...] = (
    *(write for word in WORDS_V2 for write in _v2_fields(word)),
    *(write for word in WORDS for write in _v1_fields(word)),
)
