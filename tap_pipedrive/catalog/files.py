"""Files."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Changes, Parent, Read, StreamSpec

STREAMS = (
    StreamSpec(
        name="files",
        summary="Files and the rows they are attached to; their content is in the stream `file_contents`.",
        reads=(
            Read(
                "getFiles",
                "/v1/files",
                20,
                Paging.OFFSET,
                page_size=100,
                changes=Changes(ascending={"sort": "update_time ASC"}),
            ),
        ),
        single=Read("getFile", "/v1/files/{id}", 2),
        schema=columns(
            """
            id! name description file_name file_type file_size active_flag inline_flag user_id deal_id
            person_id org_id product_id activity_id lead_id project_id log_id deal_name person_name
            org_name product_name lead_name project_name remote_location remote_id cid s3_bucket
            mail_message_id:str mail_template_id url add_time update_time people_name
            """
        ),
        observed=("people_name",),
        replication_key="update_time",
        serves=("getDealFiles", "getPersonFiles", "getOrganizationFiles", "getProductFiles"),
        notes="Each row references its deal, person, organization, product, activity, lead and project.",
    ),
    StreamSpec(
        name="file_contents",
        summary="Files with their bytes, which are written to a folder; each row contains the path.",
        reads=(Read("downloadFile", "/v1/files/{id}/download", 20),),
        schema=columns(
            """
            id! name file_name description deal_id person_id org_id product_id activity_id lead_id project_id
            sha256 size path
            """,
            of="contents",
        ),
        parent=Parent(
            stream="files",
            context={
                "id": "id",
                "name": "name",
                "file_name": "file_name",
                "description": "description",
                "deal_id": "deal_id",
                "person_id": "person_id",
                "org_id": "org_id",
                "product_id": "product_id",
                "activity_id": "activity_id",
                "lead_id": "lead_id",
                "project_id": "project_id",
                "size": "file_size",
            },
            when="active_flag",
        ),
        selected_by_default=False,
        notes="Needs the setting `files_dir`. Files stored by other services have no content here.",
    ),
)
