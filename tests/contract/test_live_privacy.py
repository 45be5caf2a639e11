"""Nothing of an account is in the report, the console output or the log of the check of a live account."""

from __future__ import annotations

import itertools
import logging
import re

import pytest
from click.testing import CliRunner

from tests.live.__main__ import VARIABLE, main
from tests.live.comparison import Expected
from tests.live.privacy import UNNAMED, Publisher, Scrubber
from tests.live.shapes import shape_of
from tests.support.altering import altered
from tests.support.emulator import TOKEN

MARK = "zqx"
"""Part of every text and every nameable key of the account."""
NUMBER = 48_151_623
_API_TEXT = re.compile(r"\d.*|")
"""Texts that are numbers, dates or empty: they are marked in a second run."""


def marked(value, texts, key=""):
    """Return a value with every text marked, and with every key that a user can name."""
    if isinstance(value, dict):
        return {
            f"{MARK}{key}" if re.fullmatch(r"[A-Z]{3}", key) else key: marked(inner, texts, key)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [marked(inner, texts, key) for inner in value]
    if isinstance(value, str) and texts.fullmatch(value):
        return f"Zqx-{value}@zqx.example"
    if isinstance(value, int) and not isinstance(value, bool) and key != "id" and not key.endswith("_id"):
        return NUMBER + value
    return value


def with_markers(texts):
    """Return a change of all responses that marks the account's texts and keys."""
    numbers = itertools.count()

    def change(reply):
        reply.headers["x-correlation-id"] = f"{MARK}-correlation"
        reply.headers["x-zqx-token-limit"] = f"{MARK} {next(numbers)}"
        if not isinstance(reply.body, dict):
            return
        paging = reply.body.get("additional_data")
        reply.body = marked(reply.body, texts)
        reply.body["additional_data"] = paging
        if reply.status >= 400:
            reply.body |= {"error": "Zqx Smith, +49 30 4815162342", "code": "ERR_zqx", f"{MARK}key": 1}
            reply.body["error_info"] = "https://zqx.pipedrive.com/person/4815162342"
        for row in reply.body["data"] if isinstance(reply.body.get("data"), list) else ():
            if isinstance(row, dict):
                row.update(keys_of_users(row))

    return change


def keys_of_users(row):
    """Return keys as users could name them, in a row and in its objects."""
    named = {
        "Zqx Smith": 1,
        "zqx@zqx.example": {"zqxinner": 1},
        "zqx": 2,
        "zqx_score": 3,
        "a1b2zqx99887766": 4,
    }
    if isinstance(row.get("custom_fields"), dict):
        row["custom_fields"] |= named
    return {**named, "f" * 40: "zqx", f"{'e' * 40}_zqx": 1, "by_user": {"zqx": 1}}


@pytest.mark.parametrize(
    "texts", [re.compile(r"(?!\d)(?s:.+)"), re.compile(r"(?s:.*)")], ids=["words", "all"]
)
def test_no_value_and_no_key_of_a_user_is_in_any_output(small, monkeypatch, tmp_path, caplog, texts):
    monkeypatch.setenv(f"{VARIABLE}API_TOKEN", TOKEN)
    monkeypatch.setenv(f"{VARIABLE}COMPANY_DOMAIN", "zqxcompany")
    file = tmp_path / "report.md"
    with altered(small.url, with_markers(texts)) as url, caplog.at_level(logging.INFO):
        monkeypatch.setenv(f"{VARIABLE}API_URL", url)
        result = CliRunner().invoke(main, ["--report", str(file)])
    assert result.exit_code == 1
    report = file.read_text(encoding="utf-8")
    output = result.output.replace(str(file), "")
    assert len(report.splitlines()) > 100
    for text in (report, output, caplog.text):
        assert MARK not in text.lower()
        assert TOKEN not in text
        assert "4815" not in text
        assert not re.search(r"[0-9a-f]{40}|127\.0\.0\.1", text)
    assert UNNAMED in report
    assert "`data[].by_user`" in report


def test_messages_of_errors_hide_token_address_ids_and_contacts():
    scrub = Scrubber(
        {"api_token": "secret-token", "company_domain": "Zqx-Gmbh", "api_url": "https://zqx.example"}
    )
    scrub.add_address("https://zqx-moved.pipedrive.com", "zqx-second")
    text = scrub(
        "GET /v1/deals/4815/files at zqx-gmbh.pipedrive.com with secret-token for ann@zqx.example, "
        "https://zqx.example, zqx-moved.pipedrive.com and zqx-second returned 404."
    )
    assert MARK not in text.lower()
    assert "secret" not in text
    assert "4815" not in text
    assert "GET /v1/deals/{id}/files" in text
    assert text.endswith("returned 404.")


@pytest.mark.parametrize(
    ("key", "is_shown"),
    [
        ("stars", True),
        ("lead_score_total", True),
        ("isArchived", True),
        ("smith", False),
        ("smith_score", False),
        ("smithScore", False),
        ("deal_title", True),
        ("Ann Smith", False),
        ("Smith", False),
        ("a" * 41, False),
        ("b7a1c9e2", False),
        ("ünal", False),
        ("ann_smith", False),
    ],
)
def test_new_keys_are_shown_only_in_the_form_of_the_api_and_without_words_of_the_account(key, is_shown):
    publisher = Publisher({"smith", "deal"}, ("acme",))
    known = shape_of({"data": [{"id": 1}]})
    assert (
        publisher.path(f"data[].{key}", Expected(known, known, {}))
        == f"data[].{key if is_shown else UNNAMED}"
    )


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("status", [401, 402, 422, 500])
@pytest.mark.parametrize("first", ["/v1/users/me", "/api/v2/dealFields"])
def test_texts_of_errors_that_end_the_check_are_not_shown(small, monkeypatch, tmp_path, status, first):
    failing = False

    def change(reply):
        nonlocal failing
        failing = failing or reply.path == first
        if failing:
            reply.status, reply.body = (
                status,
                {"success": False, "error": "Zqx Smith", "error_info": "no zqx"},
            )

    file = tmp_path / "report.md"
    monkeypatch.setenv(f"{VARIABLE}API_TOKEN", TOKEN)
    with altered(small.url, change) as url:
        monkeypatch.setenv(f"{VARIABLE}API_URL", url)
        result = CliRunner().invoke(main, ["--report", str(file)])
    assert result.exit_code in (1, 2, 3)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    report = file.read_text(encoding="utf-8") if file.exists() else ""
    assert MARK not in (result.output + report).replace(str(file), "").lower()
    assert str(status) in result.output + report or "token was rejected" in result.output + report


def test_error_codes_are_shown_only_in_the_form_of_the_api_and_without_words_of_the_account():
    publisher = Publisher({"smith", "deal"})
    assert publisher.code("ERR_SCHEMA_VALIDATION_FAILED") == "ERR_SCHEMA_VALIDATION_FAILED"
    assert publisher.code("ERR_DEAL_DELETED") == "ERR_DEAL_DELETED"
    assert "SMITH" not in publisher.code("ERR_SMITH")
    assert "Ann" not in publisher.code("Ann Smith")


def test_keys_of_objects_that_users_fill_are_never_shown():
    known = shape_of({"totals": {"EUR": 1}})
    publisher = Publisher(())
    assert publisher.path("totals.gold", Expected(known, known, {})) == f"totals.{UNNAMED}"
    assert publisher.path("score_by_deal", None) == "score_by_deal"
    assert publisher.path("errors.gold", None) == f"errors.{UNNAMED}"
    assert set(shape_of({"a.b[]": 1})) == {"", "a_b__"}
