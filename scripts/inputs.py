"""Inputs of reading actions that have another name today, are not needed, or are gone.

Every other input is a query parameter of the same name in snake_case, which `stream_parameters` takes (or the
entry of `searches` and `statistics`), or the id of a row, which `record_ids` takes.
"""

from __future__ import annotations

_DUE = "Today's API has no bounds by due date: make a filter in Pipedrive and give its `filter_id`."
_ALL_ROWS = "Not needed: a stream has the rows of all users that the token's user may see."
_COUNT = "Counts and sums are `deals_summary`, or a query over the rows."

ANOTHER_WAY: dict[str, str] = {
    "archivedStatus": "Not needed: `leads` has both; `is_archived` tells them apart.",
    "dealId": "`record_ids` of `deal_subscriptions`.",
    "debugRequest": "`LOGLEVEL=DEBUG` in the environment tells of each request.",
    "endDate": _DUE,
    "everyone": _ALL_ROWS,
    "exclude": "Gone; leave the rows out downstream.",
    "fetchAll": "Not needed: streams are read to their end.",
    "fieldId": "`record_ids` of `person_fields`, by the field's code.",
    "firstChar": "Gone; make a filter in Pipedrive and give its `filter_id`.",
    "folder": "Not needed: `mail_threads` has all folders; `folder` tells them apart.",
    "getSummary": _COUNT,
    "ids": "`record_ids`.",
    "includeDeletedFiles": "Gone; `detect_deletes` marks files that vanished from the list.",
    "includeProductData": "Gone; join `deal_products` with `products`.",
    "limit": "Not needed: pages are as long as Pipedrive allows.",
    "onlyPrimaryAssociation": "Not needed: `org_id` of a deal is its primary organization.",
    "ownedByYou": "`owner_id`, with your own id from `current_users`.",
    "sort": "Not needed: lists come oldest change first, so that a run can be resumed.",
    "start": "Not needed: streams are read to their end.",
    "startDate": _DUE,
    "totalsConvertCurrency": "`statistics` for `deals_timeline` takes it; elsewhere it is gone.",
    "type": "Gone; the column `type` of `activities`, or `filter_id`.",
    "userId": "`owner_id`; statistics keep `user_id`.",
}
"""Input → what serves instead."""
