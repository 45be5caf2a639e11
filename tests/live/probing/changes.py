"""Questions that a few rows of a sandbox account settle."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.live.probing.reads import order_in_words
from tests.live.probing.sandbox import NotSettledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.live.probing.sandbox import Sandbox

DEAL = "/api/v2/deals/{deal}"
LONG_WAIT, SHORT_WAIT = 60.0, 6.0
Finding = tuple[str, "Callable[[], str]"]


class Questions:
    """Questions about the rows of one check, in the order of their checks.

    Args:
        sandbox: the rows of the check.
        me: id of the token's user.
    """

    def __init__(self, sandbox: Sandbox, me: object) -> None:
        self._box = sandbox
        self._me = me
        self._ids: dict[str, Any] = {}

    def all(self) -> Iterator[Finding]:
        """Yield each question and a function that returns the finding."""
        yield "`update_time` in the response to a new organization, person and deal", self._first_rows
        yield "the owner of a new deal is a follower", self._owner_follows
        yield "a search finds a new person", self._search_lag
        yield from self._moving()
        yield "`value` of a deal is computed after a product was added", self._value
        yield "a PATCH without a change moves `update_time`", self._same_patch
        yield "a PUT of a note without a change moves its `update_time`", self._same_put
        yield "a note of a deal is attached to the deal's person and organization", self._note_links
        yield "parts of an address that a PATCH does not send", self._address
        yield "a new `pipeline_id` without a `stage_id`", self._pipeline
        yield "a bulk request with one wrong product", self._bulk
        yield "a page after a change of a row of the page before", self._cursor
        yield "rows of one second, sorted by `update_time`", self._ties
        yield "a search finds an archived deal", self._archived
        yield "a project task is marked as done by", self._task
        yield "a deleted note", self._deleted_note
        yield "a PUT of a deleted note", self._changed_deleted_note
        yield "deleting a note moves `update_time` of its deal", self._note_deletion
        yield "a GET of a deleted deal", self._deleted_deal
        yield "a second DELETE of a deal", lambda: self._deleted_twice("deals")
        yield "a second DELETE of a person", lambda: self._deleted_twice("persons")
        yield "a second DELETE of an organization", lambda: self._deleted_twice("organizations")
        yield "a second DELETE of a product", lambda: self._deleted_twice("products")

    def _moving(self) -> Iterator[Finding]:
        for name, act in (
            ("a product", self._add_product),
            ("a follower", self._add_follower),
            ("a participant", self._add_participant),
            ("a note", self._add_note),
            ("an activity", self._add_activity),
        ):
            yield f"adding {name} moves `update_time` of the deal", lambda act=act: self._moved(act)

    # ── new rows ─────────────────────────────────────────────────────────────────────────────────

    def _first_rows(self) -> str:
        address = {"value": "Main Street 1, 10115 Berlin", "locality": "Berlin", "postal_code": "10115"}
        org = self._box.create("organizations", {"address": address})
        person = self._box.create("persons", {"org_id": org["id"]})
        deal = self._box.create("deals", {"org_id": org["id"], "person_id": person["id"]})
        self._ids |= {"org": org["id"], "person": person["id"], "deal": deal["id"]}
        self._ids["person_name"] = person["name"]
        times = {row.get("update_time") is None for row in (org, person, deal)}
        return "null" if times == {True} else "a time" if times == {False} else "null in some"

    def _owner_follows(self) -> str:
        def follows() -> bool:
            path = f"{DEAL}/followers".format(**self._ids)
            return any(row.get("user_id") == self._me for row in self._box.rows(path))

        return _lag(self._box.seconds_until(follows, SHORT_WAIT), "not after 6 s")

    def _search_lag(self) -> str:
        term = self._ids["person_name"]

        def found() -> bool:
            rows = self._box.rows("/api/v2/persons/search", term=term, exact_match=True)
            return self._ids["person"] in {row["id"] for row in rows}

        return _lag(self._box.seconds_until(found, LONG_WAIT), "not after 60 s")

    # ── the deal's time of change ────────────────────────────────────────────────────────────────

    def _moved(self, act: Callable[[], object], settle: float = 3.0) -> str:
        """Return whether an action moves the deal's time of change."""
        self._box.pause(settle)  # later effects of earlier writes
        before = self._time()
        self._box.pause(2)
        act()
        waited = self._box.seconds_until(lambda: self._time() != before, SHORT_WAIT)
        return "no" if waited is None else "yes"

    def _time(self) -> object:
        return self._box.row(DEAL, **self._ids).get("update_time")

    def _add_product(self) -> None:
        product = self._box.create("products", {})
        self._ids["product"] = product["id"]
        body = {"product_id": product["id"], "item_price": 10, "quantity": 2}
        self._must("add a product", "POST", f"{DEAL}/products", body)

    def _add_follower(self) -> None:
        """Add another user, or the owner again after removing them."""
        users = [row for row in self._box.rows("/v1/users") if row.get("active_flag")]
        other = next((row["id"] for row in users if row["id"] != self._me), self._me)
        path = f"{DEAL}/followers"
        if other == self._me:
            self._box.send("delete a follower", "DELETE", f"{path}/{{user}}", **self._ids, user=other)
        self._must("add a follower", "POST", path, {"user_id": other})

    def _add_participant(self) -> None:
        second = self._box.create("persons", {})
        self._must("add a participant", "POST", "/v1/deals/{deal}/participants", {"person_id": second["id"]})

    def _add_note(self) -> None:
        note = self._box.create("notes", {"deal_id": self._ids["deal"]})
        self._ids |= {"note": note["id"], "content": note["content"]}

    def _add_activity(self) -> None:
        self._box.create("activities", {"deal_id": self._ids["deal"]})

    def _value(self) -> str:
        if "product" not in self._ids:
            raise NotSettledError("no product")
        body = {"product_id": self._ids["product"], "item_price": 7, "quantity": 1}
        before = self._box.row(DEAL, **self._ids).get("value")
        self._must("add a second product", "POST", f"{DEAL}/products", body)

        def changed() -> bool:
            return self._box.row(DEAL, **self._ids).get("value") != before

        return _lag(self._box.seconds_until(changed, 2 * SHORT_WAIT), "not after 12 s")

    # ── changes ──────────────────────────────────────────────────────────────────────────────────

    def _same_patch(self) -> str:
        self._must("update a deal", "PATCH", DEAL, {"value": 10, "currency": "EUR"})
        body = {"value": 10}
        return self._moved(lambda: self._must("update a deal without a change", "PATCH", DEAL, body))

    def _same_put(self) -> str:
        path = "/v1/notes/{note}"
        note = self._box.row(path, **self._ids)
        self._box.pause(2)
        self._must("update a note without a change", "PUT", path, {"content": note["content"]})
        return "yes" if self._box.row(path, **self._ids)["update_time"] != note["update_time"] else "no"

    def _note_links(self) -> str:
        note = self._box.row("/v1/notes/{note}", **self._ids)
        return _yes(note.get("person_id") == self._ids["person"] and note.get("org_id") == self._ids["org"])

    def _address(self) -> str:
        path = "/api/v2/organizations/{org}"
        self._must("update an address", "PATCH", path, {"address": {"value": "Other Road 2"}})
        address = self._box.row(path, **self._ids).get("address")
        if not isinstance(address, dict):
            return "not settled: no object"
        return "are kept" if address.get("locality") == "Berlin" else "are replaced or cleared"

    def _pipeline(self) -> str:
        current = self._box.row(DEAL, **self._ids).get("pipeline_id")
        others = [row["id"] for row in self._box.rows("/api/v2/pipelines") if row["id"] != current]
        if not others:
            return "not settled: one pipeline only"
        answer = self._box.send("change the pipeline", "PATCH", DEAL, {"pipeline_id": others[0]}, **self._ids)
        return f"is rejected with status {answer.status}" if answer.error else "is accepted"

    def _bulk(self) -> str:
        path = f"{DEAL}/products"
        before = len(self._box.rows(path.format(**self._ids)))
        good = {"product_id": self._ids["product"], "item_price": 1, "quantity": 1}
        body = {"data": [good, {**good, "product_id": 999_999_999}]}
        answer = self._box.send("add products in bulk", "POST", f"{path}/bulk", body, **self._ids)
        added = len(self._box.rows(path.format(**self._ids))) - before
        outcome = "is rejected" if answer.error else "is accepted"
        return f"{outcome}, {'some' if added else 'no'} products are added"

    # ── order and pages ──────────────────────────────────────────────────────────────────────────

    def _organizations(self) -> list[object]:
        if "four" not in self._ids:
            self._ids["four"] = [self._box.create("organizations", {})["id"] for _ in range(4)]
            self._box.pause(2)
        return list(self._ids["four"])

    def _cursor(self) -> str:
        four = self._organizations()
        params: dict[str, object] = {
            "ids": ",".join(map(str, four)),
            "sort_by": "update_time",
            "sort_direction": "asc",
            "limit": 2,
        }
        first = self._box.page("/api/v2/organizations", **params)
        seen = [row["id"] for row in first.body["data"]]
        cursor = first.body["additional_data"]["next_cursor"]
        path = "/api/v2/organizations/{org}"
        name = first.body["data"][0]["name"]
        self._box.send("rename an organization", "PATCH", path, {"name": f"{name} again"}, org=seen[0])
        later: list[object] = []
        while cursor:
            page = self._box.page("/api/v2/organizations", **{**params, "cursor": cursor})
            if page.error:
                return f"is rejected with status {page.status}"
            later += [row["id"] for row in page.body["data"]]
            cursor = page.body["additional_data"]["next_cursor"]
        lost = set(four) - {*seen, *later}
        again = "with" if seen[0] in later else "without"
        return "lacks a row" if lost else f"is complete, {again} the changed row"

    def _ties(self) -> str:
        ids = ",".join(str(one) for one in self._organizations())
        orders = set()
        for direction in ("asc", "desc"):
            params = {"ids": ids, "sort_by": "add_time", "sort_direction": direction}
            rows = self._box.rows("/api/v2/organizations", **params)
            same = [(a, b) for a, b in pairwise(rows) if a["add_time"] == b["add_time"]]
            orders |= {(direction, "ascending" if a["id"] < b["id"] else "descending") for a, b in same}
        return order_in_words(orders)

    def _archived(self) -> str:
        deal = self._box.create("deals", {})

        def found() -> bool:
            rows = self._box.rows("/api/v2/deals/search", term=deal["title"], exact_match=True)
            return deal["id"] in {row["id"] for row in rows}

        waited = self._box.seconds_until(found, LONG_WAIT)
        if waited is None:
            return "not settled: the search did not find it before"
        self._must("archive a deal", "PATCH", DEAL, {"is_archived": True}, deal=deal["id"])
        gone = self._box.seconds_until(lambda: not found(), max(10.0, 3 * waited))
        return "yes" if gone is None else "no"

    # ── projects ─────────────────────────────────────────────────────────────────────────────────

    def _task(self) -> str:
        boards = self._box.rows("/api/v2/boards")
        phases = self._box.rows("/api/v2/phases", board_id=boards[0]["id"]) if boards else []
        if not phases:
            return "not settled: no board with phases"
        place = {"board_id": boards[0]["id"], "phase_id": phases[0]["id"]}
        project = self._box.create("projects", place)
        task = self._box.create("tasks", {"project_id": project["id"]})
        for key in ("is_done", "done"):
            body = {key: True if key == "is_done" else 1}
            self._box.send(f"mark a task by {key}", "PATCH", "/api/v2/tasks/{task}", body, task=task["id"])
            row = self._box.row("/api/v2/tasks/{task}", task=task["id"])
            if row.get("is_done", row.get("done")) in (True, 1):
                return f"`{key}`"
        return "neither `is_done` nor `done`"

    # ── deletes ──────────────────────────────────────────────────────────────────────────────────

    def _deleted_note(self) -> str:
        self._must("delete a note", "DELETE", "/v1/notes/{note}")
        answer = self._box.send("read a deleted note", "GET", "/v1/notes/{note}", **self._ids)
        if answer.error:
            return f"returns status {answer.status}"
        flag = self._box.row("/v1/notes/{note}", **self._ids).get("active_flag")
        return f"returns status {answer.status} with `active_flag` {str(flag).lower()}"

    def _changed_deleted_note(self) -> str:
        body = {"content": f"{self._ids['content']} again"}
        answer = self._box.send("update a deleted note", "PUT", "/v1/notes/{note}", body, **self._ids)
        return f"returns status {answer.status}"

    def _note_deletion(self) -> str:
        note = self._box.create("notes", {"deal_id": self._ids["deal"]}, "create a second note")
        path = "/v1/notes/{second}"
        return self._moved(lambda: self._must("delete a second note", "DELETE", path, second=note["id"]))

    def _deleted_deal(self) -> str:
        self._must("delete a deal", "DELETE", DEAL)
        answer = self._box.send("read a deleted deal", "GET", DEAL, **self._ids)
        flag = answer.body["data"].get("is_deleted") if not answer.error else None
        return f"returns status {answer.status}" + (
            "" if flag is None else f", `is_deleted` {str(flag).lower()}"
        )

    def _deleted_twice(self, entity: str) -> str:
        key = {"deals": "deal", "persons": "person", "organizations": "org", "products": "product"}[entity]
        path = f"/api/v2/{entity}/{{{key}}}"
        self._box.send(f"delete one of {entity}", "DELETE", path, **self._ids)
        answer = self._box.send(f"delete one of {entity} again", "DELETE", path, **self._ids)
        return f"returns status {answer.status}"

    def _must(self, label: str, method: str, path: str, body: object = None, **ids: object) -> None:
        """Send a write that a question needs."""
        with suppress(KeyError):
            answer = self._box.send(label, method, path, body, **{**self._ids, **ids})
            if answer.error:
                raise NotSettledError(f"{label}: status {answer.status}")
            return
        raise NotSettledError("an earlier row is missing")


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _lag(seconds: float | None, never: str) -> str:
    """Return a delay in words that do not depend on the moment."""
    if seconds is None:
        return never
    return (
        "at once"
        if seconds == 0
        else next((f"within {most} s" for most in (2, 5, 15, 30) if seconds <= most), "within 60 s")
    )
