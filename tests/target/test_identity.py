"""The form in which keys are compared: equal keys, different keys, and stability."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values.identity import clean, is_blank, is_missing, key_text, match_text, spellings

ONE = [
    [5, 5.0, "5", " 5 ", "5.0", "5.00", "\u00a05", "\ufeff5"],
    ["Caf\u00e9 One", "Cafe\u0301 One", "Caf\u00e9\u00a0One", "Caf\u00e9\u2003One\n"],
    [10**16, 1e16, "10000000000000000"],
    [-3, "-3", -3.0, "-3.0"],
    [0, 0.0, "0", "0.0"],
]
APART = [
    "5",
    "05",
    "5.1",
    "5,0",
    "1.10",
    "1.1",
    "a",
    "A",
    "a  b",
    "a b",
    "5.0.0",
    "v5.0",
    "5.",
    "1e3",
    "True",
]
KEYS = st.one_of(st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
FIXED = settings(derandomize=True, database=None, deadline=None)
WHITE = st.text(alphabet=" \t\n\r\u00a0\u1680\u2003\u202f\u3000\u200b\ufeff")


@pytest.mark.parametrize("same", ONE)
def test_the_same_key(same):
    assert len({key_text(one) for one in same}) == 1


def test_different_keys_stay_apart():
    assert len({key_text(one) for one in APART}) == len(APART)


@pytest.mark.parametrize(
    "value", [None, "", " ", "\u00a0\u200b", "null", "NULL", "NONE", "NaT", "<NA>", float("nan")]
)
def test_missing_keys(value):
    assert is_missing(value)
    assert key_text(value) is None


@pytest.mark.parametrize("value", [{}, [], {"a": 1}, ["a"]])
def test_objects_are_not_valid_keys(value):
    with pytest.raises(RecordFault):
        key_text(value)


@FIXED
@given(KEYS)
def test_a_key_is_stable(value):
    key = key_text(value)
    assert key is None or key_text(key) == key


@FIXED
@given(st.text(), WHITE, WHITE)
def test_white_space_around_and_unicode_form_do_not_matter(text, before, after):
    for form in ("NFC", "NFD"):
        assert key_text(before + unicodedata.normalize(form, text) + after) == key_text(text)


@FIXED
@given(st.text(), WHITE)
def test_any_white_space_is_blank(text, white):
    assert is_blank(white)
    assert is_blank(text) == (not clean(text))


@FIXED
@given(st.text())
def test_match_text_is_stable_and_case_insensitive(text):
    assert match_text(match_text(text)) == match_text(text)
    assert match_text(clean(text)) == match_text(text)


@FIXED
@given(st.one_of(st.text(min_size=1), st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_every_spelling_that_is_searched_for_is_the_same_value(value):
    assert {match_text(one) for one in spellings(value)} == {match_text(value)}


@FIXED
@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(min_size=1)))
def test_keys_stored_by_earlier_releases_are_found(value):
    stored = str(value)
    if not is_missing(value):
        assert key_text(stored) == key_text(value)
