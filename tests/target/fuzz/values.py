"""Values, columns and settings that mutations insert."""

from __future__ import annotations

from typing import Any

SECRET = "0f9e8d7c6b5a49382716053f4e5d6c7b8a901234"
"""A token that no output may show."""

ODD: tuple[Any, ...] = (
    None, "", " ", "\u00a0", "null", "NULL", "None", "N/A", "nan", "-", "0", "1", "yes", "No", "true",
    "5.0", " 5 ", "5,5", "1.234,56", "1e3", "+5", "00005", "٣", "1_000", "0x10",
    0, 1, -1, 3.0, 3.5, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, -(10**30), 1e300, 0.1 + 0.2, 1e-320,
    True, False, [], {}, [None], [""], [[]], {"": None}, [{}], {"value": None}, {"id": 3},
    {"external_id": ""},
    {"value": "a", "label": 7}, {"amount": "x"}, {"external_id": {"external_id": "a"}}, [3, "3", 3.0],
    "2026-02-30", "0000-00-00", "0000-00-00 00:00:00", "2026-13-01", "24.12.2026", "12/24/26", "2026-W10",
    "2026-03-01", "2026-03-01T10:00:00Z", "2026-03-01T10:00:00+02:00", "20260301", "1772359200", 1772359200,
    "9999-12-31", "1000-01-01", "25:00", "10:30", "10:30:00 PM", "-01:00",
    "Müller", "Mu\u0308ller", "\u200bzero", "a\u0000b", "\ufeffbom", "line\nbreak", "tab\tbed", "\u2028",
    "🚀" * 40,
    "x" * 70_000, "<b>bold</b>", "<script>x()</script>", "a;b", "a,b", 'say "hi"', "\\", "../../etc/passwd",
    "%s%n", "{{x}}", "{}", "[1,2]", "[", "'; DROP TABLE x;--", "\u202eright", "EUR", "eur", "€ 5",
    "a@b", "a@b.example, c@d.example", "+372 555,556", "gold", "GOLD", "Acme,Globex", "Umbrella, Inc.",
    "open", "OPEN", "won", "6", "label", "mari@nordwind.example", "Mari Admin",
    "#N/A", "4.91512E+12", "\u22125", "5 %", "46023", "'+4915", "external_id", "name", "none", "ja",
    "01.05.2026",
)  # fmt: skip
MARKS: tuple[Any, ...] = (None, "", " ", "null", "2026-01-01T00:00:00Z", True, False, 0, 1, "0", "no", "yes",
                          "false", "TRUE", "maybe", [], {}, 2, "2026-99-99")  # fmt: skip
COLUMNS: tuple[str, ...] = (
    "id", "ID", "Id ", "external_id", "External_ID", "_sdc_deleted_at", "_SDC_DELETED_AT", "is_deleted",
    "_sdc_extracted_at", "_airbyte_ab_id", "_fivetran_synced", "_dlt_id", "name", "title", "owner_id",
    "org_id",
    "person_id", "stage_id", "pipeline_id", "label_ids", "emails", "email", "phones", "value", "currency",
    "custom_fields", "add_time", "update_time", "visible_to", "unheard_of", "", " ", "a.b", "0", "Tier",
    "tier",
    "Region", "Budget", "Site address", "Competitors", "Kick-off", "60579195a4ee071cc0dd7699e89bffc3551b20cb",
    "\ufeffname", "\ufeffexternal_id", "External ID", "Is deleted", "\u00a0id", "\u200b", "lead__score",
    "f" * 40, "x" * 300, "$ref", "__proto__", "owner_email", "org_name", "stage_name", "address", "prices",
)  # fmt: skip
KEYS: tuple[Any, ...] = (None, [], ["id"], ["external_id"], ["name"], ["unheard_of"], [""], "id", [1],
    {"id": 1},
                         ["id", "external_id"], ["email"], [None])  # fmt: skip
STREAMS: tuple[Any, ...] = (
    "deals", "persons", "organizations", "Deals", "dealz", "", None, 7, "add_deal", "delete_deal",
    "deal_fields",
    "users", "update_person", "public-persons", "raw_request", "leads", "notes", "\u0000", "x" * 500, "..",
)  # fmt: skip
TYPES: tuple[Any, ...] = (
    "record",
    "RECORDS",
    "BATCH",
    "ACTIVATE_VERSION",
    "REJECT",
    "STATE",
    "SCHEMA",
    "",
    None,
    3,
)
BYTES: tuple[bytes, ...] = (
    b"\xff", b"\xc3\x28", b"\x00", b"\xef\xbb\xbf", b"\r", b"\x1b[31m", b"\xed\xa0\x80", b"\\ud800", b"}",
    b"{",
    b"]", b'"', b",", b":", b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"9" * 400,
    b"1" + b"0" * 5000,
    b"0.", b".5", b"01", b"'", b"/*", b"\xe2\x80\xa8",
)  # fmt: skip
LINES: tuple[bytes, ...] = (
    b"", b"   ", b"null", b"[]", b"{}", b"7", b'"text"', b"{", b"}{", b"\xff\xfe{\x00}\x00", b"#!/bin/sh",
    b"id,name\r", b"3,Anna", b'{"type":"RECORD"}', b'{"type":"RECORD","stream":"persons"}',
    b'{"type":"RECORD","stream":"persons","record":null}',
    b'{"type":"RECORD","stream":"persons","record":[]}',
    b'{"type":"SCHEMA","stream":"persons"}', b'{"type":"SCHEMA","stream":"persons","schema":{}}',
    b'{"type":"SCHEMA","stream":"persons","schema":{"properties":{}},"key_properties":[]}',
    b'{"type":"SCHEMA","stream":"persons","schema":{"properties":[]}}',
    b'{"type":"SCHEMA","stream":"persons","schema":[],"key_properties":[]}',
    b'{"type":"STATE"}', b'{"type":"STATE","value":null}', b'{"type":"STATE","value":7}',
    b'{"type":"REJECT"}',
    b'{"type":"REJECT","line":"{\\"type\\":\\"REJECT\\",\\"line\\":\\"{}\\"}"}',
    b'{"type":"ACTIVATE_VERSION","stream":"persons"}',
    b'{"type":"ACTIVATE_VERSION","stream":"persons","version":1}',
    b'{"type":"ACTIVATE_VERSION","stream":"persons","version":"1"}',
    b'{"type":"ACTIVATE_VERSION","stream":"dealz","version":99999999999999999999}',
    b'{"type":"BATCH","stream":"persons","encoding":{},"manifest":["file:///etc/passwd"]}',
    b'{"type":"SCHEMA","stream":"persons","schema":{"properties":{"id":{"type":"integer"},"name":{"$ref":"#/x"}}}}',
    b"[" * 3000, b'{"a":' * 2000,
)  # fmt: skip
SETTINGS: tuple[dict[str, Any], ...] = (
    {"on_error": "stop"}, {"allow_deletes": True}, {"allow_deletes": True, "max_deletes": 0},
    {"mirror": True}, {"mirror": True, "allow_deletes": True},
    {"mirror": True, "allow_deletes": True, "mirror_empty": True},
    {"dry_run": True}, {"foreign_ids": True}, {"unknown_streams": "ignore"}, {"unknown_fields": "ignore"},
    {"missing_references": "leave_out"}, {"missing_rows": "skip"}, {"on_blank_match": "add"},
    {"on_blank_match": "skip"}, {"create_fields": True}, {"create_options": True}, {"max_failures": 1},
    {"max_failure_percent": 10}, {"on_ambiguous": "skip"}, {"on_ambiguous": "oldest"},
    {"on_ambiguous": "newest"}, {"retired_inputs": "ignore"}, {"match_on": {"persons": ["email"]}},
    {"match_on": {"persons": ["name", "email"], "organizations": ["name"]}},
    {"match_on": {"deals": ["title"]}}, {"match_on": {"persons": ["Contract number"]}},
    {"streams": {"persons": {"entity": "organizations"}}},
    {"streams": {"persons": {"entity": "persons", "write": "add"}}},
    {"streams": {"persons": {"entity": "persons", "write": "delete"}}},
    {"streams": {"persons": {"entity": "persons", "write": "update", "match_on": ["email"]}}},
    {"streams": {"deals": {"action": "add_deal"}}},
    {"streams": {"persons": {"entity": "persons", "fields": {"name": "Tier", "email": "x"}}}},
    {"on_duplicate_key": "last"}, {"on_duplicate_key": "fail"},
    {"max_concurrency": 1}, {"daily_token_budget": 40}, {"unheard_of": 1},
)  # fmt: skip
BAD_SETTINGS: tuple[dict[str, Any], ...] = (
    {"max_failures": 0}, {"max_failures": -1}, {"match_on": {"persons": []}}, {"match_on": {"dealz": ["id"]}},
    {"match_on": {"persons": ["unheard_of"]}}, {"match_on": "persons"}, {"streams": {"deals": {}}},
    {"streams": 3}, {"max_concurrency": 0}, {"max_concurrency": "many"}, {"daily_token_budget": 1},
    {"request_timeout_seconds": 0}, {"on_error": "explode"}, {"dry_run": "perhaps"}, {"api_token": SECRET},
    {"api_token": ""}, {"api_token": f" {SECRET}\n"}, {"client_secret": SECRET}, {"max_deletes": "few"},
    {"files_dir": "/nonexistent"}, {"company_domain": "nowhere"}, {"api_token": None}, {"ledger_path": 7},
)  # fmt: skip
LEDGERS: tuple[str, ...] = ("empty", "torn", "foreign", "folder", "missing folder", "text")
PATHS: tuple[str, ...] = ("folder", "below a file", "missing folder")
