"""Blank values, delete markers, and the normal form of keys.

Sheets, loaders and SQL write the same key in several ways: `5`, `5.0`, `" 5 "`; an accent as one character or
as two; a no-break space for a space. All decisions about the row of a record use these functions, so no
column has its own rules.
"""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal

from pipedrive_client import times
from target_pipedrive.record.errors import RecordFault

_INVISIBLE = "\u200b\u2060\ufeff"
_SPACES = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
)
_ODD_SPACES = f"{_SPACES}\u200a\u2028\u2029\u202f\u205f\u3000"
_BLANK = f"{_ODD_SPACES}{_INVISIBLE}"
_PLAIN: dict[int, str | None] = {ord(one): " " for one in _ODD_SPACES} | {
    ord(one): None for one in _INVISIBLE
}
_WHOLE = re.compile(r"([+-]?\d{1,30})\.0{1,30}", re.ASCII)
_FLOAT = re.compile(r"-?\d(?:\.\d{1,17})?e\+\d{2,3}", re.ASCII)
_NULL_WORDS = frozenset({"null", "none", "nan", "nat", "<na>", "undefined"})
_ERROR_VALUES = frozenset(
    {
        "#n/a",
        "#ref!",
        "#value!",
        "#div/0!",
        "#name?",
        "#num!",
        "#null!",
        "#spill!",
        "#calc!",
        "#error!",
        "n/a",
    }
)
"""Texts of spreadsheets for a value that could not be computed."""
_WORDS = _NULL_WORDS | _ERROR_VALUES
_LONGEST_WORD = max(map(len, _WORDS))
_SHORTENED = re.compile(r"-?\d(?:[.,]\d{1,14})?E\+\d{2,3}", re.ASCII)
_FILLER = re.compile(r"[-\u2010-\u2015\u2212._?/*#]{1,9}")
_TRUE_WORDS = frozenset({"true", "1", "1.0", "yes", "y", "t"})
_FALSE_WORDS = frozenset({"false", "0", "0.0", "no", "n", "f"})
_SHOWN = 40


def is_blank(value: object) -> bool:
    """Return whether a cell is empty: null, or a text with only white space."""
    if value is None:
        return True
    if not isinstance(value, str) or "!" <= value[:1] <= "~":  # most texts begin with such a character
        return False
    return not value.strip(_BLANK)


def is_missing(value: object) -> bool:
    """Return whether a key or mark is empty: blank, or the word of a tool for null."""
    if isinstance(value, float):
        return math.isnan(value)
    if not isinstance(value, str):
        return value is None
    text = value.strip(_BLANK)
    return not text or text.casefold() in _NULL_WORDS


def identifies(value: object) -> bool:
    """Return whether a value can be the key of one row.

    Blank values cannot, and neither can texts that a sheet has in many rows: the word of a tool for null, an
    error value such as `#N/A`, a dash, and a number that the sheet has shortened, such as `4.91E+11`.
    """
    if isinstance(value, str) and value[:1].isalnum() and "E+" not in value:  # nearly every key
        return len(value) > _LONGEST_WORD or value.rstrip(_BLANK).casefold() not in _WORDS
    if is_missing(value):
        return False
    text = clean(value) if isinstance(value, str) else ""
    odd = text.casefold() in _ERROR_VALUES or _FILLER.fullmatch(text) is not None
    return not odd and not is_shortened(value)


def is_shortened(value: object) -> bool:
    """Return whether a text is a number whose last digits a spreadsheet has replaced by an exponent."""
    return isinstance(value, str) and "E+" in value and _SHORTENED.fullmatch(value.strip()) is not None


def is_exponential(text: str) -> bool:
    """Return whether a text is a number with an exponent, apart from the float of a program."""
    return "e" in text.casefold() and _FLOAT.fullmatch(text.strip()) is None


def clean(text: str) -> str:
    """Return a text in NFC, trimmed and with plain spaces."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return unicodedata.normalize("NFC", text.translate(_PLAIN)).strip()


def key_text(value: object) -> str | None:
    """Return the form in which a key is stored and compared; None for a missing one.

    Integers have no fraction, whether they are numbers or texts; texts are clean. Idempotent.

    Raises:
        RecordFault: the value is an object or a list.
    """
    if is_missing(value):
        return None
    if isinstance(value, str):
        return _whole(clean(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Decimal):
        return key_text(format(value, "f")) if abs(value.adjusted()) < _SHOWN else str(value)
    if isinstance(value, (bool, int, float)):
        return str(value)
    raise RecordFault("must be text or a number")


def same_key(one: object, other: object) -> bool:
    """Return whether two texts or numbers are the same key."""
    scalar = (str, int, float, Decimal)
    return isinstance(one, scalar) and isinstance(other, scalar) and key_text(one) == key_text(other)


def _whole(text: str) -> str:
    """Return a clean text without the fraction or exponent that tools add to integers."""
    match = _WHOLE.fullmatch(text)
    if match:
        return match[1]
    if _FLOAT.fullmatch(text):
        number = float(text)
        return str(int(number)) if number.is_integer() else text
    return text


def match_text(value: object) -> str:
    """Return the form in which a value of `match_on` is compared: like a key, without case."""
    if isinstance(value, str):
        text = _whole(clean(value))
        return text.casefold() if text.isascii() else unicodedata.normalize("NFC", text.casefold())
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).casefold()


def spellings(value: object) -> list[str]:
    """Return the texts to search for: the clean one, then other spellings of the same value."""
    text = value if isinstance(value, str) else key_text(value) or str(value)
    plain = clean(text)
    found = [plain, key_text(plain) or plain]
    if not text.isascii():
        found += [text.strip(), unicodedata.normalize("NFD", plain)]
    return list(dict.fromkeys(found))


def is_deletion_mark(value: object) -> bool:
    """Return whether a mark means that the row was deleted: a time, true, 1 or yes.

    Raises:
        RecordFault: it means neither that nor the opposite (empty, false, 0 or no).
    """
    if is_missing(value):
        return False
    if isinstance(value, (bool, int, float)) and value in {0, 1}:
        return bool(value)
    if isinstance(value, str):
        word = value.strip(_BLANK).casefold()
        if word in _FALSE_WORDS:
            return False
        if word in _TRUE_WORDS or _is_time(word):
            return True
    shown = f", not {str(value)[:_SHOWN]!r}" if isinstance(value, (str, int, float)) else ""
    raise RecordFault(
        f"must be a time, true, 1 or yes for a deleted row, and empty, false, 0 or no for any other{shown}"
    )


def _is_time(word: str) -> bool:
    try:
        times.parse(word.upper())
    except ValueError:
        return False
    return True
