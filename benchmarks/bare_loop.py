"""Minimal program that reads the pages of /api/v2/deals and writes Singer messages, without a tap.

It writes the same lines as tap-pipedrive: custom fields as named columns, labels for options.
"""

from __future__ import annotations

import sys

import msgspec
import requests

from pipedrive_client.fields import parse_definition
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.catalog.spec import RowForm
from tap_pipedrive.custom_fields.columns import assign_columns
from tap_pipedrive.custom_fields.layouts import flattener
from tap_pipedrive.settings import FieldMode, OptionMode


def main(api: str) -> None:
    """Write every deal of the account at `api` as a RECORD line."""
    session = requests.Session()
    session.trust_env = False
    session.headers["x-api-token"] = "emulator-token"
    decode, encode = msgspec.json.decode, msgspec.json.encode
    definitions = decode(session.get(f"{api}/api/v2/dealFields", params={"limit": 500}).content)["data"]
    custom = [one for one in map(parse_definition, definitions) if one.is_custom]
    modes = {"mode": FieldMode.NAMED, "options": OptionMode.LABEL}
    columns = assign_columns(custom, remembered={}, reserved=(), **modes)
    to_columns = flattener(columns, form=RowForm.V2, **modes)
    out = sys.stdout.buffer
    params: dict[str, object] = {**STREAMS["deals"].reads[0].params, "limit": 500, "sort_by": "update_time"}
    while True:
        body = decode(session.get(f"{api}/api/v2/deals", params=params).content)
        rows = body["data"]
        to_columns(rows)
        for row in rows:
            out.write(encode({"type": "RECORD", "stream": "deals", "record": row}) + b"\n")
        cursor = (body.get("additional_data") or {}).get("next_cursor")
        if not cursor:
            return
        params["cursor"] = cursor


if __name__ == "__main__":
    main(*sys.argv[1:])
