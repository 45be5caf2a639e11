"""Two accounts, one copied from the other, held against each other row by row and column by column.

Every column of every table is either compared or stands in `NOT_COPIED` with its reason; a column that is in
neither is an error, so that nothing is forgotten when the emulator learns more. Which row became which is
taken from the target's ledger; that the pairing is one to one, and complete, is part of what is checked.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

Row = dict[str, Any]
_ITSELF = "Pipedrive sets it itself; no request takes it"
_COUNTED = "Pipedrive works it out"
_PLACE = "no request takes it for all rows, and it counts rows that were there before; the order is compared"
_AUTHOR = "Pipedrive puts whoever owns the token; no request takes it"
_STAMPS = {"id": _ITSELF, "add_time": _ITSELF, "update_time": _ITSELF}
_FIELD_TABLES = ("deal", "person", "organization", "product", "project")


@dataclass(frozen=True, kw_only=True)
class Table:
    """What is compared of the rows of one table.

    Attributes:
        entity: what the ledger calls it; empty for rows that are known by what they join.
        same: columns that must be equal.
        refs: columns that hold an id → table it belongs to; lists of ids too.
        customs: word of the field table for `custom_fields`.
        special: column → function that brings the value of the other account to what is expected.
        needs: columns whose row must have been copied, or the row is none.
        any_of: columns of which one must point at a copied row.
        gone: column → value of rows that are not there any more.
        excluded: column → why it is not compared.
        key: column of the id.
        order: columns within whose values rows must stand in the same order of `order_nr`.
    """

    entity: str
    same: str = ""
    refs: Mapping[str, str] = field(default_factory=dict)
    customs: str = ""
    special: Mapping[str, Callable[[Copy, Row, Any], Any]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    gone: tuple[str, Any] | None = None
    excluded: Mapping[str, str] = field(default_factory=dict)
    key: str = "id"
    order: tuple[str, ...] | None = None


def _options(word: str, column: str) -> Callable[[Copy, Row, Any], Any]:
    return lambda copy, _, value: copy.options(word, column, value)


def _sorted_options(word: str, column: str) -> Callable[[Copy, Row, Any], Any]:
    return lambda copy, _, value: sorted(copy.options(word, column, value or []))


def _prices(_: Copy, __: Row, value: Any) -> Any:
    own = ("product_id", "product_variation_id")
    return sorted(
        ({name: part for name, part in one.items() if name not in own} for one in value),
        key=lambda one: one["currency"],
    )


def _people(copy: Copy, _: Row, value: Any) -> Any:
    """Participants and attendees, with whom they are."""
    found = []
    for one in value or []:
        entry = dict(one)
        for name, table in (("person_id", "persons"), ("user_id", "users")):
            if entry.get(name) is not None:
                entry[name] = copy.ref(table, entry[name])
        if any(entry.get(name) is not None for name in ("person_id", "user_id", "email")):
            found.append({name: held for name, held in entry.items() if held is not None})
    return found


def _activity_person(copy: Copy, row: Row, value: Any) -> Any:
    return copy.ref("persons", value)


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


def _conditions(copy: Copy, _: Row, value: Any) -> Any:
    """Conditions of a filter, by the codes of fields instead of their numbers."""
    return {
        "glue": value["glue"],
        "conditions": [
            {**group, "conditions": [copy.condition(one) for one in group["conditions"]]}
            for group in value["conditions"]
        ],
    }


def _type_word(copy: Copy, _: Row, value: Any) -> Any:
    return copy.words.get(value, value)


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
            "key_string": "made from the name; rows that use it are compared",
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
        customs="product",
        gone=("is_deleted", True),
        excluded=_STAMPS,
    ),
    "product_variations": Table(
        entity="product_variations",
        same="name",
        refs={"product_id": "products"},
        special={"prices": _prices},
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
        same="title value currency status is_archived is_deleted probability lost_reason visible_to close_time "
        "won_time lost_time expected_close_date archive_time local_won_date local_lost_date local_close_date",
        refs={
            "owner_id": "users",
            "person_id": "persons",
            "org_id": "organizations",
            "stage_id": "stages",
            "pipeline_id": "pipelines",
        },
        special={"label_ids": _sorted_options("deal", "label_ids")},
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
                ("origin", "origin_id", "channel", "channel_id"),
                "the update and the add of deals take it not",
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
            "origin_id": "given with the add only",
            "source_deal_id": _ITSELF,
            "next_activity_id": _COUNTED,
            "cc_email": _ITSELF,
        },
    ),
    "deal_products": Table(
        entity="deal_products",
        same="tax comments discount quantity item_price tax_method discount_type is_enabled billing_frequency "
        "billing_frequency_cycles billing_start_date sum",
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
            "archive_time": lambda _, __, value: value is not None,
        },
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
        same="subject is_deleted due_date due_time duration busy done location public_description priority note "
        "outcome",
        refs={"owner_id": "users", **_HANGING},
        special={"type": _type_word, "participants": _people, "attendees": _people},
        gone=("is_deleted", True),
        excluded={
            **_STAMPS,
            "creator_user_id": _AUTHOR,
            "marked_as_done_time": _ITSELF,
            **dict.fromkeys(
                ("conference_meeting_client", "conference_meeting_url", "conference_meeting_id"),
                "belongs to the app that made the meeting; no request takes it",
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
                "log_id inline_flag remote_location remote_id cid s3_bucket mail_message_id mail_template_id".split(),
                _ITSELF,
            ),
        },
    ),
    "call_logs": Table(
        entity="call_logs",
        same="subject duration outcome from_phone_number to_phone_number start_time end_time note company_id",
        refs={
            "activity_id": "activities",
            "person_id": "persons",
            "org_id": "organizations",
            "deal_id": "deals",
            "lead_id": "leads",
            "user_id": "users",
        },
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
        same="name type active_flag is_editable filter_code temporary_flag custom_view_id",
        special={"conditions": _conditions},
        gone=("active_flag", False),
        excluded={
            **_STAMPS,
            "user_id": _AUTHOR,
            "visible_to": "the add takes it not",
            "last_used_time": _ITSELF,
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
            same="name field_type details_visible_flag add_visible_flag important_flag mandatory_flag description "
            "is_custom active_flag optional edit_flag",
            special={"options": lambda _, __, value: [each["label"] for each in value] if value else value},
            gone=("active_flag", False),
            key="key",
            excluded={
                **_STAMPS,
                "key": _ITSELF,
                "code": _ITSELF,
                "order_nr": _PLACE,
                "last_updated_by_user_id": _AUTHOR,
                "created_by_user_id": _AUTHOR,
                **dict.fromkeys(
                    "index_visible_flag bulk_edit_allowed searchable_flag filtering_allowed sortable_flag".split(),
                    "no request takes it",
                ),
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
    "users": "colleagues are invited, not copied; rows find theirs by e-mail",
    "currencies": "no request adds one",
    **dict.fromkeys(("activity_fields", "lead_fields", "note_fields"), "no request adds or changes one"),
    **dict.fromkeys(
        "changes follower_changes participant_changes project_changes conversions".split(),
        "history of the account itself; no request writes it",
    ),
    **dict.fromkeys(("mail_threads", "mail_messages", "mail_links"), "no request adds a mail"),
    **dict.fromkeys(("channels", "channel_messages"), "taken away by Pipedrive"),
    **dict.fromkeys(("subscriptions", "subscription_payments"), "taken away by Pipedrive"),
    "legacy_teams": "being taken away by Pipedrive; the tap does not read them",
    "permission_sets": "no request adds or changes one",
    **dict.fromkeys(("project_templates", "project_groups"), "no request adds one"),
    "plan_items": "the place of tasks in the plan of a project is not copied: no request adds its groups",
    **dict.fromkeys(("person_pictures", "product_images"), "pictures are not copied"),
    "user_provider_links": "belongs to an app, not to the account",
    "webhooks": "not copied unless selected: both accounts would call the same address",
}
"""Tables left out, each with its reason."""


class Copy:
    """One account as another one ought to hold it.

    Args:
        source: dump of the account that was copied.
        target: dump of the account it was copied to.
        before: dump of that account before.
        ledger: the target's ledger.
        default_user: user of the target's token, who owns what belongs to users that are not there.
    """

    def __init__(self, source: Row, target: Row, before: Row, ledger: Path, default_user: int = 1) -> None:
        self.source, self.target, self.before = source["tables"], target["tables"], before["tables"]
        self.default_user = default_user
        self.links: dict[tuple[str, str], str] = {}
        with closing(sqlite3.connect(ledger)) as db:
            for entity, external_id, row_id in db.execute("select entity, external_id, id from links"):
                if row_id:
                    self.links[entity, external_id] = row_id
        self.words = {
            external: here
            for (entity, external), here in self.links.items()
            if entity == "activity_types.word"
        }
        self._by_key = {
            name: {str(row[table.key]): row for row in self.source[name]} for name, table in TABLES.items()
        }
        self._with_products = {row["deal_id"] for row in self.source["deal_products"]}
        self._alive: dict[tuple[str, str], bool] = {}
        self._users = {row["id"]: row["email"].casefold() for row in self.source["users"]}
        self._here = {
            row["email"].casefold(): row["id"] for row in self.target["users"] if not row["is_deleted"]
        }

    # --- what is expected -------------------------------------------------------------------------

    def alive(self, name: str, key: object) -> bool:
        """Whether a row of the source is there, and so are the rows it cannot be without."""
        place = (name, str(key))
        if place not in self._alive:
            table, row = TABLES[name], self._by_key[name].get(str(key))
            self._alive[place] = False  # rows that need each other
            self._alive[place] = row is not None and self._is_alive(table, row)
        return self._alive[place]

    def _is_alive(self, table: Table, row: Row) -> bool:
        if table.gone is not None and row.get(table.gone[0]) == table.gone[1]:
            return False
        if table.entity == "call_logs" and row["user_id"] != self.default_user:
            return False  # only those of the token's user can be read
        if table.entity == "deal_installments" and row["deal_id"] not in self._with_products:
            return False  # published: only deals with a product take installments
        if table.entity == "goals" and row["assignee"]["type"] == "team":
            return False  # teams are not read
        if any(not self.alive(table.refs[name], row[name]) for name in table.needs):
            return False
        given = [name for name in table.any_of if row.get(name) is not None]
        return not given or any(self.alive(table.refs[name], row[name]) for name in given)

    def ref(self, table: str | None, key: Any) -> Any:
        """The id here of a row there; None when it is not copied."""
        if key is None or table is None:
            return None
        if table == "users":
            return self._here.get(self._users.get(key, ""), self.default_user)
        if not self.alive(table, key):
            return None
        found = self.links.get((TABLES[table].entity, str(key)))
        return int(found) if isinstance(key, int) and found is not None else found

    def options(self, word: str, column: str, value: Any) -> Any:
        """Option ids there as those here, by their labels."""
        there = self._labels(self.source, word, column)
        here = {
            label: number
            for number, label in self._labels(self.target, word, self.field(word, column)).items()
        }
        if isinstance(value, list):
            return [here[there[one]] for one in value if there.get(one) in here]
        if isinstance(value, str):  # some columns hold the number as text
            found = self.options(word, column, int(value)) if value.isdigit() else None
            return None if found is None else str(found)
        return here.get(there.get(value, "")) if value is not None else None

    @staticmethod
    def _labels(tables: Mapping[str, list[Row]], word: str, column: str) -> dict[Any, str]:
        found = [row for row in tables[f"{word}_fields"] if row["key"] == column or row["code"] == column]
        return {one["id"]: one["label"] for row in found for one in row["options"] or ()}

    def field(self, word: str, key: str) -> str:
        """Code here of a field there."""
        return self.links.get((f"{word}_fields", key), key)

    def customs(self, word: str, values: Mapping[str, Any]) -> Row:
        """Custom field values by the codes of this account, empty ones left out."""
        types = {row["key"]: row for row in self.source[f"{word}_fields"]}
        found = {}
        for key, value in values.items():
            if value in (None, "", [], {}) or not types[key]["active_flag"]:
                continue
            kind = types[key]["field_type"]
            if kind in ("enum", "set"):
                value = self.options(word, key, value)
            elif kind in ("org", "people", "user"):
                value = self.ref({"org": "organizations", "people": "persons", "user": "users"}[kind], value)
                if kind == "user" and self._users.get(values[key]) not in self._here:
                    value = None
            if value not in (None, []):
                found[self.field(word, key)] = value
        return found

    def condition(self, one: Row) -> Row:
        """A condition with the number of the field here."""
        word = {"lead": "deal"}.get(one["object"], one["object"])
        code = self.field(word, one["field_code"])
        number = next((str(row["id"]) for row in self.target[f"{word}_fields"] if row["key"] == code), None)
        return {**one, "field_id": number, "field_code": code, "value": self._condition_value(word, one)}

    def _condition_value(self, word: str, one: Row) -> Any:
        value = one["value"]
        row = next(row for row in self.source[f"{word}_fields"] if row["key"] == one["field_code"])
        table = {
            "user": "users",
            "org": "organizations",
            "people": "persons",
            "stage": "stages",
            "pipeline": "pipelines",
        }.get(row["field_type"])
        if value is None or not str(value).isdigit():
            return value
        if table is not None:
            found = self.ref(table, int(value))
            return None if found is None else str(found)
        if row["field_type"] in ("enum", "set"):
            return str(self.options(word, row["key"], int(value)))
        return value

    # --- what differs -----------------------------------------------------------------------------

    def differences(self) -> list[str]:
        """Every way in which the copy is not what it ought to be; empty when it is."""
        found = [
            f"{name} is neither compared nor excluded"
            for name in self.source
            if name not in TABLES and name not in JOINED and name not in NOT_COPIED
        ]
        for name, table in TABLES.items():
            found += self._table(name, table)
        for name, columns in JOINED.items():
            found += self._joined(name, columns)
        return found

    def _table(self, name: str, table: Table) -> Iterator[str]:
        compared = {
            *table.same.split(),
            *table.refs,
            *table.special,
            *(("custom_fields",) if table.customs else ()),
        }
        known = compared | set(table.excluded)
        columns = {column for row in self.source[name] for column in row}
        yield from (
            f"{name}.{column} is neither compared nor excluded"
            for column in sorted(columns - known - {"details"})
        )
        here = {str(row[table.key]): row for row in self.target[name]}
        taken: Counter[str] = Counter()
        for row in self.source[name]:
            key = str(row[table.key])
            if not self.alive(name, key):
                continue
            if name.endswith("_fields") and not row["is_custom"]:
                taken[key] += 1
                continue
            found = self.links.get((table.entity, key))
            if found is None or found not in here:
                yield f"{name} {key} is missing"
                continue
            taken[found] += 1
            yield from self._row(name, table, row, here[found])
        yield from (f"{name} {key} stands for several rows" for key, count in taken.items() if count > 1)
        before = {str(row[table.key]) for row in self.before[name]}
        gone = table.gone
        extra = [
            key
            for key, row in here.items()
            if key not in taken
            and key not in before
            and not self._made_by_call(name, key)
            and not (gone and row.get(gone[0]) == gone[1])
        ]
        yield from (f"{name} {key} is one too many" for key in extra)
        if table.order is not None:
            yield from self._order(name, table, here)

    def _made_by_call(self, name: str, key: str) -> bool:
        """Pipedrive makes an activity for each call that names none."""
        return name == "activities" and any(
            str(row["activity_id"]) == key for row in self.target["call_logs"]
        )

    def _row(self, name: str, table: Table, there: Row, here: Row) -> Iterator[str]:
        expected: Row = {column: there.get(column) for column in table.same.split()}
        for column, other in table.refs.items():
            value = there.get(column)
            if column == "object_id":
                value = int(value)
            if isinstance(value, list):
                expected[column] = sorted(
                    str(one) for one in (self.ref(other, each) for each in value) if one is not None
                )
            else:
                expected[column] = self.ref(other, value)
        for column, bring in table.special.items():
            expected[column] = bring(self, there, there.get(column))
        if table.customs:
            expected["custom_fields"] = self.customs(table.customs, there["custom_fields"])
        for column, value in expected.items():
            held = here.get(column)
            if name == "call_logs" and column == "activity_id" and value is None:
                continue
            if isinstance(held, list) and column in table.refs:
                held = sorted(str(one) for one in held)
            if column == "object_id":
                held = int(held)
            if column == "custom_fields":
                held = {key: one for key, one in held.items() if one not in (None, "", [], {})}
            if column == "prices":
                held = _prices(self, here, held)
            if column == "label_ids" and isinstance(held, list) and column in table.special:
                held = sorted(held)
            if column == "options" and held:
                held = [one["label"] for one in held]
            if column == "archive_time" and column in table.special:
                held = held is not None
            if not _same(value, held):
                if column == "custom_fields":
                    keys = {*value, *held}
                    value = {one: value.get(one) for one in keys if value.get(one) != held.get(one)}
                    held = {one: held.get(one) for one in value}
                yield f"{name} {there[table.key]} → {here[table.key]}: {column} is {held!r} instead of {value!r}"

    def _order(self, name: str, table: Table, here: Mapping[str, Row]) -> Iterator[str]:
        """Rows must stand among their siblings as they did."""
        groups: dict[Any, list[tuple[Any, Any]]] = {}
        for row in self.source[name]:
            key = str(row[table.key])
            found = self.links.get((table.entity, key))
            if not self.alive(name, key) or found not in here or row.get("is_custom") is False:
                continue
            group = tuple(row[column] for column in table.order or ())
            groups.setdefault(group, []).append((row["order_nr"], here[found]["order_nr"]))
        for group, places in groups.items():
            if [one for _, one in sorted(places)] != sorted(one for _, one in places):
                yield f"{name} {group}: the order is {sorted(places)}"

    def _joined(self, name: str, columns: tuple[str, ...]) -> Iterator[str]:
        """Rows that join two others: the same pairs, whatever their own ids."""
        tables = {"deal_id": "deals", "person_id": "persons", "user_id": "users"}
        expected = set()
        for row in self.source[name]:
            pair = []
            for column in columns:
                table, key = (tables.get(column), row[column])
                if column == "parent":
                    table, _, text = row[column].partition(":")
                    if table == "users":
                        break
                    key = int(text)
                if table == "users":
                    email = self._users.get(key, "")
                    if email not in self._here:
                        break
                elif not self.alive(table or "", key):
                    break
                found = self.ref(table, key)
                pair.append(f"{table}:{found}" if column == "parent" else found)
            else:
                if row.get("active_flag", True):
                    expected.add(tuple(pair))
        held = {
            tuple(row[column] for column in columns)
            for row in self.target[name]
            if row.get("active_flag", True)
        }
        yield from (f"{name} {pair} is missing" for pair in sorted(expected - held))
        yield from (f"{name} {pair} is one too many" for pair in sorted(held - expected))


_CLOCK = re.compile(r"\d\d:\d\d")


def _same(expected: Any, held: Any) -> bool:
    """Equality where all ways to say nothing are one, and so are `09:30` and `09:30:00`."""
    empty = (None, "", [], {})
    if isinstance(expected, dict) and isinstance(held, dict):
        return all(_same(expected.get(key), held.get(key)) for key in {*expected, *held})
    if isinstance(expected, list) and isinstance(held, list):
        return len(expected) == len(held) and all(map(_same, expected, held))
    if isinstance(expected, str) and isinstance(held, str) and _CLOCK.fullmatch(held):
        held += ":00"
    if expected in empty and held in empty:
        return True
    if isinstance(expected, (int, float)) and isinstance(held, (int, float)):
        return abs(expected - held) < 1e-9  # noqa: PLR2004 - rounding
    return bool(expected == held)
