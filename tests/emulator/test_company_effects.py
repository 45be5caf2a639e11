"""Side effects of writes on fields, filters, notes, files, mail, projects, roles, users and the journal."""

from __future__ import annotations

import pytest

from tests.emulator.checked import Checked

CHOICE = {"field_name": "Größe", "field_type": "enum", "options": [{"label": "S"}, {"label": "L"}]}


@pytest.fixture
def call(ask):
    return Checked(ask)


def _ids(rows):
    return {row["id"] for row in rows or ()}


def _filter(call, kind, about, field_id, value, operator="="):
    condition = {"object": about, "field_id": str(field_id), "operator": operator, "value": str(value)}
    groups = [{"glue": "and", "conditions": [condition]}, {"glue": "or", "conditions": []}]
    body = {"name": "F", "type": kind, "conditions": {"glue": "and", "conditions": groups}}
    return call.raw("v1:addFilter", body=body)


def _v1_id(call, code):
    rows = call.data("v1:getDealFields", query={"limit": 500})
    return next(row["id"] for row in rows if row["key"] == code)


# Fields and options


def test_a_renamed_option_shows_its_label_and_a_deleted_one_matches_no_filter(call):
    field = call.data("v2:addDealField", body=CHOICE)
    code, (small, large) = field["field_code"], (option["id"] for option in field["options"])
    deals = [
        call.data("v2:addDeal", body={"title": "x", "custom_fields": {code: number}})["id"]
        for number in (small, large)
    ]
    number = _filter(call, "deals", "deal", _v1_id(call, code), small).json()["data"]["id"]
    query = {"filter_id": number, "limit": 500}
    assert _ids(call.data("v2:getDeals", query=query)) == {deals[0]}
    call("v2:updateDealFieldOptions", field_code=code, body=[{"id": small, "label": "XS"}])
    shown = call.data("v2:getDeal", id=deals[0], query={"include_option_labels": "true"})
    assert shown["custom_fields"][code] == {"id": small, "label": "XS"}
    call("v2:deleteDealFieldOptions", field_code=code, body=[{"id": small}])
    assert call.data("v2:getDeals", query=query) == []
    assert call.data("v2:getDeal", id=deals[0])["custom_fields"][code] is None
    call.refused("v2:updateDeal", 400, id=deals[0], body={"custom_fields": {code: small}})
    call("v2:updateDeal", id=deals[0], body={"custom_fields": {code: large}})


def test_a_deleted_field_leaves_filters_search_and_both_versions(call):
    field = call.data("v2:addDealField", body={"field_name": "Text", "field_type": "varchar"})
    code = field["field_code"]
    v1_id = _v1_id(call, code)
    deal = call.data("v2:addDeal", body={"title": "x", "custom_fields": {code: "Quokka"}})["id"]
    number = _filter(call, "deals", "deal", v1_id, "Quokka").json()["data"]["id"]
    query = {"filter_id": number, "limit": 500}
    assert _ids(call.data("v2:getDeals", query=query)) == {deal}
    assert call.data("v2:searchDeals", query={"term": "quokka"})["items"]
    renamed = call.data("v2:updateDealField", field_code=code, body={"field_name": "Renamed"})
    assert renamed["field_name"] == "Renamed"
    assert call.data("v1:getDealField", id=v1_id)["name"] == "Renamed"
    call("v1:deleteDealField", id=v1_id)
    assert call.data("v2:searchDeals", query={"term": "quokka"})["items"] == []
    assert call.data("v2:getDeals", query=query) == []
    assert _filter(call, "deals", "deal", v1_id, "x").status_code == 400
    assert code not in call.data("v2:getDeal", id=deal)["custom_fields"]
    assert code not in call.data("v1:duplicateDeal", id=deal)
    for key, path in (("v1:deleteDealField", {"id": v1_id}), ("v2:deleteDealField", {"field_code": code})):
        call.refused(key, 404, **path)
    again = call.data("v2:addDealField", body={"field_name": "Text", "field_type": "varchar"})
    assert again["field_code"] != code


def test_details_of_a_field_are_settled_by_the_system(call):
    dialog = {"ui_visibility": {"show_in_add_deal_dialog": {"show": True, "order": 77}}}
    fields = [
        call.data("v2:addPersonField", body={"field_name": name, "field_type": "text", **dialog})
        for name in "AB"
    ]
    orders = [f["ui_visibility"]["show_in_add_deal_dialog"]["order"] for f in fields]
    assert orders[1] == orders[0] + 1 != 78
    hidden = {"ui_visibility": {"show_in_add_deal_dialog": {"show": False}}}
    code = fields[0]["field_code"]
    shown = call.data("v2:updatePersonField", field_code=code, body=hidden)["ui_visibility"]
    assert shown["show_in_add_deal_dialog"] == {"show": False, "order": None}
    on = {"important_fields": {"enabled": True, "stage_ids": [1]}}
    call("v2:updatePersonField", field_code=code, body=on)
    off = call.data("v2:updatePersonField", field_code=code, body={"important_fields": {"enabled": False}})
    assert off["important_fields"] == {"enabled": False, "stage_ids": []}
    pipeline = {"show_in_pipelines": {"show_in_all": False, "pipeline_ids": [2]}}
    for wrong in (
        {"ui_visibility": pipeline, "important_fields": {"enabled": True, "stage_ids": [1]}},
        {"required_fields": {"enabled": True, "stage_ids": [9_999]}},
        {"required_fields": {"statuses": {"9999": ["won"]}}},
        {"required_fields": {"statuses": {"1": ["open"]}}},
        {"ui_visibility": {"show_in_pipelines": {"pipeline_ids": [9_999]}}},
    ):
        call.refused("v2:addDealField", 400, body={"field_name": "x", "field_type": "text", **wrong})


def test_fields_of_v1_are_shown_in_the_add_dialog_by_default(call):
    for word in ("Deal", "Person", "Organization"):
        body = {"name": "x", "field_type": "text"}
        assert call.data(f"v1:add{word}Field", body=body)["add_visible_flag"] is True
        flag = {**body, "add_visible_flag": False}
        field = call.data(f"v1:add{word}Field", body=flag)
        assert field["add_visible_flag"] is False
        call(f"v1:update{word}Field", id=field["id"], body={"add_visible_flag": True})
        query = {"include_fields": "ui_visibility"}
        shown = call.data(f"v2:get{word}Field", field_code=field["key"], query=query)["ui_visibility"]
        assert shown["add_visible_flag"] is True


def test_a_deleted_filter_has_no_effect(call):
    number = _filter(call, "deals", "deal", _v1_id(call, "title"), "x").json()["data"]["id"]
    before = call.data("v1:getFilter", id=number)
    call("v1:updateFilter", id=number, body={"conditions": before["conditions"]})
    assert call.data("v1:getFilter", id=number)["update_time"] == before["update_time"]
    call("v1:deleteFilter", id=number)
    call.refused("v1:getFilter", 404, id=number)
    call.refused("v1:deleteFilter", 404, id=number)
    call.refused("v2:getDeals", 400, query={"filter_id": number})
    assert number not in _ids(call.data("v1:getFilters"))


# Notes, files, mail


@pytest.mark.parametrize("name", ["deal", "person", "org"])
def test_a_pin_needs_what_it_is_pinned_to(call, name):
    pin = f"pinned_to_{'organization' if name == 'org' else name}_flag"
    other = {"lead_id": call.data("v1:getLeads", query={"limit": 1})[0]["id"]}
    call.refused("v1:addNote", 400, body={"content": "n", pin: 1, **other})
    note = call.data("v1:addNote", body={"content": "n", pin: 1, f"{name}_id": 1})
    assert note[pin] is True
    assert note["id"] in _ids(call.data("v1:getNotes", query={pin: 1, "limit": 500}))
    unpinned = call.data("v1:updateNote", id=note["id"], body={pin: 0})
    assert (unpinned[pin], unpinned["last_update_user_id"]) == (False, 1)
    same = call.data("v1:updateNote", id=note["id"], body={"content": "n"})
    assert same["update_time"] == unpinned["update_time"]
    plain = call.data("v1:addNote", body={"content": "n", **other})["id"]
    call.refused("v1:updateNote", 400, id=plain, body={pin: 1})


def test_deleting_a_note_deletes_its_comments(call):
    note = call.data("v1:addNote", body={"content": "Quokka", "deal_id": 1})["id"]
    comment = call.data("v1:addNoteComment", id=note, body={"content": "c"})["uuid"]
    found = call.data("v2:searchDeals", query={"term": "quokka"})["items"]
    assert {entry["item"]["id"] for entry in found} == {1}
    call("v1:deleteNote", id=note)
    call.refused("v1:deleteNote", 404, id=note)
    call.refused("v1:getNote", 404, id=999_999)
    assert call.data("v1:getNote", id=note)["active_flag"] is False
    assert call.data("v1:updateNote", id=note, body={"content": "x"})["active_flag"] is False
    call.refused("v1:getComment", 404, id=note, commentId=comment)
    call.refused("v1:addNoteComment", 404, id=note, body={"content": "x"})
    assert note not in _ids(call.data("v1:getNotes", query={"deal_id": 1, "limit": 500}))
    assert call.data("v2:searchDeals", query={"term": "quokka"})["items"] == []


def test_a_deleted_file_is_missing_in_every_list(call):
    file = call.data("v1:addFile", files={"file": ("a.txt", b"x")}, form={"deal_id": 1})["id"]
    assert call.data("v1:getFiles", query={"sort": "id DESC", "limit": 1})[0]["id"] == file
    assert call.data("v1:deleteFile", id=file) == {"id": file}
    for key in ("v1:getFile", "v1:downloadFile", "v1:deleteFile"):
        call.refused(key, 404, id=file)
    call.refused("v1:updateFile", 404, id=file, form={"name": "x"})
    assert file not in _ids(call.data("v1:getFiles", query={"limit": 100}))
    assert file not in _ids(call.data("v1:getDealFiles", id=1))


def test_mail_follows_its_thread(call):
    query = {"include_fields": "email_messages_count"}
    deal = call.data("v2:addDeal", body={"title": "x"})["id"]
    assert call.data("v2:getDeal", id=deal, query=query)["email_messages_count"] == 0
    moved = call.data("v1:updateMailThreadDetails", id=1, form={"deal_id": deal})
    assert (moved["deal_id"], moved["lead_id"]) == (deal, None)
    count = call.data("v2:getDeal", id=deal, query=query)["email_messages_count"]
    assert count == len(call.data("v1:getDealMailMessages", id=deal)) == 2
    call("v1:updateMailThreadDetails", id=1, form={"archived_flag": "1"})
    assert 1 not in _ids(call.data("v1:getMailThreads", query={"folder": "inbox"}))
    assert 1 in _ids(call.data("v1:getMailThreads", query={"folder": "archive"}))
    message = call.data("v1:getMailThreadMessages", id=1)[0]["id"]
    call("v1:deleteMailThread", id=1)
    for key, number in (("v1:getMailThread", 1), ("v1:deleteMailThread", 1), ("v1:getMailMessage", message)):
        call.refused(key, 404, id=number)
    assert call.data("v2:getDeal", id=deal, query=query)["email_messages_count"] == 0
    assert not call.data("v1:getDealMailMessages", id=deal)


# The journal


def _fields(call, word, number):
    return [row["field_key"] for row in call.data(f"v1:get{word}Changelog", id=number, query={"limit": 500})]


def test_merges_conversions_and_lines_leave_entries(call):
    absorbed = call.data("v2:addDeal", body={"title": "A", "org_id": 1, "label_ids": [1]})["id"]
    survivor = call.data("v2:addDeal", body={"title": "B"})["id"]
    call("v1:mergeDeals", id=absorbed, body={"merge_with_id": survivor})
    assert {"org_id", "label"} <= set(_fields(call, "Deal", survivor))
    line = {"product_id": 1, "item_price": 7, "quantity": 1, "tax_method": "none"}
    call("v2:addDealProduct", id=survivor, body=line)
    assert "value" in _fields(call, "Deal", survivor)
    person, other = (call.data("v2:addPerson", body={"name": n, "org_id": 1})["id"] for n in "PQ")
    deal = call.data("v2:addDeal", body={"title": "D", "person_id": person})["id"]
    call("v1:mergePersons", id=person, body={"merge_with_id": other})
    entry = next(r for r in call.data("v1:getDealChangelog", id=deal) if r["field_key"] == "person_id")
    assert (entry["old_value"], entry["new_value"], entry["actor_user_id"]) == (str(person), str(other), 1)
    flow = call.data("v1:getPersonUpdates", id=other)
    assert ("dealChange", "person_id") in {(row["object"], row["data"].get("field_key")) for row in flow}
    changes = call.data("v1:getDealParticipantsChangelog", id=deal)
    assert {(c["action"], c["person_id"]) for c in changes} == {
        ("added", person),
        ("removed", person),
        ("added", other),
    }


def test_times_of_the_journal_are_those_of_the_changes(call):
    deal = call.data("v2:addDeal", body={"title": "0"})["id"]
    call.ask.hook("clock", {"advance_seconds": 3_600})
    changed = call.data("v2:updateDeal", id=deal, body={"title": "1", "stage_id": 2})
    rows = {row["field_key"]: row for row in call.data("v1:getDealChangelog", id=deal)}
    assert {rows["title"]["time"], rows["stage_id"]["time"]} == {
        changed["update_time"].replace("T", " ")[:19]
    }
    assert rows["add_time"]["time"] < rows["title"]["time"]
    assert (rows["stage_id"]["old_value"], rows["stage_id"]["new_value"]) == ("1", "2")
    call("v2:updateDeal", id=deal, body={"is_archived": True})
    call("v2:updateDeal", id=deal, body={"is_archived": False})
    assert _fields(call, "Deal", deal).count("is_archived") == 2


# Projects


def test_items_leave_the_plan_with_their_project(call):
    project = call.data("v2:addProject", body={"title": "P"})["id"]
    task = call.data("v2:addTask", body={"title": "T", "project_id": project})["id"]
    activity = call.data("v2:addActivity", body={"project_id": project})["id"]
    places = (("Task", {"taskId": task}), ("Activity", {"activityId": activity}))
    for word, place in places:
        call(f"v1:putProjectPlan{word}", id=project, **place, body={"phase_id": 2})
    assert {item["phase_id"] for item in call.data("v1:getProjectPlan", id=project)} == {2}
    call("v2:updateTask", id=task, body={"project_id": 2})
    call("v2:deleteActivity", id=activity)
    assert not call.data("v1:getProjectPlan", id=project)
    moved = next(
        i for i in call.data("v1:getProjectPlan", id=2) if (i["item_type"], i["item_id"]) == ("task", task)
    )
    assert moved["phase_id"] == call.data("v2:getProject", id=2)["phase_id"]
    call.refused("v1:putProjectPlanTask", 404, id=project, taskId=task, body={"phase_id": 2})


def test_an_archived_project_keeps_its_tasks_as_they_are(call):
    project = call.data("v2:addProject", body={"title": "P"})["id"]
    task = call.data("v2:addTask", body={"title": "T", "project_id": project})["id"]
    call("v2:archiveProject", id=project)
    assert project in _ids(call.data("v2:getArchivedProjects", query={"limit": 500}))
    assert project not in _ids(call.data("v2:getProjects", query={"limit": 500}))
    call.refused("v2:archiveProject", 403, id=project)
    call.refused("v2:updateProject", 403, id=project, body={"title": "x"})
    call.refused("v2:updateTask", 403, id=task, body={"title": "x"})
    call.refused("v2:deleteTask", 403, id=task)
    call.refused("v2:addTask", 403, body={"title": "x", "project_id": project})
    call.refused("v1:putProjectPlanTask", 403, id=project, taskId=task, body={"phase_id": 2})


def test_a_status_of_a_project_reports_its_time(call):
    project = call.data("v2:addProject", body={"title": "P"})
    call.ask.hook("clock", {"advance_seconds": 60})
    renamed = call.data("v2:updateProject", id=project["id"], body={"title": "Q"})
    assert renamed["status_change_time"] == project["status_change_time"]
    done = call.data("v2:updateProject", id=project["id"], body={"status": "completed"})
    assert done["status_change_time"] > project["status_change_time"]
    entry = call.data("v2:getProjectChangelog", id=project["id"])[0]
    assert (entry["old_values"]["status"], entry["new_values"]["status"]) == ("open", "completed")


# Users, roles, webhooks


def test_a_deactivated_user_remains_without_permissions(call):
    assert 3 in call.data("v1:getDealUsers", id=1)
    call("v1:updateUser", id=3, body={"active_flag": False})
    assert 3 in _ids(call.data("v1:getUsers"))
    assert call.data("v1:getUser", id=3)["active_flag"] is False
    visible = call.data("v2:addDeal", body={"title": "x", "visible_to": 7})["id"]
    assert 3 not in call.data("v1:getDealUsers", id=visible)
    assert call.data("v1:updateUser", id=3, body={"active_flag": True})["active_flag"] is True


def test_access_is_given_in_one_way(call):
    access = {"app": "sales", "admin": True, "permission_set_id": call.data("v1:getPermissionSets")[0]["id"]}
    call.refused("v1:addUser", 400, body={"email": "neu@nordwind.example", "access": [access]})
    user = call.data("v1:addUser", body={"email": "neu@nordwind.example"})
    assert [entry["app"] for entry in user["access"]] == ["sales"]
    assert user["id"] in _ids(call.data("v1:getUsers"))


def test_a_deleted_lead_label_can_be_added_again(call):
    body = {"name": "Again", "color": "red"}
    label = call.data("v1:addLeadLabel", body=body)["id"]
    call("v1:deleteLeadLabel", id=label)
    call.refused("v1:deleteLeadLabel", 404, id=label)
    call.refused("v1:updateLeadLabel", 404, id=label, body={"name": "x"})
    call.refused("v1:addLead", 400, body={"title": "L", "person_id": 1, "label_ids": [label]})
    assert call.data("v1:addLeadLabel", body=body)["id"] != label


def test_a_deleted_product_is_found_nowhere(call):
    product = call.data("v2:addProduct", body={"name": "Quokka tool", "code": "Q-1"})["id"]
    found = call.data("v2:searchProducts", query={"term": "quokka"})["items"]
    assert {entry["item"]["id"] for entry in found} == {product}
    call("v2:deleteProduct", id=product)
    assert call.data("v2:searchProducts", query={"term": "quokka"})["items"] == []
    assert product not in _ids(call.data("v2:getProducts", query={"limit": 500}))
    for key in (
        "v2:getProduct",
        "v2:deleteProduct",
        "v2:duplicateProduct",
        "v1:getProductDeals",
        "v1:getProductFiles",
    ):
        call.refused(key, 404, id=product)
    call.refused("v2:updateProduct", 404, id=product, body={"name": "x"})
