"""Pictures of persons (v1 writes, v2 reads) and images of products, v2."""

from __future__ import annotations

from pipedrive_emulator.account.blobs import address
from pipedrive_emulator.account.clock import day
from pipedrive_emulator.account.images import image_size, image_type
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, Upload, invalid, not_found, success
from pipedrive_emulator.domains.company.basics import COMPANY
from pipedrive_emulator.domains.contacts.contacts_v1 import show_picture
from pipedrive_emulator.handlers.registry import Call, handler

CROPS = ("crop_x", "crop_y", "crop_width", "crop_height")
LEAST_PIXELS = 128
UPLOADED = ("id", "product_id", "company_id", "add_time")

define_table(TableSpec(name="person_pictures", label="Picture", times="sql", deleted=("active_flag", False)))
define_table(TableSpec(name="product_images", label="Product image", created="", updated=""))


def kind_of(upload: Upload) -> str:
    """Return the media type of an uploaded image, by its first bytes; raises a 400 for other content."""
    kind = image_type(upload.content)
    if kind is None:
        raise invalid(f"{upload.name} must be a PNG, JPEG or GIF image")
    return kind


def new_picture(person_id: int, size: int, user_id: int) -> Row:
    """Return the stored form of a person's picture."""
    return {
        "item_type": "person",
        "item_id": person_id,
        "active_flag": True,
        "add_time": None,
        "update_time": None,
        "added_by_user_id": user_id,
        "file_size": size,
    }


def _picture(call: Call) -> Row:
    person = call.account.require("persons", call.path["id"])
    row = call.account.find("person_pictures", person["picture_id"])
    if row is None:
        raise not_found("Picture")
    return row


def _check_square(upload: Upload, body: Row) -> None:
    """Check that a picture, or its cropped part, is a square of the published minimum size."""
    crops = [body[name] for name in CROPS if name in body]
    if len(crops) not in (0, len(CROPS)) or any(crop < 0 for crop in crops):
        raise ApiError(400, "Cropping needs crop_x, crop_y, crop_width and crop_height, none below 0")
    width, height = image_size(upload.content) or (0, 0)
    if crops:
        left, top, wide, high = crops
        if left + wide > width or top + high > height:
            raise ApiError(400, f"Cropping leaves the image, which is {width} by {height} pixels")
        width, height = wide, high
    if width != height or width < LEAST_PIXELS:
        raise ApiError(400, f"A picture must be a square of at least {LEAST_PIXELS} pixels; crop it to one")


@handler("v1:addPersonPicture")
def add_picture(call: Call) -> Response:
    """Replace a person's picture and return it."""
    account, upload = call.account, call.uploads["file"]
    person = account.require("persons", call.path["id"])
    kind_of(upload)
    _check_square(upload, call.body)
    if account.find("person_pictures", person["picture_id"]):
        account.delete("person_pictures", person["picture_id"], call.user_id)
    row = account.insert(
        "person_pictures", new_picture(person["id"], len(upload.content), call.user_id), call.user_id
    )
    account.blobs[f"person_pictures:{row['id']}"] = upload.content
    account.update("persons", person["id"], {"picture_id": row["id"]}, call.user_id)
    return success(show_picture(account, row), status=call.operation.status)


@handler("v1:deletePersonPicture")
def delete_picture(call: Call) -> Response:
    """Delete a person's picture and return the person's id."""
    row = _picture(call)
    call.account.delete("person_pictures", row["id"], call.user_id)
    call.account.update("persons", call.path["id"], {"picture_id": None}, call.user_id)
    return success({"id": call.path["id"]})


@handler("v2:getPersonPicture")
def get_picture(call: Call) -> Response:
    """Return the picture of a person; raises a 404 if there is none."""
    row = _picture(call)
    names = ("id", "item_type", "item_id", "added_by_user_id", "active_flag")
    shown = {name: row[name] for name in names}
    return success(
        {**shown, "file_size": row["file_size"], "pictures": show_picture(call.account, row)["pictures"]}
    )


def new_image(product_id: int, name: str, kind: str, add_time: str) -> Row:
    """Return the stored form of a product's image."""
    company = str(COMPANY["company_id"])
    row = {"product_id": product_id, "company_id": company, "add_time": add_time}
    return {**row, "mime_type": kind, "name": name}


def _image(call: Call) -> Row:
    call.account.require("products", call.path["id"])
    table = call.account.table("product_images")
    held = sorted(table.where("product_id", call.path["id"]))
    if not held:
        raise not_found("Product image")
    return table.row(held[0])


def _keep(call: Call, status: int) -> Response:
    upload = call.uploads["data"]
    row = new_image(call.path["id"], upload.file_name, kind_of(upload), day(call.account.clock.now))
    kept = call.account.insert("product_images", row, call.user_id)
    call.account.blobs[f"product_images:{kept['id']}"] = upload.content
    return success({name: kept[name] for name in UPLOADED}, status=status)


def _drop(call: Call) -> Row:
    row = _image(call)
    call.account.remove("product_images", row["id"], call.user_id)
    return row


@handler("v2:getProductImage")
def get_image(call: Call) -> Response:
    """Return the image of a product; raises a 404 if there is none."""
    row = _image(call)
    return success({**row, "public_url": address(call.account, "product_images", row["id"], row["name"])})


@handler("v2:uploadProductImage")
def upload_image(call: Call) -> Response:
    """Return the first image of a product; a second one needs an update."""
    call.account.require("products", call.path["id"])
    if call.account.table("product_images").where("product_id", call.path["id"]):
        raise ApiError(400, "The product has an image; replace it with PUT")
    return _keep(call, 201)


@handler("v2:updateProductImage")
def update_image(call: Call) -> Response:
    """Replace a product's image and return it."""
    kind_of(call.uploads["data"])
    _drop(call)
    return _keep(call, 200)


@handler("v2:deleteProductImage")
def delete_image(call: Call) -> Response:
    """Delete an image and return its id."""
    return success({"id": _drop(call)["id"]})
