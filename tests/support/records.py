"""One record for each action of the target, valid in the small account.

Values are derived from the published columns. `_MEANT` and `_IN_FULL` contain values for further requirements
of Pipedrive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.catalog.spec import Encoding
from target_pipedrive.mapping.columns.references import LIST_REFERENCES, REFERENCES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_pipedrive.catalog.notation import Kind
    from target_pipedrive.catalog.spec import ActionSpec

    Row = dict[str, Any]

UUID = "4f6c2a9e-8a0b-4c66-9d0f-1f8f6a1f0b11"
PICTURE = {
    "content": "iVBORw0KGgoAAAANSUhEUgAAAIAAAACACAYAAAA=",
    "content_encoding": "base64",
    "file_name": "logo.png",
}
RECORDING = {"content": "SUQzBAAAAAAA", "content_encoding": "base64", "file_name": "call.mp3"}
_BY_NAME = {
    "status": "open",
    "currency": "EUR",
    "email": "new.user@example.com",
    "interval": "monthly",
    "type": "call",
    "field_type": "varchar",
    "sort": "id",
    **dict.fromkeys(
        ("subscription_url", "avatar_url", "conversation_link", "url", "preview_url"),
        "https://example.com/hook",
    ),
    "color": "red",
    "visible_to": 3,
    "http_auth_user": "me",
    "permission_set_id": UUID,
}
_BY_KIND = {
    "int": 1,
    "num": 12.5,
    "str": "Some text",
    "bool": True,
    "flag": True,
    "date": "2026-03-01",
    "time": "2026-03-01T10:00:00Z",
    "stamp": "2026-03-01T10:00:00Z",
    "minute": "2026-03-01T10:00:30Z",
    "clock": "09:30",
    "uuid": UUID,
    "map": {"1": ["won"]},
    "csv": [1, 2],
    "word": "Some text",
    "currency": "EUR",
    "emails": [{"value": "info@example.com", "primary": True, "label": "work"}],
    "phones": [{"value": "+372 5551234", "primary": True, "label": "work"}],
    "contacts": [{"value": "info@example.com", "primary": True, "label": "work"}],
    "prices": [{"currency": "EUR", "price": 12.5}],
    "address": {"value": "Main street 1, Tartu"},
    "money": {"amount": 10, "currency": "EUR"},
    "file": "bytes of a file",
}
_TABLES = {
    "boards": "project_boards",
    "phases": "project_phases",
    "teams": "legacy_teams",
    "team_users": "legacy_teams",
    "call_log_recordings": "call_logs",
}
"""Entities that the emulator stores under another name."""
_BELOW: Mapping[str, tuple[str, str, str]] = {
    "product_attachment_id": ("deal_products", "deal_id", "id"),
    "discount_id": ("discounts", "deal_id", "id"),
    "installment_id": ("installments", "deal_id", "id"),
    "deal_participant_id": ("participants", "deal_id", "id"),
    "product_variation_id": ("product_variations", "product_id", "id"),
    "comment_id": ("note_comments", "object_id", "uuid"),
    "activity_id": ("activities", "project_id", "id"),
    "task_id": ("tasks", "project_id", "id"),
}
"""Second placeholder of a path → table, its column with the parent's id, its column with its own."""


class Account:
    """Rows of the account, as a source of ids.

    Args:
        tables: every table's rows, as the emulator dumps them.
    """

    def __init__(self, tables: Mapping[str, list[Row]]) -> None:
        self.tables = tables

    def row(self, table: str, is_it: Callable[[Row], object] = bool) -> Row:
        """Return the first matching row that is neither deleted nor archived.

        Raises:
            StopIteration: there is none.
        """
        gone = ("is_deleted", "is_archived", "archive_time", "deleted_flag")
        rows = self.tables[_TABLES.get(table, table)]
        return next(row for row in rows if not any(row.get(name) for name in gone) and is_it(row))

    def id_of(self, entity: str, is_it: Callable[[Row], object] = bool) -> Any:
        """Return the id of such a row, or an arbitrary id if the emulator has no such table."""
        return self.row(entity, is_it)["id"] if _TABLES.get(entity, entity) in self.tables else 1

    def value(self, name: str, kind: Kind) -> Any:  # noqa: PLR0911 - one line for each kind of value
        """Return a value of this kind that is plausible for the name."""
        if kind.choices:
            return kind.choices[0]
        if name in _BY_NAME and kind.name not in {"list", "map", "object"}:
            return _BY_NAME[name]
        if name in LIST_REFERENCES and kind.name == "list" and name != "label_ids":
            return [self.id_of(LIST_REFERENCES[name])]
        if name in REFERENCES and kind.name in {"int", "uuid", "str"}:
            return self.id_of(REFERENCES[name])
        if name == "label_ids" and kind.name == "list":
            return []
        if kind.name == "list":
            return [self.value(name, kind.items)]
        if kind.name == "object":
            return {one: self.value(one, column.kind) for one, column in kind.columns.items()}
        return _BY_KIND[kind.name]

    def record(self, spec: ActionSpec, *, every: bool) -> Row:
        """Return a record of the action: the required columns, or every one."""
        found = {
            name: self.value(name, column.kind)
            for name, column in spec.columns.items()
            if name != "custom_fields" and (every or name in spec.required)
        }
        if "id" in spec.path_columns:
            found["id"] = self.id_of(spec.parent or spec.entity)
        if spec.placeholders[1:] and spec.placeholders[1] in _BELOW:
            table, parent, own = _BELOW[spec.placeholders[1]]
            row = self.row(table, lambda row: row[parent])
            found |= {"id": row[parent], spec.placeholders[1]: row[own]}
        if "follower_id" in spec.path_columns:
            row = self.row("followers", lambda row: row["parent"].startswith(f"{spec.parent}:"))
            found |= {"id": int(row["parent"].partition(":")[2]), "follower_id": row["user_id"]}
        if "merge_with_id" in spec.body_columns:
            found["merge_with_id"] = self.id_of(spec.entity, lambda row: row["id"] != found["id"])
        if spec.encoding is Encoding.MULTIPART:
            file = next(name for name, one in spec.body_columns.items() if one.kind.name == "file")
            found.pop(file, None)
            found |= {"content": "bytes of a file", "file_name": "note.txt"}
        found |= _MEANT.get(spec.name, lambda _: {})(self)
        if every:
            found |= _IN_FULL.get(spec.name, lambda _: {})(self)
        return {name: value for name, value in found.items() if value is not None}


# ── values that the columns do not define ──────────────────────────────────────────────────────────

_CONDITIONS = {
    "glue": "and",
    "conditions": [
        {
            "glue": "and",
            "conditions": [
                {"object": "deal", "field_id": "15", "operator": "=", "value": "won", "extra_value": None}
            ],
        },
        {"glue": "or", "conditions": []},
    ],
}
_GOAL = {
    "title": "Win more",
    "assignee": {"id": 1, "type": "person"},
    "type": {"name": "deals_won", "params": {"pipeline_id": [1]}},
    "expected_outcome": {"target": 70, "tracking_metric": "quantity"},
    "duration": {"start": "2026-01-01", "end": "2026-12-31"},
    "interval": "monthly",
}
_ONCE = {"billing_frequency": "one-time", "billing_frequency_cycles": None}
_BLUE = {"name": "Blue", "prices": [{"currency": "EUR", "price": 12.5, "cost": 3, "notes": "net"}]}
_LOST = {"status": "lost", "won_time": None, "is_deleted": False, "is_archived": None, "archive_time": None}


def _free(account: Account, entity: str, used_by: str, column: str) -> Row:
    """Return a row that no row of the other table references."""
    used = {row[column] for row in account.tables[_TABLES.get(used_by, used_by)]}
    return {"id": account.id_of(entity, lambda row: row["id"] not in used)}


def _planned(account: Account, table: str, column: str) -> Row:
    """Return an item of a project and its position in the plan."""
    item = account.row(table, lambda row: row["project_id"])
    project = account.row("projects", lambda row: row["id"] == item["project_id"])
    return {"id": project["id"], column: item["id"], "phase_id": project["phase_id"], "group_id": None}


def _position(account: Account) -> Row:
    """Return a user whose role is not the default one."""
    user = account.row("users", lambda row: row["role_id"] not in (None, 1))
    return {"id": user["role_id"], "user_id": user["id"]}


def _billed_once(account: Account) -> object:
    """Return a deal that can have installments: with products, without recurring ones."""
    lines = account.tables["deal_products"]
    recurring = {row["deal_id"] for row in lines if row["billing_frequency"] != "one-time"}
    shut = {row["id"] for row in account.tables["deals"] if row["is_deleted"] or row["is_archived"]}
    return account.row("deal_products", lambda row: row["deal_id"] not in recurring | shut)["deal_id"]


def _option(fields: str, code: str) -> Callable[[Account], Row]:
    """Return a standard field, with one of its options."""

    def find(account: Account) -> Row:
        return {code: account.row(fields, lambda row: row["code"] == code)["options"][-1]["id"]}

    return find


def _permission(account: Account) -> Row:
    found = account.row("permission_sets")
    return {"access": [{"app": found["app"], "permission_set_id": found["id"]}]}


_MEANT: dict[str, Callable[[Account], Row]] = {
    "add_person": lambda _: {"name": "Ada Lovelace"},
    "add_person_picture": lambda _: PICTURE,
    "set_field_value_for_person": lambda _: {"custom_field_key": "name", "value": "Renamed"},
    "add_many_deal_products": lambda a: {
        "data": [{"product_id": a.id_of("products"), "item_price": 10, "quantity": 2, "comments": "spare"}]
    },
    "delete_many_deal_products": lambda a: {"id": a.row("deal_products")["deal_id"]},
    "post_installment": lambda a: {"id": _billed_once(a)},
    "add_organization_relationship": lambda _: {"rel_owner_org_id": 1, "rel_linked_org_id": 2},
    "add_lead": lambda a: {"person_id": a.id_of("persons")},
    "upload_product_image": lambda a: _free(a, "products", "product_images", "product_id") | PICTURE,
    "update_product_image": lambda _: PICTURE,
    "add_note": lambda a: {"deal_id": a.id_of("deals")},
    "add_file": lambda a: {"deal_id": a.id_of("deals")},
    "put_project_plan_activity": lambda a: _planned(a, "activities", "activity_id"),
    "put_project_plan_task": lambda a: _planned(a, "tasks", "task_id"),
    "delete_project_board": lambda a: _free(a, "boards", "projects", "board_id"),
    "delete_project_phase": lambda a: _free(a, "phases", "projects", "phase_id"),
    "add_filter": lambda _: {"conditions": _CONDITIONS},
    "update_filter": lambda _: {"conditions": _CONDITIONS},
    "add_goal": lambda _: _GOAL,
    "add_call_log_audio_file": lambda _: RECORDING,
    "save_user_provider_link": lambda _: {"company_id": 1001},
    "add_team_user": lambda a: {"users": [a.row("users", lambda row: row["id"] > 3)["id"]]},
    "delete_role": lambda a: _free(a, "roles", "roles", "parent_role_id"),
    "delete_role_assignment": _position,
    "add_role_assignment": lambda a: _position(a) | {"id": 1},
    "update_role_pipelines": lambda _: {"visible_pipeline_ids": {"add": [], "remove": [2]}},
    "update_user": lambda a: {"id": a.id_of("users", lambda row: row["id"] > 1), "active_flag": False},
    "receive_message": lambda a: {"channel_id": a.id_of("channels")},
    "delete_conversation": lambda a: {
        name: a.row("channel_messages")[name] for name in ("channel_id", "conversation_id")
    },
}
_IN_FULL: dict[str, Callable[[Account], Row]] = {
    "add_deal": lambda _: _LOST,
    "update_deal": lambda _: _LOST,
    "add_deal_product": lambda _: _ONCE,
    "update_deal_product": lambda _: _ONCE,
    "delete_many_deal_products": lambda a: {"ids": [a.id_of("deal_products")]},
    "add_product_variation": lambda _: _BLUE,
    "update_product_variation": lambda _: _BLUE,
    "add_organization_relationship": lambda _: {"org_id": 1},
    "update_organization_relationship": lambda _: {"org_id": 1, "rel_linked_org_id": 2},
    "add_file": lambda _: dict.fromkeys(
        ("person_id", "org_id", "product_id", "activity_id", "lead_id", "project_id")
    ),
    "add_task": lambda _: {"assignee_ids": None},
    "update_task": lambda _: {"assignee_ids": None, "parent_task_id": None},
    "update_goal": lambda _: _GOAL,
    "add_person_picture": lambda _: {"crop_x": 0, "crop_y": 0, "crop_width": 128, "crop_height": 128},
    "add_activity_type": lambda _: {"color": "FF8800"},
    "update_activity_type": lambda _: {"color": "FF8800"},
    "add_activity": lambda a: {"lead_id": None, **_option("activity_fields", "priority")(a)},
    "update_activity": lambda a: {"lead_id": None, **_option("activity_fields", "priority")(a)},
    "add_lead": _option("deal_fields", "channel"),
    "update_lead": _option("deal_fields", "channel"),
    "add_product": lambda a: {**_ONCE, **_option("product_fields", "category")(a)},
    "update_product": lambda a: {**_ONCE, **_option("product_fields", "category")(a)},
    "add_call_log": lambda _: {"lead_id": None, "duration": "90"},
    "update_mail_thread_details": lambda _: {"lead_id": None},
    "update_role": lambda _: {"id": 2, "parent_role_id": 1},
    "add_user": _permission,
}


def _of_fields(kind: str) -> None:
    """Add the records of field actions for one kind of row."""

    def code(account: Account, wanted: str = "") -> Row:
        field = account.row(
            f"{kind}_fields",
            lambda row: row["is_custom"] and (row["field_type"] == wanted if wanted else True),
        )
        options = [{"id": one["id"], "label": f"{one['label']} II"} for one in (field["options"] or ())[:1]]
        return {"id": field["id"], "field_code": field["code"], "options": options}

    def only(names: str, wanted: str = "") -> Callable[[Account], Row]:
        return lambda account: {name: code(account, wanted)[name] for name in names.split()}

    _MEANT[f"update_{kind}_field"] = lambda account: only("field_code")(account) | {"field_name": "Renamed"}
    _MEANT[f"delete_{kind}_field"] = only("field_code")
    _MEANT[f"delete_{kind}_fields"] = lambda account: {"ids": [code(account)["id"]]}
    _MEANT[f"add_{kind}_field_options"] = only("field_code", "enum")
    _MEANT[f"update_{kind}_field_options"] = only("field_code options", "enum")
    _MEANT[f"delete_{kind}_field_options"] = lambda account: {
        "field_code": code(account, "enum")["field_code"],
        "options": [{"id": code(account, "enum")["options"][0]["id"]}],
    }
    _IN_FULL[f"add_{kind}_field"] = lambda _: {"field_type": "enum"}


for _kind in ("deal", "person", "organization", "product", "project"):
    _of_fields(_kind)
