"""The platform's actions have their documented effect, with the platform's names of the inputs."""

from __future__ import annotations

import base64

from tests.target.helpers import Loader, rows


def row(small, table, row_id):
    return next((one for one in small.rows(table) if str(one["id"]) == str(row_id)), None)


def test_adds_with_the_names_of_the_seed(load, small):
    lead_label = small.rows("lead_labels")[0]["id"]
    run = load(
        rows("addOrganization", {"name": "Org", "ownerId": "2", "visibleTo": "3"}),
        rows("addPerson", {"name": "Per", "email": "p@example.com", "phone": "12", "orgId": 1, "ownerId": 2}),
        rows("addDeal", {"title": "D", "value": "12.50", "currency": "EUR", "userId": "2", "personId": "1",
                         "orgId": "1", "stageId": 1, "pipelineId": 1, "probability": "40"}),
        rows("addLead", {"title": "L", "personId": 1, "value": '{"amount": 5, "currency": "EUR"}',
                         "labelIds": lead_label, "wasSeen": "true"}),
        rows("addProduct", {"name": "P", "code": "x", "selectable": "1", "tax": "20",
                            "prices": '[{"currency": "EUR", "price": 3}]'}),
        rows("addPipeline", {"name": "Pipe", "dealProbability": "1"}),
        rows("addStage", {"name": "St", "pipelineId": "1", "rottenDays": "5", "rottenFlag": True}),
        rows("addLeadLabel", {"name": "Blue", "color": "blue"}),
        rows("addFile", {"file": "hello", "fileName": "a.txt", "entityType": "deal", "entityId": "1"}),
        rows("addDealFollower", {"id": "1", "userId": "3"}),
        rows("addDealProduct", {"id": 1, "product_id": 1, "itemPrice": "9.99", "quantity": "2",
                                "discountPercentage": "10", "enabledFlag": "1"}),
        rows("addDealParticipant", {"id": 1, "personId": 3}),
        rows("addCallLog", {"outcome": "connected", "toPhoneNumber": "1", "startTime": "2026-01-01T10:00:00Z",
                            "endTime": "2026-01-01 10:05:00", "dealId": "1"}),
    )  # fmt: skip
    assert run.errors == []
    assert set(run.outcomes) == {"created"}
    ids = dict(zip([one["stream"] for one in run.results], run.ids, strict=True))
    assert row(small, "organizations", ids["addOrganization"])["owner_id"] == 2
    person = row(small, "persons", ids["addPerson"])
    assert [(one["value"], one["primary"]) for one in person["emails"]] == [("p@example.com", True)]
    deal = row(small, "deals", ids["addDeal"])
    assert (deal["value"], deal["owner_id"], deal["person_id"], deal["probability"]) == (12.5, 2, 1, 40)
    lead = row(small, "leads", ids["addLead"])
    assert lead["value"] == {"amount": 5, "currency": "EUR"}
    assert lead["was_seen"] is True
    product = row(small, "products", ids["addProduct"])
    assert (product["is_linkable"], product["tax"]) == (True, 20)
    stage = row(small, "stages", ids["addStage"])
    assert (stage["days_to_rotten"], stage["is_deal_rot_enabled"]) == (5, True)
    assert row(small, "files", ids["addFile"])["deal_id"] == 1
    assert any(one["parent"] == "deals:1" and one["user_id"] == 3 for one in small.rows("followers"))
    line = row(small, "deal_products", ids["addDealProduct"])
    assert (line["item_price"], line["quantity"], line["discount"]) == (9.99, 2, 10)


def test_deletes_and_the_one_field_of_a_person(load, small):
    field = next(
        one
        for one in small.get("/api/v2/personFields?limit=500")["data"]
        if one["is_custom_field"] and one["field_type"] == "double"
    )
    run = load(
        rows(
            "setFieldValueForPerson", {"personId": "2", "customFieldKey": field["field_code"], "value": "7"}
        ),
        rows("setFieldValueForPerson", {"personId": "3", "customFieldKey": "name", "value": "Renamed"}),
        rows("deletePersonField", {"id": field["field_code"]}),
        rows("deleteNote", {"id": 1}),
        rows("deleteStage", {"id": 2}),
        rows("updateLead", {"id": small.rows("leads")[0]["id"], "isArchived": True}),
    )
    assert run.outcomes == ["updated", "updated", "deleted", "deleted", "deleted", "updated"], run.errors
    assert row(small, "persons", 3)["name"] == "Renamed"


def test_a_removed_input_is_rejected_with_the_reason(load):
    run = load(rows("addStage", {"name": "S", "pipelineId": 1}), rows("updateStage", {"id": 1, "orderNr": 3}))
    assert run.outcomes == ["created"]
    assert all(fact in str(run.error) for fact in ("orderNr", "order of stages", "retired_inputs"))


def test_files_by_content_base64_and_path(load, small, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "b.bin").write_bytes(b"\x00\x01")
    (tmp_path / "secret.txt").write_text("no")
    content = base64.b64encode(b"\x00\x01\x02").decode()
    run = load(
        rows(
            "add_file", {"deal_id": 1, "content": content, "content_encoding": "base64", "file_name": "a.bin"}
        ),
        rows("add_file", {"deal_id": 1, "path": "b.bin"}, {"deal_id": 1, "path": "../secret.txt"}),
        files_dir=str(folder),
    )
    assert run.outcomes == ["created", "created", "failed"]
    assert "path is outside files_dir" in run.errors[0]
    sizes = {row(small, "files", one)["name"]: row(small, "files", one)["file_size"] for one in run.ids[:2]}
    assert sizes == {"a.bin": 3, "b.bin": 2}


def test_raw_requests_of_both_spellings(load, small):
    run = load(
        rows("raw_request", {"method": "POST", "path": "/api/v2/deals", "body": {"title": "Raw"}, "cost": 5}),
        rows("rawRequest", {"method": "put", "url": "/notes/1", "data": '{"content": "Changed"}',
                            "headers": "X-Mine: 1", "responseType": "json", "maxRetries": "0"}),
        rows("raw_request", {"method": "POST", "path": "https://example.com/x"}),
        rows("raw_request", {"method": "GET", "path": "/v1/users", "headers": {"x-api-token": "other"}}),
    )  # fmt: skip
    assert run.outcomes == ["created", "updated", "failed", "failed"]
    assert row(small, "deals", run.ids[0])["title"] == "Raw"
    assert row(small, "notes", 1)["content"] == "Changed"


def test_actions_that_pipedrive_removed_are_performed_with_a_warning(legacy, tmp_path, caplog):
    load = Loader(legacy.config(), tmp_path)
    caplog.set_level("WARNING")
    run = load(rows("addChannel", {"name": "C", "providerChannelId": "1"}))
    assert run.outcomes == ["created"], run.errors
    assert "removed addChannel on 2026-02-01" in caplog.text


def test_followers_are_upserted_by_their_user(load, small):
    known = next(one for one in small.rows("followers") if one["parent"].startswith("deals:"))
    deal = int(known["parent"].partition(":")[2])
    users = {one["user_id"] for one in small.rows("followers") if one["parent"] == known["parent"]}
    new = next(one["id"] for one in small.rows("users") if one["id"] not in users and one["active_flag"])
    run = load(
        rows("deal_followers", {"deal_id": deal, "user_id": known["user_id"]},
             {"deal_id": deal, "user_id": new},
             keys=["deal_id", "user_id"])
    )  # fmt: skip
    assert run.outcomes == ["unchanged", "created"], run.errors


def test_products_on_deals_are_compared_in_bulk(load, small):
    lines = small.rows("deal_products")[:5]
    small.post("/_emulator/log/clear")
    run = load(
        rows(
            "deal_products",
            *[{"id": one["id"], "deal_id": one["deal_id"], "quantity": one["quantity"]} for one in lines],
            {"id": lines[0]["id"], "deal_id": lines[0]["deal_id"], "quantity": 77},
            keys=["id"],
        )
    )
    assert run.outcomes == ["unchanged"] * 5 + ["updated"]
    assert small.requests()["GET /api/v2/deals/products"] <= 2
