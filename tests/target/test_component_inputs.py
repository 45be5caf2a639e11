"""Every write action of the component with every input it offers as text, checked by the account's state."""

from __future__ import annotations

import json

import pytest

from scripts.component_inputs import COMPONENT_INPUTS
from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.names import snake
from tests.target.helpers import Loader, rows
from tests.target.twice import assert_same_rows

LEAD = "008b5b1a-5170-5209-8bc9-7fcbdb769c06"
LABEL = "b43852e2-55b8-5d5e-8e1b-6fac210323bd"
CALL = "CA000000000000000000000000000001"
CONDITIONS = {
    "glue": "and",
    "conditions": [
        {
            "glue": "and",
            "conditions": [{"object": "deal", "field_id": "15", "operator": "=", "value": "open"}],
        },
        {"glue": "or", "conditions": []},
    ],
}
BESIDE = {"addDealProduct": {"productId": "1"}}
"""Inputs that the component lacks and Pipedrive requires."""
CONTACT = {"visibleTo": "3", "ownerId": "2"}
PERSON = CONTACT | {
    "name": "Pia Input",
    "email": "pia@input.example",
    "phone": "+1 555 0100",
    "orgId": "2",
    "marketingStatus": "no_consent",
}
DEAL = {
    "title": "By inputs",
    "value": "12.50",
    "currency": "USD",
    "userId": "3",
    "personId": "2",
    "orgId": "1",
    "pipelineId": "1",
    "stageId": "2",
    "status": "lost",
    "lostReason": "Price",
    "probability": "40",
    "expectedCloseDate": "2026-09-30",
    "visibleTo": "3",
}
DEAL_ROW = {
    "title": "By inputs",
    "value": 12.5,
    "currency": "USD",
    "owner_id": 3,
    "person_id": 2,
    "org_id": 1,
    "pipeline_id": 1,
    "stage_id": 2,
    "status": "lost",
    "lost_reason": "Price",
    "probability": 40,
    "expected_close_date": "2026-09-30",
    "visible_to": 3,
}
LEAD_IN = {
    "title": "Lead by inputs",
    "ownerId": "2",
    "personId": "2",
    "organizationId": "1",
    "value": "250",
    "labelIds": LABEL,
    "expectedCloseDate": "2026-09-30",
    "visibleTo": "3",
    "wasSeen": "true",
}
LEAD_ROW = {
    "title": "Lead by inputs",
    "owner_id": 2,
    "person_id": 2,
    "organization_id": 1,
    "label_ids": [LABEL],
    "value": {"amount": 250, "currency": "EUR"},
    "expected_close_date": "2026-09-30",
    "was_seen": True,
    "visible_to": "3",
}
LINE = {
    "itemPrice": "9.99",
    "quantity": "3",
    "discountPercentage": "10",
    "tax": "20",
    "comments": "By inputs",
    "enabledFlag": "1",
    "duration": "1",
    "productVariationId": "",
}
LINE_ROW = {
    "item_price": 9.99,
    "quantity": 3,
    "discount": 10,
    "tax": 20,
    "comments": "By inputs",
    "is_enabled": True,
}
PRODUCT = {
    "name": "By inputs",
    "code": "I-1",
    "unit": "kg",
    "tax": "20",
    "activeFlag": "1",
    "selectable": "1",
    "visibleTo": "3",
    "ownerId": "2",
    "prices": '[{"currency": "EUR", "price": "3.50", "cost": "1"}]',
}
PRODUCT_ROW = {
    "name": "By inputs",
    "code": "I-1",
    "unit": "kg",
    "tax": 20,
    "is_linkable": True,
    "owner_id": 2,
}

WRITES = {
    "addCallLog": (
        {
            "activityId": "",
            "dealId": "1",
            "duration": "60",
            "startTime": "2026-01-01T10:00:00Z",
            "endTime": "2026-01-01T10:01:00Z",
            "fromPhoneNumber": "1",
            "toPhoneNumber": "2",
            "note": "<p>n</p>",
            "orgId": "1",
            "personId": "2",
            "outcome": "connected",
            "subject": "Call",
            "userId": "1",
        },
        (
            "call_logs",
            {
                "deal_id": 1,
                "org_id": 1,
                "person_id": 2,
                "outcome": "connected",
                "subject": "Call",
                "duration": "60",
                "to_phone_number": "2",
                "from_phone_number": "1",
            },
        ),
    ),
    "addChannel": (
        {
            "name": "C",
            "providerChannelId": "77",
            "providerType": "other",
            "templateSupport": "false",
            "avatarUrl": "https://c.example/a.png",
        },
        ("channels", {"name": "C", "provider_channel_id": "77"}),
    ),
    "addDeal": (DEAL | {"addTime": "2026-01-01T00:00:00Z"}, ("deals", DEAL_ROW)),
    "addDealFollower": ({"id": "1", "userId": "3"}, ("followers", {"parent": "deals:1", "user_id": 3})),
    "addDealParticipant": ({"id": "1", "personId": "3"}, ("participants", {"deal_id": 1, "person_id": 3})),
    "addDealProduct": (LINE | {"id": "1"}, ("deal_products", LINE_ROW | {"deal_id": 1, "product_id": 1})),
    "addFile": (
        {"entityId": "1", "entityType": "organization", "file": "hello", "fileName": "a.txt"},
        ("files", {"org_id": 1, "name": "a.txt", "file_size": 5}),
    ),
    "addLead": (LEAD_IN, ("leads", LEAD_ROW)),
    "addLeadLabel": ({"name": "Cold", "color": "blue"}, ("lead_labels", {"name": "Cold", "color": "blue"})),
    "addOrganization": (
        CONTACT | {"name": "Org by inputs", "addTime": "2024-05-06T07:08:09Z"},
        (
            "organizations",
            {"name": "Org by inputs", "owner_id": 2, "visible_to": 3, "add_time": "2024-05-06T07:08:09Z"},
        ),
    ),
    "addOrganizationFollower": (
        {"id": "1", "userId": "3"},
        ("followers", {"parent": "organizations:1", "user_id": 3}),
    ),
    "addPerson": (
        PERSON | {"addTime": "2024-05-06T07:08:09Z"},
        (
            "persons",
            {
                "name": "Pia Input",
                "org_id": 2,
                "owner_id": 2,
                "marketing_status": "no_consent",
                "add_time": "2024-05-06T07:08:09Z",
            },
        ),
    ),
    "addPersonFollower": ({"id": "1", "userId": "3"}, ("followers", {"parent": "persons:1", "user_id": 3})),
    "addPipeline": (
        {"name": "Pipe", "active": "1", "dealProbability": "1", "orderNr": "4"},
        ("pipelines", {"name": "Pipe", "is_deal_probability_enabled": True}),
    ),
    "addProduct": (PRODUCT, ("products", PRODUCT_ROW)),
    "addProductFollower": ({"id": "1", "userId": "3"}, ("followers", {"parent": "products:1", "user_id": 3})),
    "addStage": (
        {"name": "St", "pipelineId": "1", "dealProbability": "30", "rottenDays": "5", "rottenFlag": "true"},
        (
            "stages",
            {
                "name": "St",
                "pipeline_id": 1,
                "deal_probability": 30,
                "days_to_rotten": 5,
                "is_deal_rot_enabled": True,
            },
        ),
    ),
    "setFieldValueForPerson": (
        {"personId": "2", "customFieldKey": "job_title", "value": "Chief"},
        ("persons", {"id": 2, "job_title": "Chief"}),
    ),
    "updateDeal": (DEAL | {"id": "1"}, ("deals", DEAL_ROW | {"id": 1})),
    "updateDealProduct": (
        LINE | {"id": "4", "productAttachmentId": "1"},
        ("deal_products", LINE_ROW | {"id": 1, "deal_id": 4}),
    ),
    "updateFile": (
        {"id": "1", "name": "renamed", "description": "d"},
        ("files", {"id": 1, "name": "renamed", "description": "d"}),
    ),
    "updateFilter": (
        {"id": "1", "name": "Renamed", "conditions": json.dumps(CONDITIONS)},
        ("filters", {"id": 1, "name": "Renamed"}),
    ),
    "updateLead": (
        LEAD_IN | {"id": LEAD, "isArchived": "false"},
        ("leads", {"id": LEAD, "title": "Lead by inputs"}),
    ),
    "updateLeadLabel": (
        {"id": LABEL, "name": "Lava", "color": "red"},
        ("lead_labels", {"id": LABEL, "name": "Lava", "color": "red"}),
    ),
    "updateOrganization": (
        CONTACT | {"id": "1", "name": "Renamed"},
        ("organizations", {"id": 1, "name": "Renamed", "owner_id": 2}),
    ),
    "updatePerson": (PERSON | {"id": "1"}, ("persons", {"id": 1, "name": "Pia Input", "owner_id": 2})),
    "updatePipeline": (
        {"id": "1", "name": "Renamed", "active": "true", "dealProbability": "0", "orderNr": "2"},
        ("pipelines", {"id": 1, "name": "Renamed", "is_deal_probability_enabled": False}),
    ),
    "updateProduct": (PRODUCT | {"id": "1"}, ("products", PRODUCT_ROW | {"id": 1})),
    "updateStage": (
        {
            "id": "1",
            "name": "Renamed",
            "pipelineId": "1",
            "dealProbability": "30",
            "rottenDays": "5",
            "rottenFlag": "true",
            "orderNr": "3",
        },
        ("stages", {"id": 1, "name": "Renamed", "deal_probability": 30, "days_to_rotten": 5}),
    ),
}
"""Action → its inputs, all as text, and a row that the account holds afterwards."""

REMOVALS = {
    "cancelRecurringSubscription": ({"id": "1", "endDate": "2027-01-01"}, None),
    "deleteActivity": ({"id": "1"}, ("activities", {"id": 1})),
    "deleteCallLog": ({"id": CALL}, ("call_logs", {"id": CALL})),
    "deleteChannel": ({"id": "1"}, None),
    "deleteConversation": ({"channelId": "1", "conversationId": "1"}, None),
    "deleteDeal": ({"id": "1"}, ("deals", {"id": 1})),
    "deleteDealField": ({"id": "KEY"}, None),
    "deleteDealFollower": (
        {"id": "5", "followerId": "1"},
        ("followers", {"parent": "deals:5", "user_id": 1}),
    ),
    "deleteDealParticipant": ({"id": "1", "dealParticipantId": "1"}, ("participants", {"id": 1})),
    "deleteDealProduct": ({"id": "4", "productAttachmentId": "1"}, ("deal_products", {"id": 1})),
    "deleteFile": ({"id": "1"}, ("files", {"id": 1})),
    "deleteLead": ({"id": LEAD}, ("leads", {"id": LEAD})),
    "deleteLeadLabel": ({"id": LABEL}, ("lead_labels", {"id": LABEL})),
    "deleteMailThread": ({"id": "1"}, ("mail_threads", {"id": 1})),
    "deleteOrganization": ({"id": "1"}, ("organizations", {"id": 1})),
    "deleteOrganizationFollower": ({"id": "ID", "followerId": "USER"}, None),
    "deletePerson": ({"id": "1"}, ("persons", {"id": 1})),
    "deletePersonField": ({"id": "KEY"}, None),
    "deletePersonFollower": ({"id": "ID", "followerId": "USER"}, None),
    "deletePersonPicture": ({"id": "1"}, ("person_pictures", {"item_id": 1})),
    "deletePipeline": ({"id": "1"}, ("pipelines", {"id": 1})),
    "deleteProduct": ({"id": "1"}, ("products", {"id": 1})),
    "deleteProductField": ({"id": "KEY"}, None),
    "deleteProductFollower": ({"id": "ID", "followerId": "USER"}, None),
    "deleteStage": ({"id": "1"}, ("stages", {"id": 1})),
    "deleteSubscription": ({"id": "1"}, None),
    "mergeDeals": ({"id": "1", "mergeWithId": "2"}, ("deals", {"id": 1})),
    "mergeOrganizations": ({"id": "1", "mergeWithId": "2"}, ("organizations", {"id": 1})),
    "mergePersons": ({"id": "1", "mergeWithId": "2"}, ("persons", {"id": 1})),
}
"""Action → its inputs, and the row that the account holds before and not afterwards."""
FOLLOWED = {"Organization": "organizations", "Person": "persons", "Product": "products"}


def holds(account, table, wanted):
    """Rows of a table that have the values and are not deleted."""
    return [
        one
        for one in account.rows(table)
        if all(one.get(name) == value for name, value in wanted.items())
        and not one.get("is_deleted")
        and one.get("active_flag") is not False
        and not one.get("deleted_flag")
    ]


def test_every_action_and_input_of_the_component_is_tried():
    tried = {name: set(inputs) for name, (inputs, _) in {**WRITES, **REMOVALS}.items()}
    offered = {name: set(inputs.split()) for name, inputs in COMPONENT_INPUTS.items() if name != "rawRequest"}
    assert tried == offered


@pytest.fixture
def account(request, small):
    """The small account; with the operations Pipedrive has removed where the action is one of them."""
    removed = ACTIONS[snake(request.getfixturevalue("action"))].removed_on is not None
    return request.getfixturevalue("legacy") if removed else small


@pytest.mark.parametrize("action", WRITES)
def test_writes_every_input(action, account, tmp_path):
    inputs, (table, row) = WRITES[action]
    record = inputs | BESIDE.get(action, {})
    run = Loader(account.config(), tmp_path)(rows(action, record), retired_inputs="ignore")
    assert run.errors == []
    assert holds(account, table, row), account.rows(table)[-1]
    if action.startswith("add") and run.ids[0] and table != "followers":
        assert str(holds(account, table, row)[-1]["id"]) == run.ids[0]


@pytest.mark.parametrize("action", REMOVALS)
def test_removes_by_every_input(action, account, tmp_path):
    inputs, gone = REMOVALS[action]
    inputs = dict(inputs)
    if "ID" in inputs.values():
        parent = FOLLOWED[action.removeprefix("delete").removesuffix("Follower")]
        known = next(one for one in account.rows("followers") if one["parent"].startswith(f"{parent}:"))
        inputs = {"id": known["parent"].partition(":")[2], "followerId": str(known["user_id"])}
        gone = ("followers", {"parent": known["parent"], "user_id": known["user_id"]})
    if "KEY" in inputs.values():
        entity = action.removeprefix("delete").removesuffix("Field").lower()
        fields = account.get(f"/api/v2/{entity}Fields?limit=500")["data"]
        inputs = {"id": next(one["field_code"] for one in fields if one["is_custom_field"])}
    if gone is None:
        gone = _removed_row(account, action, inputs)
    assert holds(account, *gone)
    run = Loader(account.config(), tmp_path)(rows(action, inputs))
    assert run.errors == []
    assert not holds(account, *gone)


def _removed_row(account, action, inputs):
    """The row that an operation removed from the API deletes, in the account that still has it."""
    if action.endswith("Field"):
        entity = action.removeprefix("delete").removesuffix("Field").lower()
        return f"{entity}_fields", {"key": inputs["id"]}
    if action == "cancelRecurringSubscription":
        recurring = next(one for one in account.rows("subscriptions") if one["cycle_amount"] is not None)
        inputs["id"] = str(recurring["id"])
        return "subscriptions", {"id": recurring["id"], "end_date": recurring["end_date"]}
    table = {"deleteChannel": "channels", "deleteConversation": "channel_messages"}.get(
        action, "subscriptions"
    )
    row = account.rows(table)[0]
    if table == "channel_messages":
        inputs |= {"channelId": row["channel_id"], "conversationId": row["conversation_id"]}
        return table, {"channel_id": row["channel_id"], "conversation_id": row["conversation_id"]}
    inputs["id"] = str(row["id"])
    return table, {"id": row["id"]}


def test_a_raw_request_accepts_every_input_as_text(load, small):
    record = {
        "method": "PUT",
        "url": "/notes/1",
        "data": '{"content": "By raw"}',
        "headers": "X-Mine: 1",
        "queryParams": "",
        "formData": "",
        "fileData": "",
        "fileDataFileNames": "",
        "responseType": "json",
        "debugRequest": "false",
        "maxRetries": "0",
        "retryAllErrors": "false",
        "retryDelayMS": "0",
        "timeout": "5000",
        "useExponentialBackoff": "false",
    }
    assert set(record) == set(COMPONENT_INPUTS["rawRequest"].split())
    run = load(rows("rawRequest", record))
    assert run.errors == []
    assert next(one for one in small.rows("notes") if one["id"] == 1)["content"] == "By raw"


RETIRED = {
    "addDeal": ({"title": "T", "addTime": "2026-01-01T00:00:00Z"}, "addTime"),
    "updateStage": ({"id": "1", "name": "S", "orderNr": "3"}, "orderNr"),
    "updatePipeline": ({"id": "1", "name": "P", "orderNr": "3"}, "orderNr"),
    "addPipeline": ({"name": "P", "active": "0"}, "active"),
    "updateProduct": ({"id": "1", "name": "P", "activeFlag": "0"}, "activeFlag"),
    "updateDealProduct": (
        {"id": "4", "productAttachmentId": "1", "quantity": "9", "itemPrice": "1", "duration": "3"},
        "duration",
    ),
}
"""Action → a record with an input that today's API cannot express, and that input."""


@pytest.mark.parametrize("action", RETIRED)
def test_an_input_that_today_s_api_cannot_express_is_rejected_by_name(action, load, small):
    record, name = RETIRED[action]
    before = small.snapshot()
    run = load(rows(action, record))
    assert run.results == [] or run.outcomes == ["failed"]
    assert all(fact in " ".join([*run.errors, str(run.error)]) for fact in (name, "retired_inputs"))
    assert_same_rows(small, before)


@pytest.mark.parametrize("action", RETIRED)
def test_such_an_input_can_be_ignored_with_a_warning(action, load, caplog):
    record, name = RETIRED[action]
    run = load(rows(action, record, record), retired_inputs="ignore")
    assert run.errors == []
    assert len([one for one in caplog.messages if name in one and action in one]) == 1


@pytest.mark.parametrize("value", ["1", 1, "true", True, "1.0", "", None], ids=repr)
def test_a_removed_flag_is_accepted_at_its_default_value(value, load, small):
    run = load(rows("updateProduct", {"id": "1", "name": "Still here", "activeFlag": value}))
    assert run.errors == []
    assert next(one for one in small.rows("products") if one["id"] == 1)["name"] == "Still here"


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (5, {"amount": 5, "currency": "EUR"}),
        ("12.50", {"amount": 12.5, "currency": "EUR"}),
        ({"amount": 7}, {"amount": 7, "currency": "EUR"}),
        ('{"amount": "8"}', {"amount": 8, "currency": "EUR"}),
        ({"amount": 9, "currency": "USD"}, {"amount": 9, "currency": "USD"}),
        ("", None),
        (None, None),
    ],
)
def test_a_new_lead_without_a_currency_gets_that_of_the_account(value, stored, load, small):
    run = load(rows("add_lead", {"title": "L", "person_id": 1, "value": value}))
    assert run.errors == []
    assert next(one for one in small.rows("leads") if one["id"] == run.ids[0])["value"] == stored


def test_an_amount_alone_keeps_the_currency_of_the_lead(load, small):
    load(rows("update_lead", {"id": LEAD, "value": {"amount": 1, "currency": "USD"}}))
    run = load(rows("update_lead", {"id": LEAD, "value": "300"}))
    assert run.errors == []
    assert next(one for one in small.rows("leads") if one["id"] == LEAD)["value"] == {
        "amount": 300,
        "currency": "USD",
    }


def test_the_default_currency_is_read_once_for_many_leads(load, small):
    small.post("/_emulator/log/clear")
    run = load(rows("add_lead", *[{"title": f"L{n}", "person_id": 1, "value": n} for n in range(1, 30)]))
    assert run.errors == []
    assert small.requests()["GET /api/v1/users/me"] <= 2  # once for the currency, once for the server's time


def test_a_currency_without_an_amount_is_rejected(load):
    run = load(rows("add_lead", {"title": "L", "person_id": 1, "value": {"currency": "EUR"}}))
    assert run.outcomes == ["failed"]
    assert "value" in run.errors[0]
    assert "amount" in run.errors[0]
