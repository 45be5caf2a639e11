"""Projects and archived projects, v2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.clock import millis
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, invalid
from pipedrive_emulator.domains.deals.deals import check_labels
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.handlers.resources import Resource, register

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_emulator.account.account import Account

STATUSES = ("open", "completed", "canceled")
# Body key → table of the listed ids.
LINKS = {"deal_ids": "deals", "person_ids": "persons", "org_ids": "organizations"}

define_table(
    TableSpec(
        name="projects",
        label="Project",
        times="millis",
        deleted=("status", "deleted"),
        views={
            "current": lambda row: row["status"] != "deleted" and row["archive_time"] is None,
            "current_and_deleted": lambda row: row["archive_time"] is None,
            "archived": lambda row: row["status"] != "deleted" and row["archive_time"] is not None,
            "archived_and_deleted": lambda row: row["archive_time"] is not None,
            "all": lambda _: True,
        },
    )
)
for _name, _label in (
    ("project_boards", "Board"),
    ("project_phases", "Phase"),
    ("project_templates", "Template"),
    ("tasks", "Task"),
):
    define_table(TableSpec(name=_name, label=_label, times="millis"))


def statuses(text: str) -> set[str]:
    """Return the statuses of a `status` parameter."""
    wanted = {part.strip() for part in text.split(",")}
    if not wanted <= {*STATUSES, "deleted"}:
        raise invalid(f"Parameter status must be of {', '.join(STATUSES)}, deleted")
    return wanted


def view(name: str) -> Callable[[Call], str]:
    """Return the view of a list, with deleted rows on request."""
    return lambda call: f"{name}_and_deleted" if "deleted" in call.query.get("status", "") else name


def has_status(_: Call, text: str) -> Callable[[Row], bool]:
    """Return a test for projects with one of the statuses of a query."""
    wanted = statuses(text)
    return lambda row: row["status"] in wanted


def _linked(name: str) -> Callable[[Call, int], Callable[[Row], bool]]:
    return lambda _, wanted: lambda row: wanted in row[name]


def first_of(account: Account, table: str, **same: object) -> Row:
    """Return the first live row of an ordered table; raises a 400 if there is none."""
    rows = [r for r in account.table(table).live() if all(r[k] == v for k, v in same.items())]
    if not rows:
        raise ApiError(400, f"There is no {account.table(table).spec.label.lower()} for the project")
    return min(rows, key=lambda r: (r["order_nr"], r["id"]))


def _place(account: Account, row: Row | None, body: Row) -> Row:
    """Return `board_id` and `phase_id` of a written project."""
    if "phase_id" in body:
        phase = account.require("project_phases", body["phase_id"])
        if body.get("board_id", phase["board_id"]) != phase["board_id"]:
            raise ApiError(400, "phase_id belongs to another board")
        return {"board_id": phase["board_id"], "phase_id": phase["id"]}
    board_id = body.get("board_id")
    if row is not None:
        if board_id not in (None, row["board_id"]):
            raise ApiError(400, "A change of board_id needs a phase_id of it")
        return {}
    board = board_id or first_of(account, "project_boards")["id"]
    return {"board_id": board, "phase_id": first_of(account, "project_phases", board_id=board)["id"]}


def checked(call: Call, row: Row | None, body: Row) -> Row:
    """Return the stored form of a body, with computed columns."""
    account, changes = call.account, {k: v for k, v in body.items() if k != "template_id"}
    if body.get("title") is not None and not body["title"].strip():
        raise invalid("body.title must not be empty")
    if "status" in body and body["status"] not in STATUSES:
        raise invalid(f"body.status must be one of {', '.join(STATUSES)}")
    for name, table in LINKS.items():
        for number in body.get(name) or ():
            account.refer(table, number, name)
        if body.get(name) is not None:
            changes[name] = sorted(set(body[name]))
    check_labels(account, "project_fields", body.get("label_ids"))
    account.refer("project_templates", body.get("template_id"), "template_id")
    changes.update(_place(account, row, body))
    after = {**(row or {}), **changes}
    if after.get("start_date") and after.get("end_date") and after["end_date"] < after["start_date"]:
        raise ApiError(400, "end_date must not be before start_date")
    if row is not None and after["status"] != row["status"]:
        changes["status_change_time"] = millis(account.clock.now)
    return changes


def add_checked(call: Call, row: Row) -> Row:
    """Return the stored form of a new project."""
    given = {name: value for name, value in row.items() if name in call.body and name != "custom_fields"}
    full = {**row, **checked(call, None, given)}
    full.pop("template_id", None)
    return full


def editable(row: Row) -> Row:
    """Return a project that is not archived; raises a 403 otherwise."""
    if row["archive_time"] is not None:
        raise ApiError(403, "An archived project cannot be edited")
    return row


def update_checked(call: Call, row: Row, body: Row) -> Row:
    """Return the changes of an update."""
    return checked(call, editable(row), body)


def drop_tasks(call: Call, project: Row) -> None:
    """Delete the tasks of a deleted project."""
    table = call.account.table("tasks")
    for seq in sorted(table.where("project_id", project["id"])):
        if table.is_live(table.row(seq)):
            call.account.delete("tasks", seq, call.user_id)


def defaults(call: Call) -> Row:
    """Return the defaults of a new project."""
    return {
        "title": "",
        "description": None,
        "status": "open",
        "board_id": 0,
        "phase_id": 0,
        "owner_id": call.user_id,
        "start_date": None,
        "end_date": None,
        "deal_ids": [],
        "person_ids": [],
        "org_ids": [],
        "label_ids": [],
        "health_status": None,
        "add_time": None,
        "update_time": None,
        "status_change_time": millis(call.account.clock.now),
        "archive_time": None,
        "custom_fields": {},
    }


REFERENCES = {"owner_id": "users", "board_id": "project_boards", "phase_id": "project_phases"}
TESTS: dict[str, Callable[[Call, Any], Callable[[Row], bool] | None]] = {
    "status": has_status,
    "deal_id": _linked("deal_ids"),
    "person_id": _linked("person_ids"),
    "org_id": _linked("org_ids"),
}
register(
    Resource(
        table="projects",
        operations={
            "list": "v2:getProjects",
            "get": "v2:getProject",
            "add": "v2:addProject",
            "update": "v2:updateProject",
            "delete": "v2:deleteProject",
        },
        view=view("current"),
        tests=TESTS,
        required=("title",),
        references=REFERENCES,
        defaults=defaults,
        on_add=add_checked,
        on_update=update_checked,
        on_delete=drop_tasks,
        filter_type="projects",
    )
)
archived = register(
    Resource(
        table="projects",
        operations={"list": "v2:getArchivedProjects"},
        view=view("archived"),
        tests=TESTS,
        filter_type="projects",
    )
)


@handler("v2:archiveProject")
def archive(call: Call) -> Response:
    """Archive a project and return it."""
    return archived.one(call, archive_row(call))


def archive_row(call: Call) -> Row:
    """Archive the project of a call; raises a 403 if it is already archived."""
    row = editable(call.account.require("projects", call.path["id"]))
    moment = {"archive_time": millis(call.account.clock.now)}
    return call.account.update("projects", row["id"], moment, call.user_id)
