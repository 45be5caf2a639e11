"""Comparison of two accounts, table by table; each excluded column has a reason.

Every column of every table is either compared or excluded; any other column is an error, so new columns of
the emulator cannot be forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.accounts import Copy

Row: TypeAlias = dict[str, Any]
Bring: TypeAlias = "Callable[[Copy, Row, Any], Any]"
ANYTHING = object()
"""Expected value if any value is correct."""
_ITSELF = "set by Pipedrive; no request accepts it"
_COUNTED = "computed by Pipedrive"
_PLACE = "no request accepts it for all rows, and it also counts existing rows; the order is compared"
_AUTHOR = "Pipedrive sets the user of the token; no request accepts it"
_STAMPS = {"id": _ITSELF, "add_time": _ITSELF, "update_time": _ITSELF}
_FIELD_TABLES = ("deal", "person", "organization", "product", "project")


@dataclass(frozen=True, kw_only=True)
class Table:
    """Comparison of the rows of one table.

    Attributes:
        entity: name in the ledger; empty for rows that are identified by the rows they connect.
        same: columns that must be equal.
        refs: columns with an id or a list of ids → referenced table.
        customs: name of the field table for `custom_fields`.
        special: column → function that converts the value of the other account to the expected one.
        held: column → function that converts the copied value to the form of the expected one.
        needs: columns that must reference a copied row; otherwise the row is not copied.
        any_of: columns, at least one of which must reference a copied row.
        gone: column → value of deleted rows.
        excluded: column → reason why it is not compared.
        key: id column.
        order: columns; rows with the same values must have the same order by `order_nr`.
    """

    entity: str
    same: str = ""
    refs: Mapping[str, str] = field(default_factory=dict)
    customs: str = ""
    special: Mapping[str, Bring] = field(default_factory=dict)
    held: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    gone: tuple[str, Any] | None = None
    excluded: Mapping[str, str] = field(default_factory=dict)
    key: str = "id"
    order: tuple[str, ...] | None = None


def _options(word: str, column: str) -> Bring:
    return lambda copy, _, value: copy.options(word, column, value)


def _sorted_options(word: str, column: str) -> Bring:
    return lambda copy, _, value: sorted(copy.options(word, column, value or []))


def _without_ids(prices: list[Row]) -> list[Row]:
    """Return prices in the order of their currencies, without the id of their row."""
    own = ("product_id", "product_variation_id")
    return sorted(
        ({name: part for name, part in one.items() if name not in own} for one in prices),
        key=lambda one: str(one["currency"]),
    )


def _prices(_: Copy, __: Row, value: Any) -> Any:
    return _without_ids(value)


def _people(copy: Copy, _: Row, value: Any) -> Any:
    """Return participants and attendees, with the referenced rows."""
    found = []
    for one in value or []:
        entry = dict(one)
        for name, table in (("person_id", "persons"), ("user_id", "users")):
            if entry.get(name) is not None:
                entry[name] = copy.ref(table, entry[name])
        if any(entry.get(name) is not None for name in ("person_id", "user_id", "email")):
            found.append({name: held for name, held in entry.items() if held is not None})
    return found


def _goal_type(copy: Copy, _: Row, value: Any) -> Any:
    tables = {"pipeline_id": "pipelines", "stage_id": "stages", "activity_type_id": "activity_types"}
    params = {
        name: [copy.ref(tables[name], one) for one in held] if held else held
        for name, held in value["params"].items()
    }
    return {**value, "params": params}


def _assignee(copy: Copy, _: Row, value: Any) -> Any:
    table = {"person": "users"}.get(value["type"])
    return {**value, "id": copy.ref(table, value["id"]) if table else value["id"]}


def _activity_of_call(copy: Copy, _: Row, value: Any) -> Any:
    """Return the expected activity of a call; Pipedrive creates one for a call without an activity."""
    return copy.ref("activities", value) or ANYTHING


def _conditions(copy: Copy, _: Row, value: Any) -> Any:
    """Return the conditions of a filter, by the codes of fields instead of their numbers."""
    return {
        "glue": value["glue"],
        "conditions": [
            {**group, "conditions": [copy.condition(one) for one in group["conditions"]]}
            for group in value["conditions"]
        ],
    }


def _type_word(copy: Copy, _: Row, value: Any) -> Any:
    return copy.words.get(value, value)


def _set(value: Any) -> Any:
    """Return the details of a field that differ from the defaults, without its position in a dialog."""
    if not isinstance(value, dict):
        return value
    by_default = ("order", "show_in_all", "details_visible_flag", "org_detail_visible_flag")
    parts = {name: _set(part) for name, part in value.items() if name not in by_default}
    return {name: part for name, part in parts.items() if part not in (None, False, [], {})}


def _details(copy: Copy, _: Row, value: Any) -> Any:
    """Return the details of a field, with the stages and pipelines that they reference."""
    found = _set(value or {})
    for part in found.values():
        if "stage_ids" in part:
            part["stage_ids"] = [copy.ref("stages", one) for one in part["stage_ids"]]
        if "statuses" in part:
            part["statuses"] = {
                str(copy.ref("pipelines", int(key))): one for key, one in part["statuses"].items()
            }
        if "pipeline_ids" in (pipelines := part.get("show_in_pipelines", {})):
            pipelines["pipeline_ids"] = [copy.ref("pipelines", one) for one in pipelines["pipeline_ids"]]
    return found


_HANGING = {
    "deal_id": "deals",
    "lead_id": "leads",
    "person_id": "persons",
    "org_id": "organizations",
    "project_id": "projects",
}
TABLES: dict[str, Table] = {
    "activity_types": Table(
        entity="activity_types",
        same="name icon_key color active_flag is_custom_flag",
        excluded={
            **_STAMPS,
            "order_nr": _PLACE,
            "key_string": "derived from the name; rows that use it are compared",
        },
        order=(),
    ),
    "pipelines": Table(
        entity="pipelines",
        same="name is_deal_probability_enabled is_deleted",
        gone=("is_deleted", True),
        excluded={**_STAMPS, "order_nr": _PLACE},
        order=(),
    ),
    "stages": Table(
        entity="stages",
        same="name is_deleted deal_probability is_deal_rot_enabled days_to_rotten",
        refs={"pipeline_id": "pipelines"},
        gone=("is_deleted", True),
        excluded={**_STAMPS, "order_nr": _PLACE},
        order=("pipeline_id",),
    ),
    "lead_labels": Table(entity="lead_labels", same="name color", excluded=_STAMPS),
    "project_boards": Table(entity="boards", same="name", excluded={**_STAMPS, "order_nr": _PLACE}, order=()),
    "project_phases": Table(
        entity="phases",
        same="name",
        refs={"board_id": "project_boards"},
        excluded={**_STAMPS, "order_nr": _PLACE},
        order=("board_id",),
    ),
    "products": Table(
        entity="products",
        same="name code description unit tax is_linkable is_deleted visible_to billing_frequency "
        "billing_frequency_cycles",
        refs={"owner_id": "users"},
        special={"prices": _prices, "category": _options("product", "category")},
        held={"prices": _without_ids},
        customs="product",
        gone=("is_deleted", True),
        excluded=_STAMPS,
    ),
    "product_variations": Table(
        entity="product_variations",
        same="name",
        refs={"product_id": "products"},
        special={"prices": _prices},
        held={"prices": _without_ids},
        needs=("product_id",),
        excluded={"id": _ITSELF},
    ),
    "organizations": Table(
        entity="organizations",
        same="name add_time address is_deleted visible_to website linkedin annual_revenue employee_count",
        refs={"owner_id": "users"},
        special={
            "label_ids": _sorted_options("organization", "label_ids"),
            "industry": _options("organization", "industry"),
        },
        held={"label_ids": sorted},
        customs="organization",
        gone=("is_deleted", True),
        excluded={"id": _ITSELF, "update_time": _ITSELF},
    ),
    "organization_relationships": Table(
        entity="organization_relationships",
        same="type",
        refs={"rel_owner_org_id": "organizations", "rel_linked_org_id": "organizations"},
        needs=("rel_owner_org_id", "rel_linked_org_id"),
        excluded=_STAMPS,
    ),
    "persons": Table(
        entity="persons",
        same="name add_time emails phones is_deleted visible_to postal_address notes im birthday job_title",
        refs={"owner_id": "users", "org_id": "organizations"},
        special={"label_ids": _sorted_options("person", "label_ids")},
        held={"label_ids": sorted},
        customs="person",
        gone=("is_deleted", True),
        excluded={
            "id": _ITSELF,
            "update_time": _ITSELF,
            "picture_id": "pictures are not copied",
            **dict.fromkeys(("first_name", "last_name"), "made from the name"),
        },
    ),
    "deals": Table(
        entity="deals",
        same="title value currency status is_archived is_deleted probability lost_reason visible_to "
        "close_time won_time lost_time expected_close_date archive_time local_won_date "
        "local_lost_date local_close_date",
        refs={
            "owner_id": "users",
            "person_id": "persons",
            "org_id": "organizations",
            "stage_id": "stages",
            "pipeline_id": "pipelines",
        },
        special={"label_ids": _sorted_options("deal", "label_ids")},
        held={"label_ids": sorted},
        customs="deal",
        gone=("is_deleted", True),
        excluded={
            **_STAMPS,
            "creator_user_id": _AUTHOR,
            "stage_change_time": _ITSELF,
            "acv": _COUNTED,
            "arr": _COUNTED,
            "mrr": _COUNTED,
            **dict.fromkeys(
                ("origin", "origin_id", "channel", "channel_id", "source_lead_id"),
                "updates and creates of deals do not accept it",
            ),
        },
    ),
    "leads": Table(
        entity="leads",
        same="title is_archived was_seen value expected_close_date visible_to channel channel_id",
        refs={
            "owner_id": "users",
            "label_ids": "lead_labels",
            "person_id": "persons",
            "organization_id": "organizations",
        },
        customs="deal",
        any_of=("person_id", "organization_id"),
        excluded={
            **_STAMPS,
            "creator_id": _AUTHOR,
            "source_name": _ITSELF,
            "origin": _ITSELF,
            "origin_id": "accepted only by a create",
            "source_deal_id": _ITSELF,
            "next_activity_id": _COUNTED,
            "cc_email": _ITSELF,
        },
    ),
    "deal_products": Table(
        entity="deal_products",
        same="tax comments discount quantity item_price tax_method discount_type is_enabled "
        "billing_frequency billing_frequency_cycles billing_start_date sum",
        refs={"deal_id": "deals", "product_id": "products", "product_variation_id": "product_variations"},
        needs=("deal_id", "product_id"),
        excluded={
            **_STAMPS,
            "order_nr": _PLACE,
            "name": "the product's",
            "currency": "the deal's or the product's",
        },
        order=("deal_id",),
    ),
    "discounts": Table(
        entity="deal_discounts",
        same="type amount description",
        refs={"deal_id": "deals"},
        needs=("deal_id",),
        excluded={
            "id": _ITSELF,
            "created_at": _ITSELF,
            "updated_at": _ITSELF,
            "created_by": _AUTHOR,
            "updated_by": _AUTHOR,
        },
    ),
    "installments": Table(
        entity="deal_installments",
        same="amount billing_date description",
        refs={"deal_id": "deals"},
        needs=("deal_id",),
        excluded={"id": _ITSELF},
    ),
    "projects": Table(
        entity="projects",
        same="title description status start_date end_date health_status",
        refs={
            "board_id": "project_boards",
            "phase_id": "project_phases",
            "owner_id": "users",
            "deal_ids": "deals",
            "person_ids": "persons",
            "org_ids": "organizations",
        },
        special={
            "label_ids": _sorted_options("project", "label_ids"),
            "archive_time": lambda _, __, value: value is not None or None,
        },
        held={"label_ids": sorted, "archive_time": bool},
        customs="project",
        gone=("status", "deleted"),
        excluded={**_STAMPS, "status_change_time": _ITSELF},
    ),
    "tasks": Table(
        entity="tasks",
        same="title description is_done is_milestone due_date start_date priority",
        refs={"project_id": "projects", "parent_task_id": "tasks", "assignee_ids": "users"},
        needs=("project_id",),
        excluded={**_STAMPS, "creator_id": _AUTHOR, "marked_as_done_time": _ITSELF},
    ),
    "activities": Table(
        entity="activities",
        same="subject is_deleted due_date due_time duration busy done location public_description "
        "priority note outcome",
        refs={"owner_id": "users", **_HANGING},
        special={"type": _type_word, "participants": _people, "attendees": _people},
        gone=("is_deleted", True),
        excluded={
            **_STAMPS,
            "creator_user_id": _AUTHOR,
            "marked_as_done_time": _ITSELF,
            **dict.fromkeys(
                ("conference_meeting_client", "conference_meeting_url", "conference_meeting_id"),
                "belongs to the app that created the meeting; no request accepts it",
            ),
        },
    ),
    "notes": Table(
        entity="notes",
        same="active_flag add_time content pinned_to_lead_flag pinned_to_deal_flag pinned_to_person_flag "
        "pinned_to_organization_flag pinned_to_project_flag pinned_to_task_flag",
        refs={**_HANGING, "task_id": "tasks", "user_id": "users"},
        any_of=(*_HANGING, "task_id"),
        gone=("active_flag", False),
        excluded={"id": _ITSELF, "update_time": _ITSELF, "last_update_user_id": _AUTHOR},
    ),
    "note_comments": Table(
        entity="note_comments",
        same="active_flag content object_type company_id",
        refs={"object_id": "notes"},
        needs=("object_id",),
        gone=("active_flag", False),
        key="uuid",
        excluded={
            "uuid": _ITSELF,
            "add_time": _ITSELF,
            "update_time": _ITSELF,
            "user_id": _AUTHOR,
            "updater_id": _AUTHOR,
        },
    ),
    "files": Table(
        entity="files",
        same="name file_name file_type file_size description active_flag",
        refs={**_HANGING, "product_id": "products", "activity_id": "activities"},
        any_of=(*_HANGING, "product_id", "activity_id"),
        gone=("active_flag", False),
        excluded={
            **_STAMPS,
            "user_id": _AUTHOR,
            **dict.fromkeys(
                ["log_id", "inline_flag", "remote_location", "remote_id", "cid", "s3_bucket"],
                _ITSELF,
            ),
            **dict.fromkeys(("mail_message_id", "mail_template_id"), "mails are not copied"),
        },
    ),
    "call_logs": Table(
        entity="call_logs",
        same="subject duration outcome from_phone_number to_phone_number start_time end_time note company_id",
        refs={
            "person_id": "persons",
            "org_id": "organizations",
            "deal_id": "deals",
            "lead_id": "leads",
            "user_id": "users",
        },
        special={"activity_id": _activity_of_call},
        excluded={"id": _ITSELF, "has_recording": "recordings can be sent, but not read"},
    ),
    "goals": Table(
        entity="goals",
        same="title interval duration expected_outcome",
        special={"type": _goal_type, "assignee": _assignee},
        excluded={"id": _ITSELF, "owner_id": _AUTHOR, "report_ids": _ITSELF},
    ),
    "filters": Table(
        entity="filters",
        same="name type active_flag is_editable",
        special={"conditions": _conditions},
        gone=("active_flag", False),
        excluded={
            **_STAMPS,
            "user_id": _AUTHOR,
            "visible_to": "a create does not accept it",
            "last_used_time": _ITSELF,
            **dict.fromkeys(
                ("filter_code", "temporary_flag", "custom_view_id"),
                "belongs to the page on which the filter was created; no request accepts it",
            ),
        },
    ),
    "roles": Table(
        entity="roles",
        same="name active_flag",
        refs={"parent_role_id": "roles"},
        excluded={
            "id": _ITSELF,
            "settings": "what roles may see is not copied",
            "hidden_pipeline_ids": "what roles may see is not copied",
        },
    ),
    **{
        f"{one}_fields": Table(
            entity=f"{one}_fields",
            same="name field_type details_visible_flag add_visible_flag important_flag mandatory_flag "
            "is_custom active_flag optional edit_flag" + " description" * (one == "deal"),
            special={
                "options": lambda _, __, value: [each["label"] for each in value] if value else value,
                "details": _details,
            },
            held={"options": lambda options: [one["label"] for one in options], "details": _set},
            gone=("active_flag", False),
            key="key",
            excluded={
                **_STAMPS,
                "key": _ITSELF,
                "code": _ITSELF,
                "order_nr": _PLACE,
                "options_deleted": "deleted rows are not copied",
                **({} if one == "deal" else {"description": "only requests for deals accept it"}),
                "last_updated_by_user_id": _AUTHOR,
                "created_by_user_id": _AUTHOR,
                **dict.fromkeys(
                    ["index_visible_flag", "bulk_edit_allowed", "searchable_flag"], "no request takes it"
                ),
                **dict.fromkeys(("filtering_allowed", "sortable_flag"), "no request takes it"),
            },
            order=(),
        )
        for one in _FIELD_TABLES
    },
}
JOINED: dict[str, tuple[str, ...]] = {
    "participants": ("deal_id", "person_id"),
    "followers": ("parent", "user_id"),
}
NOT_COPIED: dict[str, str] = {
    "users": "users are invited, not copied; rows are assigned to them by e-mail address",
    "currencies": "no request adds one",
    **dict.fromkeys(("activity_fields", "lead_fields", "note_fields"), "no request adds or changes one"),
    **dict.fromkeys(
        ["changes", "follower_changes", "participant_changes", "project_changes", "conversions"],
        "history of the account itself; no request writes it",
    ),
    **dict.fromkeys(("mail_threads", "mail_messages", "mail_links"), "no request adds a mail"),
    **dict.fromkeys(("channels", "channel_messages"), "taken away by Pipedrive"),
    **dict.fromkeys(("subscriptions", "subscription_payments"), "taken away by Pipedrive"),
    "legacy_teams": "being removed by Pipedrive; the tap does not read them",
    "permission_sets": "no request adds or changes one",
    **dict.fromkeys(("project_templates", "project_groups"), "no request adds one"),
    "plan_items": "positions of tasks in a project's plan are not copied: no request creates its groups",
    **dict.fromkeys(("person_pictures", "product_images"), "pictures are not copied"),
    "user_provider_links": "belongs to an app, not to the account",
    "webhooks": "not copied unless selected: both accounts would call the same address",
}
"""Tables that are not compared, with the reason for each."""
