"""Properties of identity values: each key has one form, independent of the tool that wrote it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values.identity import (
    clean,
    is_blank,
    is_deletion_mark,
    is_missing,
    key_text,
    match_text,
    spellings,
)

SPACES = st.text(alphabet=" \t\n\r\u00a0\u2009\u202f\u3000\u200b\ufeff", max_size=3)
ODD = "\u0130\u0131\u017f\u0301\u0308\u0345\u0391\u0390\u03c3\u03c2\ufb01\u2163\uff11\u00a0"
TEXTS = st.text(max_size=30) | st.text(alphabet=f"aäßIé .0e+-{ODD}", max_size=12)
WHOLE = st.integers(-(10**29), 10**29)
NUMBERS = WHOLE | st.floats(allow_infinity=False) | st.decimals(allow_nan=False)
KEYS = TEXTS | NUMBERS | st.booleans() | st.none()
NO = ("null", "None", "NaN", "false", "0", "0.0", "no", "FALSE", 0, 0.0, False, None)


@given(TEXTS)
def test_cleaning_twice_changes_nothing_more(text):
    assert clean(clean(text)) == clean(text)


@given(TEXTS, SPACES, SPACES)
def test_spaces_around_and_the_form_of_accents_do_not_matter(text, before, after):
    for form in ("NFC", "NFD"):
        assert clean(before + unicodedata.normalize(form, text) + after) == clean(text)


@given(TEXTS)
def test_a_clean_text_has_only_plain_spaces_and_is_composed(text):
    cleaned = clean(text)
    assert cleaned == cleaned.strip() == unicodedata.normalize("NFC", cleaned)
    assert not {one for one in cleaned if one != " " and one.isspace()}


@given(KEYS)
def test_a_key_of_a_key_is_the_key(value):
    key = key_text(value)
    assert key_text(key) == key


@given(WHOLE, SPACES, SPACES)
def test_a_whole_number_is_one_key_in_every_spelling(number, before, after):
    spelled = [str(number), f"{number}.0", f"{before}{number}.00{after}"]
    if float(number) == number:
        spelled += [float(number), str(float(number))]
    assert {key_text(one) for one in spelled} == {str(number)}
    assert {match_text(one) for one in spelled} == {str(number)}


@given(WHOLE, WHOLE)
def test_different_whole_numbers_are_different_keys(one, other):
    assert (key_text(one) == key_text(f"{other}.0")) == (one == other)


@given(TEXTS)
def test_keys_keep_what_distinguishes_texts(text):
    """Only white space, the form of accents and a zero fraction may be lost."""
    key = key_text(text)
    if key is None:
        assert is_missing(text)
    else:
        visible = [one for one in clean(text) if not one.isspace()]
        assert [one for one in key if not one.isspace()] == visible[: len(key)] or "e+" in clean(text)


@given(TEXTS)
def test_matching_ignores_case_and_is_stable(text):
    assert match_text(match_text(text)) == match_text(text)
    assert match_text(clean(text).casefold()) == match_text(text)


@given(TEXTS)
def test_every_spelling_to_search_for_is_the_same_key(text):
    if not is_missing(text):
        assert {key_text(one) for one in spellings(text)} == {key_text(text)}


@given(SPACES)
def test_white_space_is_blank_everywhere(text):
    assert is_blank(text)
    assert is_missing(text)
    assert key_text(text) is None
    assert is_deletion_mark(text) is False


@given(KEYS, SPACES, SPACES)
def test_blank_values_are_missing_and_spaces_do_not_make_a_value(value, before, after):
    if is_blank(value):
        assert is_missing(value)
    if isinstance(value, str):
        assert is_missing(before + value + after) == is_missing(value)


@given(st.sampled_from(NO), SPACES)
def test_no_spelling_of_no_is_a_delete_marker(value, space):
    assert is_deletion_mark(f"{space}{value}{space}" if isinstance(value, str) else value) is False


@given(TEXTS)
def test_only_valid_values_are_delete_markers(text):
    try:
        marked = is_deletion_mark(text)
    except RecordFault:
        return
    if marked:
        assert clean(text).casefold() in ("true", "1", "1.0", "yes", "y", "t") or text.strip()[:1].isdigit()


@pytest.mark.parametrize("value", [[], {}, [1], {"id": 1}])
def test_a_list_is_not_a_valid_key(value):
    with pytest.raises(RecordFault):
        key_text(value)
