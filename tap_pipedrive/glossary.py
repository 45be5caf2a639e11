"""What Pipedrive's recurring property names mean: name → (type in the column notation, description).

A column of this name takes both unless its spec gives a type of its own. Descriptions are the
project's own words.
"""

from __future__ import annotations

GLOSSARY: dict[str, tuple[str, str]] = {
    "id": ("int", "Identifier, unique within the account."),
    "name": ("str", "Display name."),
    "title": ("str", "Title."),
    "owner_id": ("int", "User who owns the row."),
    "add_time": ("time", "When the row was created."),
    "update_time": ("time", "When the row was last changed."),
    "is_deleted": ("bool", "True once the row was deleted."),
    "is_archived": ("bool", "True while the row is archived."),
    "symbol": ("str", "Sign of the currency."),
    "code": ("str", "Short code."),
    "decimal_points": ("int", "Digits after the decimal point."),
    "active_flag": ("bool", "False once the row was deactivated or deleted."),
    "is_custom_flag": ("bool", "True when the account added it."),
}
