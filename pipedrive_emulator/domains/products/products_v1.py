"""Products in the v1 form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.custom_fields import row_to_v1
from pipedrive_emulator.domains.company.basics import COMPANY
from pipedrive_emulator.domains.shared.related_v1 import moment

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.api.http import Row


def _live_files(account: Account, product_id: int) -> int:
    files = account.table("files")
    return sum(1 for seq in files.where("product_id", product_id) if files.is_live(files.row(seq)))


def flat_product(account: Account, row: Row) -> Row:
    """Return a product in the v1 form."""
    return {
        "id": row["id"],
        "company_id": COMPANY["company_id"],
        "name": row["name"],
        "code": row["code"],
        "description": row["description"],
        "unit": row["unit"],
        "tax": row["tax"],
        "category": row["category"],
        "active_flag": not row["is_deleted"],
        "selectable": row["is_linkable"],
        "first_char": row["name"][:1].lower(),
        "visible_to": str(row["visible_to"]),
        "owner_id": row["owner_id"],
        "files_count": _live_files(account, row["id"]),
        "add_time": moment(row["add_time"]),
        "update_time": moment(row["update_time"]),
        **row_to_v1(account, "products", row["custom_fields"]),
    }
