"""Responses have the published form: every key, no other one, and each with a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.emulator.asking import Asker
from tests.emulator.crawl import crawl
from tests.support.emulator import Emulator

if TYPE_CHECKING:
    from tests.emulator.answers import Comparison

pytestmark = [
    pytest.mark.xdist_group("answers"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fine:
    """Reason for different places; `operations` and `places` are regular expressions for complete texts."""

    what: str
    operations: str
    places: str
    why: str


FINE: tuple[Fine, ...] = (
    # A schema and its example contradict one another: the schema wins.
    Fine(
        what="missing",
        operations=r"v1:get.*",
        places=r"/additional_data/pagination\"?",
        why="the schema has start and limit beside it, the example one level deeper",
    ),
    Fine(
        what="missing",
        operations=r"v1:getDealParticipantsChangelog",
        places=r"/additional_data/(start|limit|more_items_in_collection)",
        why="its parameter and its example are those of a cursor",
    ),
    Fine(
        what="missing",
        operations=r"v1:get.*",
        places=r".*/people_name",
        why="the schema names it person_name",
    ),
    Fine(
        what="missing",
        operations=r"v1:mergePersons",
        places=r"/data/picture_id/value",
        why="the schema names it id",
    ),
    Fine(
        what="missing",
        operations=r"v2:(get|add|update)Organizations?",
        places=r"/data(\[\])?/org_id",
        why="no key of an organization in any schema, nor in what is written",
    ),
    Fine(
        what="missing",
        operations=r"v2:.*Products?",
        places=r"/data(\[\])?/custom_fields/(type|description|additionalProperties)",
        why="the example holds a schema in place of values",
    ),
    Fine(
        what="missing",
        operations=r"v1:searchLeads",
        places=r"/additional_data/(type|description|properties)",
        why="the example holds a schema in place of values",
    ),
    Fine(
        what="missing",
        operations=r"v1:get(Deal|Person|Organization)Updates",
        places=r"/related_objects/allOf",
        why="a word of schemas in an example",
    ),
    Fine(
        what="missing",
        operations=r"v2:searchItemByField",
        places=r"/data\[\]/(id|name)",
        why="the schema has them below item",
    ),
    # Schemas that no response can have, as their own example shows.
    Fine(
        what="missing",
        operations=r"v1:get(Archived)?DealsSummary",
        places=r"/data/(weighted_)?values_total/[a-z_]+",
        why="published as one object, shown by currency",
    ),
    Fine(
        what="missing",
        operations=r"v1:getProductDeals",
        places=r"/related_objects/(stage|pipeline)/[a-z_]+",
        why="published as one object, shown by id",
    ),
    Fine(
        what="missing",
        operations=r"v1:addPersonPicture",
        places=r"/data/\*",
        why="published by id, shown as one object",
    ),
    Fine(
        what="missing",
        operations=r"v1:(delete(Project|Task)|(get|add)DealParticipants?)",
        places=r"/data(\[\]/added_by_user_id|/added_by_user_id)?/(success|data)",
        why="published as an answer within the answer, shown as a row",
    ),
    Fine(
        what="missing",
        operations=r"v1:getPermissionSet",
        places=r"/(id|name|description|app|type|assignment_count|contents)",
        why="published without an envelope, shown with one",
    ),
    Fine(
        what="extra",
        operations=r"v1:getPermissionSet",
        places=r"/data\[\]/type",
        why="published one level above",
    ),
    # Keys that only some rows have.
    Fine(
        what="missing",
        operations=r"v1:.*Fields?",
        places=r"/data(\[\])?/(is_subfield|subfields|options_deleted)",
        why="only of parts of fields, of fields with parts, and where options were deleted",
    ),
    Fine(
        what="missing",
        operations=r"v1:(add|update)Goal",
        places=r"/data/goal/type/params/activity_type_id",
        why="only of goals for activities",
    ),
    Fine(
        what="missing",
        operations=r"v2:(add|update)DealField",
        places=r"/data/required_fields/statuses/\*",
        why="the body names none",
    ),
    Fine(
        what="missing",
        operations=r"v2:get(Deal|Lead)ConversionStatus",
        places=r"/data/(deal|lead)_id",
        why="a conversion makes one of them",
    ),
    Fine(
        what="missing",
        operations=r"v1:getRecents",
        places=r".*<person>/data/merge_what_id",
        why="only of persons that were merged",
    ),
    Fine(
        what="missing",
        operations=r"v1:getOrganizationFollowers",
        places=r"/additional_data/pagination/next_start",
        why="the list comes whole",
    ),
    Fine(what="missing", operations=r"v1:downloadFile", places="", why="bytes"),
    Fine(
        what="missing",
        operations=r"v1:getFilterHelpers",
        places=r"/data/relative_dates/Deal specific",
        why="the time of rotting is a field here, and no relative day",
    ),
    # Keys that are documented elsewhere.
    Fine(
        what="extra",
        operations=r"v1:get.*",
        places=r"/additional_data/(pagination/)?next_start",
        why="where a next page begins, as the pages about pagination say",
    ),
    Fine(
        what="extra",
        operations=r"v1:getGoal(s|Result)",
        places=r"/data/goals?(\[\])?/expected_outcome/currency_id",
        why="published for the body that sets it",
    ),
    Fine(
        what="extra",
        operations=r"v1:getPipelineDeals",
        places=r"/additional_data/deals_summary",
        why="what the parameter get_summary asks for",
    ),
    Fine(
        what="extra",
        operations=r"v2:get(Deal|Person|Organization)s?",
        places=r"/data(\[\])?/labels\[\]",
        why="what the parameter include_labels asks for",
    ),
    Fine(
        what="extra",
        operations=r"v2:getInstallments",
        places=r"/additional_data",
        why="the parameter cursor is published, and must come from somewhere",
    ),
    # Columns of calendars, reminders, recurrence, and pictures of organizations.
    Fine(
        what="(null|missing)",
        operations=r"v1:get(Deal|Person|Organization)Updates|v1:getRecents",
        places=r".*<activity>/data/(reference_|last_notification_|notification_|calendar_|gcal_|google_|rec_|file|series).*",
        why="there are no calendars, reminders, recurrences or scheduled calls",
    ),
    Fine(
        what="null",
        operations=r"v1:getRecents",
        places=r".*<organization>/data/picture_id",
        why="none can be added",
    ),
    # Values of more than one kind.
    Fine(
        what="unlike",
        operations=r"v1:get.*",
        places=r".*/(due_time|duration|marked_as_done_time): text .*",
        why="v1 writes an empty text where there is no time",
    ),
    Fine(
        what="unlike",
        operations=r"v1:get(Deal|Person|Organization)Updates",
        places=r".*Change>/data/(additional_data|old_value|new_value): .*",
        why="values are those of the changed field; names only where ids changed, else an empty list",
    ),
    Fine(
        what="unlike",
        operations=r"v[12]:get(Deal|Project)Fields?",
        places=r"/data(\[\])?/options\[\]/id: text .*",
        why="built-in options are told by a word",
    ),
    Fine(what="unlike", operations=r"v2:searchItem", places=r".*/item/id: text .*", why="leads have a UUID"),
    Fine(
        what="unlike",
        operations=r"v1:receiveMessage",
        places=r"/data/(created_at|reply_by): .*",
        why="comes back as it was sent, in the published form of the body",
    ),
)


@pytest.fixture(scope="module")
def found():
    """Every operation of the small account, with the contents of its responses."""
    with Emulator("--burst", "0", "--daily-tokens", "1000000000", "--legacy") as running:
        yield crawl(Asker(running.url))


def _fine(what: str, key: str, place: str) -> bool:
    return any(
        re.fullmatch(fine.what, what)
        and re.fullmatch(fine.operations, key)
        and re.fullmatch(fine.places, place)
        for fine in FINE
    )


def _problems(found: dict[str, Comparison], what: str) -> list[str]:
    columns = {column for one in found.values() for column in one.seen.columns}
    told = {
        "status": lambda one: one.statuses_not_published(),
        "missing": lambda one: one.missing(),
        "extra": lambda one: one.extra(),
        "null": lambda one: one.null(columns) if one.reads else (),
        "unlike": lambda one: one.unlike(),
    }[what]
    return [
        f"{key} {place}" for key, one in found.items() for place in told(one) if not _fine(what, key, place)
    ]


@pytest.mark.parametrize("what", ["status", "missing", "extra", "null", "unlike"])
def test_responses_differ_in_nothing_from_what_is_published(found, what):
    assert _problems(found, what) == []
