"""Project boards, phases and templates, in both versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.api.http import ApiError, Response, Row, invalid
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.handlers.resources import Resource, register

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account


def in_words(text: str | None) -> str | None:
    """Return a time in the v1 form of project rows: with a space and milliseconds, without a zone."""
    return None if text is None else text.replace("T", " ").rstrip("Z")


def show_v1(_: Account, row: Row) -> Row:
    """Return a board or a phase in the v1 form."""
    return {
        **row,
        "add_time": row["add_time"][:19].replace("T", " "),
        "update_time": _whole(row["update_time"]),
    }


def _whole(text: str) -> str:
    return text[:19].replace("T", " ")


def show_template(_: Account, row: Row) -> Row:
    """Return a template in the v1 form."""
    return {**row, "add_time": in_words(row["add_time"]), "update_time": in_words(row["update_time"])}


def _named(body: Row) -> None:
    if "name" in body and not body["name"].strip():
        raise invalid("body.name must not be empty")


def _make_room(call: Call, table: str, row: Row, **same: object) -> Row:
    """Set a row's position among its siblings, 1 to their number + 1, and move the others."""
    kept = call.account.table(table)
    others = [r for r in kept.live() if r["id"] != row.get("id") and all(r[k] == v for k, v in same.items())]
    others.sort(key=lambda r: (r["order_nr"], r["id"]))
    place = row.get("order_nr") or len(others) + 1
    if not 1 <= place <= len(others) + 1:
        raise ApiError(400, f"order_nr must be between 1 and {len(others) + 1}")
    for number, other in enumerate(others, 1):
        wanted = number if number < place else number + 1
        if other["order_nr"] != wanted:
            call.account.update(table, other["id"], {"order_nr": wanted}, call.user_id, touch=False)
    return {"order_nr": place}


def _close_gap(call: Call, table: str, row: Row, **same: object) -> None:
    rows = [r for r in call.account.table(table).live() if all(r[k] == v for k, v in same.items())]
    for other in rows:
        if other["order_nr"] > row["order_nr"]:
            changes = {"order_nr": other["order_nr"] - 1}
            call.account.update(table, other["id"], changes, call.user_id, touch=False)


def _unused(account: Account, name: str, number: int) -> None:
    table = account.table("projects")
    if any(table.is_live(table.row(seq)) for seq in table.where(name, number)):
        raise ApiError(400, f"It contains projects ({name} {number}); move or delete them first")


def _add_board(call: Call, row: Row) -> Row:
    _named(row)
    return {**row, **_make_room(call, "project_boards", {"order_nr": call.body.get("order_nr")})}


def _update_board(call: Call, row: Row, body: Row) -> Row:
    _named(body)
    place = _make_room(call, "project_boards", {**row, **body}) if "order_nr" in body else {}
    return {**body, **place}


def _delete_board(call: Call, row: Row) -> None:
    _unused(call.account, "board_id", row["id"])
    for seq in sorted(call.account.table("project_phases").where("board_id", row["id"])):
        call.account.delete("project_phases", seq, call.user_id)
    _close_gap(call, "project_boards", row)


def _add_phase(call: Call, row: Row) -> Row:
    _named(row)
    wanted = {"order_nr": call.body.get("order_nr")}
    return {**row, **_make_room(call, "project_phases", wanted, board_id=row["board_id"])}


def _update_phase(call: Call, row: Row, body: Row) -> Row:
    _named(body)
    board = body.get("board_id", row["board_id"])
    moved = board != row["board_id"]
    if not moved and "order_nr" not in body:
        return body
    if moved:
        _unused(call.account, "phase_id", row["id"])
    wanted = {"id": row["id"], "order_nr": body.get("order_nr")}
    place = _make_room(call, "project_phases", wanted, board_id=board)
    if moved:
        _close_gap(call, "project_phases", row, board_id=row["board_id"])
    return {**body, **place}


def _delete_phase(call: Call, row: Row) -> None:
    _unused(call.account, "phase_id", row["id"])
    _close_gap(call, "project_phases", row, board_id=row["board_id"])


register(
    Resource(
        table="project_boards",
        operations={
            "get": "v2:getProjectsBoard",
            "add": "v2:addProjectBoard",
            "update": "v2:updateProjectBoard",
            "delete": "v2:deleteProjectBoard",
        },
        required=("name",),
        defaults=lambda _: {"name": "", "order_nr": 0, "add_time": None, "update_time": None},
        on_add=_add_board,
        on_update=_update_board,
        on_delete=_delete_board,
    )
)
register(
    Resource(
        table="project_phases",
        operations={
            "get": "v2:getProjectsPhase",
            "add": "v2:addProjectPhase",
            "update": "v2:updateProjectPhase",
            "delete": "v2:deleteProjectPhase",
        },
        required=("name",),
        references={"board_id": "project_boards"},
        defaults=lambda _: {"name": "", "board_id": 0, "order_nr": 0, "add_time": None, "update_time": None},
        on_add=_add_phase,
        on_update=_update_phase,
        on_delete=_delete_phase,
    )
)
_boards_v1 = register(
    Resource(table="project_boards", operations={"get": "v1:getProjectsBoard"}, present=show_v1)
)
_phases_v1 = register(
    Resource(table="project_phases", operations={"get": "v1:getProjectsPhase"}, present=show_v1)
)
_boards, _phases = (
    Resource(table="project_boards", operations={}),
    Resource(table="project_phases", operations={}),
)
_SHOWN = {"v1": (_boards_v1, _phases_v1), "v2": (_boards, _phases)}


@handler("v1:getProjectsBoards", "v2:getProjectsBoards")
def boards(call: Call) -> Response:
    """Return every board."""
    return _SHOWN[call.operation.version][0].list_v1(call)


@handler("v1:getProjectsPhases", "v2:getProjectsPhases")
def phases(call: Call) -> Response:
    """Return every phase of a board; 404 for an unknown board."""
    call.account.require("project_boards", call.query["board_id"])
    return _SHOWN[call.operation.version][1].list_v1(call)


register(
    Resource(
        table="project_templates",
        operations={"list": "v2:getProjectTemplates", "get": "v2:getProjectTemplate"},
    )
)
_templates_v1 = register(
    Resource(table="project_templates", operations={"get": "v1:getProjectTemplate"}, present=show_template)
)
handler("v1:getProjectTemplates")(_templates_v1.list_v2)
