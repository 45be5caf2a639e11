"""Values of changes as short texts for people."""

from __future__ import annotations

from collections.abc import Mapping

from target_pipedrive.ids.provisional import ProvisionalId

_MOST = 300
_PARTS = frozenset({"value", "currency", "until", "timezone_name", "timezone_id", "label", "primary"})


def text_of(value: object) -> str:
    """Return a value as one text of at most 300 characters; empty values are an empty text."""
    try:
        text = _text(value)
    except (RecursionError, ValueError):  # very deep, or a number of thousands of digits
        return "…"
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    if isinstance(value, Mapping):
        return _compound(value)
    if isinstance(value, (list, tuple)):
        separator = "; " if any(isinstance(one, Mapping) and "value" in one for one in value) else ", "
        return separator.join(filter(None, map(_text, value)))
    return "new" if isinstance(value, ProvisionalId) else str(value)


def _compound(value: Mapping[str, object]) -> str:
    """Return a reference, an amount, a range, an address or an entry of a list as people write it."""
    names = set(value)
    if names <= {"id", "name"}:
        return f"{value['name']} ({_text(value.get('id'))})" if value.get("name") else _text(value.get("id"))
    if "value" in names and not names <= _PARTS:
        return _text(value["value"])  # an address: its parts repeat it
    if "value" in names:
        text = _text(value["value"])
        until, label = _text(value.get("until")), _text(value.get("label"))
        more = _text(value.get("currency") or value.get("timezone_name") or value.get("timezone_id"))
        text = f"{text} to {until}" if until else text
        text = f"{text} {more}" if more else text
        return f"{text} ({label})" if label and text else text
    return ", ".join(f"{name}: {_text(one)}" for name, one in value.items() if one not in (None, ""))
