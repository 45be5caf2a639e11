"""Files."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, Encoding, Verb

ACTIONS = (
    ActionSpec(
        name="add_file",
        operation="addFile",
        method="POST",
        path="/v1/files",
        cost=10,
        entity="files",
        verb=Verb.ADD,
        body="""
            file!:file deal_id person_id org_id product_id activity_id lead_id:uuid project_id
        """,
        encoding=Encoding.MULTIPART,
        extras="entity_type entity_id",
        shape="attached_to",
    ),
    ActionSpec(
        name="add_file_and_link_it",
        operation="addFileAndLinkIt",
        method="POST",
        path="/v1/files/remote",
        cost=10,
        entity="files",
        verb=Verb.ADD,
        body="""
            file_type!=gdoc|gslides|gsheet|gform|gdraw title! item_type!=deal|organization|person
            item_id! remote_location!=googledrive
        """,
        encoding=Encoding.FORM,
    ),
    ActionSpec(
        name="link_file_to_item",
        operation="linkFileToItem",
        method="POST",
        path="/v1/files/remoteLink",
        cost=10,
        entity="files",
        verb=Verb.OTHER,
        body="""
            item_type!=deal|organization|person item_id! remote_id!:str remote_location!=googledrive
        """,
        encoding=Encoding.FORM,
    ),
    ActionSpec(
        name="delete_file",
        operation="deleteFile",
        method="DELETE",
        path="/v1/files/{id}",
        cost=6,
        entity="files",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="update_file",
        operation="updateFile",
        method="PUT",
        path="/v1/files/{id}",
        cost=10,
        entity="files",
        verb=Verb.UPDATE,
        body="name description",
        encoding=Encoding.FORM,
    ),
)
