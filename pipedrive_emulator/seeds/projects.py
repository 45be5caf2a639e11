"""Boards, phases, templates, projects, their groups and tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.clock import DAY_SECONDS, START, day, millis
from pipedrive_emulator.handlers.registry import Seed, seeder
from pipedrive_emulator.seeds import words
from pipedrive_emulator.seeds.builtin_fields import FOUNDED
from pipedrive_emulator.seeds.custom_fields import values
from pipedrive_emulator.seeds.history import BY_HAND

if TYPE_CHECKING:
    import random

    from pipedrive_emulator.api.http import Row

BOARDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Delivery", ("Kick-off", "In progress", "Done")),
    ("Umzüge 引っ越し", ("Planning", "Moving")),
    ("Not used yet", ("Somewhere",)),
)
TEMPLATES = (("Roll-out", "Three weeks from order to go-live"), ("Schulung — обучение", None))
PROJECT_CHANGES: tuple[tuple[Row, Row], ...] = (
    ({"title": "Untitled"}, {"title": "Neuer Titel"}),
    ({"status": "open", "board_id": 2}, {"status": "completed", "board_id": 1}),
)
STATUSES = ("open", "open", "open", "completed", "canceled")
DELETED_EACH, ARCHIVED_EACH, SUBTASK_EACH = 9, 7, 3
OLDEST = START - 400 * DAY_SECONDS


@seeder(3)
def boards(seed: Seed) -> None:
    """Add the boards and their phases; every account has the first board."""
    times = {"add_time": millis(FOUNDED), "update_time": millis(FOUNDED)}
    for order, (name, phases) in enumerate(BOARDS[:1] if seed.empty else BOARDS, 1):
        row = {"name": name, "order_nr": order, **times}
        board = seed.account.insert("project_boards", row)
        for place, phase in enumerate(phases, 1):
            kept = {"name": phase, "board_id": board["id"], "order_nr": place, **times}
            seed.account.insert("project_phases", kept)
    for owner, (title, description) in enumerate(() if seed.empty else TEMPLATES, 1):
        row = {"title": title, "description": description, "projects_board_id": owner, "owner_id": owner}
        seed.account.insert("project_templates", {**row, **times})


def _linked(chance: random.Random, last: int, most: int) -> list[int]:
    return sorted(chance.sample(range(1, last + 1), chance.randint(0, min(most, last))))


def _project(seed: Seed, place: int, fields: dict[str, Row], last: dict[str, int]) -> Row:
    chance = seed.chance
    added = OLDEST + place * 60
    deleted, archived = place % DELETED_EACH == 0, place % ARCHIVED_EACH == 0
    board = 1 + place % 2
    begun = START - chance.randint(1, 200) * DAY_SECONDS
    status = chance.choice(STATUSES)
    return {
        "title": f"{chance.choice(words.COMPANIES)} {place}",
        "description": chance.choice((None, "Set-up and training", "Zeile eins\nZeile zwei 🚀")),
        "status": "deleted" if deleted else status,
        "board_id": board,
        "phase_id": chance.choice((1, 2, 3) if board == 1 else (4, 5)),
        "owner_id": chance.randint(1, 5),
        "start_date": chance.choice((None, day(begun))),
        "end_date": chance.choice((None, day(begun + 30 * DAY_SECONDS))),
        "deal_ids": _linked(chance, last["deals"], 3),
        "person_ids": _linked(chance, last["persons"], 1) or [1] * archived,
        "org_ids": _linked(chance, last["organizations"], 1) or [1] * archived,
        "label_ids": sorted(chance.sample((11, 12), chance.choice((0, 1, 2)))),
        "health_status": chance.choice((None, 10, 20)),
        "add_time": millis(added),
        "update_time": millis(START - 20 * DAY_SECONDS + place if deleted else added + place % 40 * 3_600),
        "status_change_time": millis(added),
        "archive_time": millis(START - DAY_SECONDS) if archived else None,
        "custom_fields": values(chance, fields),
    }


@seeder(25)
def projects(seed: Seed) -> None:
    """Add projects in every status, some archived, some deleted, linked to live and deleted records."""
    fields = seed.account.custom_fields("projects")
    last = {
        name: min(seed.account.table(name).count(), 500) for name in ("deals", "persons", "organizations")
    }
    for place in range(1, seed.count(small=16, medium=160, large=3_000) + 1):
        seed.account.insert("projects", _project(seed, place, fields, last))


def _task(chance: random.Random, place: int, project_id: int, parent: int | None) -> Row:
    milestone = place % 6 == 0  # it needs a due date
    done, due = place % 4 == 0, START + chance.randint(-60, 60) * DAY_SECONDS
    moment = OLDEST + place * 90
    return {
        "title": f"{chance.choice(words.SUBJECTS)} {place}",
        "creator_id": chance.randint(1, 5),
        "description": chance.choice((None, "Bring the keys", "Сначала позвонить\n電話してから")),
        "project_id": project_id,
        "is_done": done,
        "is_milestone": milestone,
        "due_date": chance.choice((day(due) if milestone else None, day(due))),
        "start_date": chance.choice((None, day(due - 5 * DAY_SECONDS))),
        "parent_task_id": parent,
        "assignee_ids": chance.sample(range(1, 6), chance.randint(0, 2)),
        "priority": chance.choice((None, 1, 2, 3)),
        "add_time": millis(moment),
        "update_time": millis(moment + place % 50 * 3_600),
        "marked_as_done_time": millis(moment + 3_600) if done else None,
    }


@seeder(26)
def tasks(seed: Seed) -> None:
    """Add groups, plans and tasks of live projects; every third task is a subtask of the one before."""
    live = [row["id"] for row in seed.account.table("projects").live()]
    parents: dict[int, int] = {}
    for place in range(1, seed.count(small=24, medium=400, large=6_000) + 1):
        project_id = live[place // SUBTASK_EACH % len(live)]
        below = parents.get(project_id) if place % SUBTASK_EACH == 1 else None
        row = seed.account.insert("tasks", _task(seed.chance, place, project_id, below))
        if below is None:
            parents[project_id] = row["id"]
        if place % 5 == 0:
            group = {"name": f"Group {place} — グループ", "order_nr": 1, "project_id": project_id}
            kept = seed.account.insert("project_groups", group)
            phase = seed.account.require("projects", project_id)["phase_id"]
            item = {"id": f"task:{row['id']}", "phase_id": phase, "group_id": kept["id"]}
            seed.account.insert("plan_items", item)
    if live:
        _notes(seed, live[0])
    for place, project_id in enumerate(live[:5], 1):
        seed.account.update("activities", place, {"project_id": project_id})
        change = {"project_id": project_id, "actor_user_id": 2, "time": millis(OLDEST + place * 3_600)}
        old, new = PROJECT_CHANGES[place % len(PROJECT_CHANGES)]
        change.update({"old_values": old, "new_values": new})
        change.update(BY_HAND if place % 2 else {})
        seed.account.insert("project_changes", change)


def _notes(seed: Seed, project_id: int) -> None:
    """Add a note to a project, to its first task, and to a lead."""
    parents = ("deal_id", "person_id", "org_id", "lead_id", "project_id", "task_id")
    model = {n: v for n, v in seed.account.table("notes").row(1).items() if n not in ("id", *parents)}
    task_id = next(iter(sorted(seed.account.table("tasks").where("project_id", project_id))))
    lead_id = next(seed.account.table("leads").live())["id"]
    for parent in ({"project_id": project_id}, {"task_id": task_id}, {"lead_id": lead_id}):
        content = {"content": "<p>Плановый звонок — 確認</p>", "pinned_to_deal_flag": False}
        seed.account.insert("notes", {**dict.fromkeys(parents), **model, **content, **parent})
