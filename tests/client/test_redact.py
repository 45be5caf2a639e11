from __future__ import annotations

import pytest

from pipedrive_client.redact import hide_secrets, redact


@pytest.mark.parametrize(
    "text",
    [
        "write to jane.doe+crm@sub.example.co.uk now",
        "x@y.de",
        "call +49 (0) 151 234-5678",
        "call 555-123-4567",
    ],
)
def test_personal_data_is_masked(text):
    masked = redact(text)
    assert "***" in masked
    assert not any(part in masked for part in ("@", "234", "123"))


@pytest.mark.parametrize(
    "text",
    [
        "deal 123456789",
        "due 2026-01-02",
        "since 2026-01-02T10:20:30Z and 2026-01-02 10:20:30",
        "field 0123456789abcdef0123456789abcdef01234567",
        "lead adf21080-0e10-11eb-879b-05d71fb426ec",
        "lead 12345678-1234-1234-1234-123456789012",
        "value 1234567.891234",
        "host 192.168.100.100",
        "pages 100, 200 and 300",
    ],
)
def test_ids_dates_keys_and_numbers_are_kept(text):
    assert redact(text) == text


def test_secrets_are_masked_longest_first():
    assert redact("a=token-long b=token", ["token", "token-long", None, ""]) == "a=*** b=***"


def test_a_very_short_secret_does_not_eat_the_sentence():
    assert hide_secrets("a sentence", ["e"]) == "a sentence"


@pytest.mark.parametrize(
    "text", ["a" * 400_000, "a.b-" * 100_000, "a@" * 200_000, "1 " * 200_000, "a@b." * 100_000]
)
def test_long_texts_are_processed_in_linear_time(text):
    # From each character to the end of the text these would be some 10^11 steps: hours, and no second.
    assert "jane" not in redact(f"{text} jane@example.com")
