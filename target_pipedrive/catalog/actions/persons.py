"""Persons, their followers and pictures."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, Encoding, Verb

_OLD_NAMES = {"user_id": "owner_id", "email": "emails", "phone": "phones", "label": "label_ids"}

_UPDATABLE = """
    name owner_id org_id emails:emails phones:phones visible_to:int label_ids
    postal_address:address notes im:contacts birthday:date job_title
    marketing_status=no_consent|unsubscribed|subscribed|archived custom_fields:map
"""

ACTIONS = (
    ActionSpec(
        name="merge_persons",
        operation="mergePersons",
        method="PUT",
        path="/v1/persons/{id}/merge",
        cost=40,
        entity="persons",
        verb=Verb.MERGE,
        body="merge_with_id!",
    ),
    ActionSpec(
        name="delete_person_picture",
        operation="deletePersonPicture",
        method="DELETE",
        path="/v1/persons/{id}/picture",
        cost=6,
        entity="person_pictures",
        verb=Verb.DELETE,
        parent="persons",
    ),
    ActionSpec(
        name="add_person_picture",
        operation="addPersonPicture",
        method="POST",
        path="/v1/persons/{id}/picture",
        cost=10,
        entity="person_pictures",
        verb=Verb.ADD,
        parent="persons",
        body="file!:file crop_x:int crop_y:int crop_width:int crop_height:int",
        encoding=Encoding.MULTIPART,
    ),
    ActionSpec(
        name="add_person",
        operation="addPerson",
        method="POST",
        path="/api/v2/persons",
        cost=5,
        entity="persons",
        verb=Verb.ADD,
        one_of="name",
        body="""
            name owner_id org_id add_time:time emails:emails phones:phones visible_to:int label_ids
            postal_address:address notes im:contacts birthday:date job_title
            marketing_status=no_consent|unsubscribed|subscribed|archived custom_fields:map
        """,
        aliases=_OLD_NAMES,
        extras="first_name last_name",
        shape="full_name",
        custom_fields="person",
    ),
    ActionSpec(
        name="delete_person",
        operation="deletePerson",
        method="DELETE",
        path="/api/v2/persons/{id}",
        cost=3,
        entity="persons",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="update_person",
        operation="updatePerson",
        method="PATCH",
        path="/api/v2/persons/{id}",
        cost=5,
        entity="persons",
        verb=Verb.UPDATE,
        body=_UPDATABLE,
        aliases=_OLD_NAMES,
        extras="first_name last_name",
        shape="full_name",
        custom_fields="person",
    ),
    ActionSpec(
        name="add_person_follower",
        operation="addPersonFollower",
        method="POST",
        path="/api/v2/persons/{id}/followers",
        cost=5,
        entity="person_followers",
        verb=Verb.ADD,
        parent="persons",
        body="user_id!",
    ),
    ActionSpec(
        name="delete_person_follower",
        operation="deletePersonFollower",
        method="DELETE",
        path="/api/v2/persons/{id}/followers/{follower_id}",
        cost=3,
        entity="person_followers",
        verb=Verb.DELETE,
        parent="persons",
        aliases={"user_id": "follower_id"},
    ),
    ActionSpec(
        name="set_field_value_for_person",
        operation="updatePerson",
        method="PATCH",
        path="/api/v2/persons/{id}",
        cost=5,
        entity="persons",
        verb=Verb.UPDATE,
        body=_UPDATABLE,
        aliases={**_OLD_NAMES, "person_id": "id"},
        custom_fields="person",
        extras="custom_field_key value",
        shape="one_custom_field",
    ),
)
