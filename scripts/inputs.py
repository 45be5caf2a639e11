"""Inputs of reading actions that were renamed, are not needed, or were removed.

Every other input is a query parameter of the same name in snake_case, which `stream_parameters` takes (or the
entry of `searches` and `statistics`), or the id of a row, which `record_ids` takes.
"""

from __future__ import annotations

_DUE = "The API no longer filters by due date: create a filter in Pipedrive and set its `filter_id`."
_ALL_ROWS = "Not needed: a stream contains the rows of all users that the token's user may see."
_COUNT = "Use `deals_summary` for counts and sums, or a query over the rows."

ANOTHER_WAY: dict[str, str] = {
    "archivedStatus": "Not needed: `leads` contains both; check the column `is_archived`.",
    "dealId": "`record_ids` of `deal_subscriptions`.",
    "debugRequest": "`LOGLEVEL=DEBUG` in the environment logs each request.",
    "endDate": _DUE,
    "everyone": _ALL_ROWS,
    "exclude": "Removed: filter the rows downstream.",
    "fetchAll": "Not needed: streams are read completely.",
    "fieldId": "`record_ids` of `person_fields`, by the field's code.",
    "firstChar": "Removed: create a filter in Pipedrive and set its `filter_id`.",
    "folder": "Not needed: `mail_threads` contains all folders; check the column `folder`.",
    "getSummary": _COUNT,
    "ids": "`record_ids`.",
    "includeDeletedFiles": "Removed: `detect_deletes` marks files that are no longer in the list.",
    "includeProductData": "Removed: join `deal_products` with `products`.",
    "limit": "Not needed: pages have the maximum size.",
    "onlyPrimaryAssociation": "Not needed: `org_id` of a deal is its primary organization.",
    "ownedByYou": "`owner_id`, with your own id from `current_users`.",
    "sort": "Not needed: lists are sorted by change, oldest first, so that a run can be resumed.",
    "start": "Not needed: streams are read completely.",
    "startDate": _DUE,
    "totalsConvertCurrency": "Set it in `statistics` for `deals_timeline`; removed elsewhere.",
    "type": "Removed: use the column `type` of `activities`, or `filter_id`.",
    "userId": "`owner_id`; `user_id` in `statistics`.",
}
"""Input → its replacement."""
