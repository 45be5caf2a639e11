"""Files, v1: upload, lists, download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.blobs import OCTETS, disposition, file_content
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, invalid, success
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.handlers.resources import Resource, register

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account

# Parent key → (table, shown as, the shown field).
PARENTS = {
    "deal_id": ("deals", "deal_name", "title"),
    "person_id": ("persons", "person_name", "name"),
    "org_id": ("organizations", "org_name", "name"),
    "product_id": ("products", "product_name", "name"),
    "lead_id": ("leads", "lead_name", "title"),
    "project_id": ("projects", "project_name", "title"),
}
OF_PRODUCT = (
    "id",
    "product_id",
    "add_time",
    "update_time",
    "file_name",
    "file_type",
    "file_size",
    "active_flag",
    "inline_flag",
    "remote_location",
    "remote_id",
    "s3_bucket",
    "product_name",
    "url",
    "name",
    "description",
)
KINDS = {"pdf": "pdf", "png": "img", "jpg": "img", "txt": "txt", "csv": "csv", "docx": "doc"}

define_table(TableSpec(name="files", label="File", times="sql", deleted=("active_flag", False)))


def show(account: Account, row: Row) -> Row:
    """Return a file with the names of the rows it belongs to."""
    shown = dict(row)
    for key, (table, name, field) in PARENTS.items():
        parent = (
            None if row[key] is None or table not in account.tables else account.table(table).get(row[key])
        )
        shown[name] = None if parent is None else parent[field]
    shown["url"] = f"{account.base_url}/v1/files/{row['id']}/download"
    return shown


def _of_product(account: Account, row: Row) -> Row:
    """Return a file in the form of a product's list, without other rows that files belong to."""
    return {name: value for name, value in show(account, row).items() if name in OF_PRODUCT}


def file_row(name: str, size: int, user_id: int, **parents: object) -> Row:
    """Return the stored form of a file."""
    return {
        "user_id": user_id,
        "deal_id": None,
        "person_id": None,
        "org_id": None,
        "product_id": None,
        "activity_id": None,
        "lead_id": None,
        "project_id": None,
        "log_id": None,
        **parents,
        "add_time": None,
        "update_time": None,
        "file_name": name,
        "file_type": KINDS.get(name.rpartition(".")[2].lower(), "other"),
        "file_size": size,
        "active_flag": True,
        "inline_flag": False,
        "remote_location": "s3",
        "remote_id": "",
        "cid": "",
        "s3_bucket": "",
        "mail_message_id": "",
        "mail_template_id": "",
        "name": name,
        "description": None,
    }


@handler("v1:addFile")
def add_file(call: Call) -> Response:
    """Return an uploaded file."""
    upload = call.uploads["file"]
    parents = {name: call.body[name] for name in (*PARENTS, "activity_id") if call.body.get(name) is not None}
    if len(parents) != 1:
        raise invalid(
            "A file belongs to exactly one deal, person, organization, product, activity, lead or project"
        )
    for name, key in parents.items():
        table = "activities" if name == "activity_id" else PARENTS[name][0]
        if table not in call.account.tables:
            raise invalid(f"{name} references a row that does not exist")
        call.account.refer(table, key, name)
    row = file_row(upload.file_name, len(upload.content), call.user_id, **parents)
    kept = call.account.insert("files", row, call.user_id)
    call.account.blobs[f"files:{kept['id']}"] = upload.content
    return success(show(call.account, kept), status=call.operation.status)


@handler("v1:downloadFile")
def download_file(call: Call) -> Response:
    """Return the bytes of a file."""
    row = call.account.require("files", call.path["id"])
    if row["remote_location"] != "s3":
        raise ApiError(404, "The file is stored by another service")
    content = file_content(call.account, row)
    return Response(body=content, content_type=OCTETS, headers=[disposition(row["file_name"])])


register(
    Resource(
        table="files",
        operations={
            "list": "v1:getFiles",
            "get": "v1:getFile",
            "update": "v1:updateFile",
            "delete": "v1:deleteFile",
        },
        present=show,
    )
)
for _entity, _key, _table in (
    ("Deal", "deal_id", "deals"),
    ("Person", "person_id", "persons"),
    ("Organization", "org_id", "organizations"),
    ("Product", "product_id", "products"),
):
    register(
        Resource(
            table="files",
            operations={"list": f"v1:get{_entity}Files"},
            within={"id": (_key, _table)},
            present=_of_product if _entity == "Product" else show,
        )
    )
