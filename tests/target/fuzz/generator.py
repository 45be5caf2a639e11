"""Mutated Singer input, one case for each seed: bytes, JSON, meaning, order and settings change."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from tests.target.fuzz import values
from tests.target.fuzz.bases import bases

if TYPE_CHECKING:
    from collections.abc import Callable

Lines = list[bytes]
Message = dict[str, Any]


@dataclass(slots=True)
class Case:
    """One input with the settings of its run.

    Attributes:
        seed: seed that generates the case.
        story: names of the base and of the mutations.
        data: bytes of standard input.
        settings: settings in addition to those of the harness.
        ledger: kind of the file at `ledger_path`, or empty.
        path: kind of fault of `results_path` or `rejects_path`, or empty: (setting, kind).
    """

    seed: int
    story: list[str] = field(default_factory=list)
    data: bytes = b""
    settings: dict[str, Any] = field(default_factory=dict)
    ledger: str = ""
    path: tuple[str, str] | None = None


def case(seed: int) -> Case:
    """The case of a seed."""
    dice = Random(seed)
    made = Case(seed)
    base = dice.choice(bases())
    made.story.append(base.name)
    made.settings = dict(base.settings)
    lines = list(base.lines)
    if dice.random() < 0.15:
        other = dice.choice(bases())
        made.story.append(f"with {other.name}")
        made.settings |= other.settings
        lines = (
            _interleaved(dice, lines, list(other.lines)) if dice.random() < 0.5 else [*lines, *other.lines]
        )
    for _ in range(dice.choice((1, 1, 2, 2, 3, 5))):
        change = dice.choices(CHANGES, WEIGHTS)[0]
        made.story.append(change.__name__.strip("_"))
        lines = change(dice, lines)
    for share, more in (
        (0.5, {"on_stream_error": "reject"}),
        (0.4, dice.choice(values.SETTINGS)),
        (0.06, dice.choice(values.BAD_SETTINGS)),
    ):
        if dice.random() > share:
            continue
        made.settings |= more
        made.story.append(f"settings {json.dumps(more)[:80]}")
    if dice.random() < 0.04:
        made.ledger = dice.choice(values.LEDGERS)
        made.story.append(f"ledger {made.ledger}")
    if dice.random() < 0.03:
        made.path = (dice.choice(("results_path", "rejects_path")), dice.choice(values.PATHS))
        made.story.append(" ".join(made.path))
    made.data = _joined(dice, lines)
    return made


def _joined(dice: Random, lines: Lines) -> bytes:
    """Return lines with their line ends, as in a pipe."""
    ending = b"\r\n" if dice.random() < 0.04 else b"\n"
    data = ending.join(lines) + ending
    fate = dice.random()
    if fate < 0.02:
        return data[: dice.randrange(len(data))]
    if fate < 0.03:
        return b"\xef\xbb\xbf" + data
    if fate < 0.04:
        return data.decode(errors="replace").encode("utf-16")
    return data.rstrip(b"\r\n") if fate < 0.07 else data


def _interleaved(dice: Random, one: Lines, other: Lines) -> Lines:
    mixed: Lines = []
    while one or other:
        mixed.append((one if one and (not other or dice.random() < 0.5) else other).pop(0))
    return mixed


# ── bytes ────────────────────────────────────────────────────────────────────────────────────────


def _bytes(dice: Random, lines: Lines) -> Lines:
    """Put odd bytes into one line, or over some of it."""
    at = dice.randrange(len(lines))
    line = lines[at]
    place = dice.randrange(len(line) + 1)
    lines[at] = line[:place] + dice.choice(values.BYTES) + line[place + dice.choice((0, 0, 1, 3)) :]
    return lines


def _number(dice: Random, lines: Lines) -> Lines:
    """Put an odd token in place of a number or a word of JSON."""
    at = dice.randrange(len(lines))
    parts = lines[at].split(b": ")
    if len(parts) > 1:
        place = dice.randrange(1, len(parts))
        rest = parts[place].partition(b",")[2]
        parts[place] = dice.choice(values.BYTES) + (b"," + rest if rest else b"}}")
        lines[at] = b": ".join(parts)
    return lines


def _cut(dice: Random, lines: Lines) -> Lines:
    """Truncate a line, or split it in two."""
    at = dice.randrange(len(lines))
    place = dice.randrange(len(lines[at]) + 1)
    head, tail = lines[at][:place], lines[at][place:]
    lines[at : at + 1] = [head] if dice.random() < 0.5 else [head, tail]
    return lines


def _line(dice: Random, lines: Lines) -> Lines:
    """Insert an unusual line."""
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(values.LINES))
    return lines


def _deep(dice: Random, lines: Lines) -> Lines:
    """Nest one value a thousand levels."""
    depth = dice.choice((50, 900, 1100, 20_000))
    opening, closing = dice.choice(((b"[", b"]"), (b'{"a":', b"}")))
    return _replace_value(dice, lines, opening * depth + b"1" + closing * depth)


def _replace_value(dice: Random, lines: Lines, raw: bytes) -> Lines:
    """Put raw bytes in place of a value of a record."""

    def change(message: Message) -> None:
        record = message["record"]
        if record:
            record[dice.choice(list(record))] = "@@raw@@"

    lines = _each_record(dice, lines, change, share=0)
    return [line.replace(b'"@@raw@@"', raw) for line in lines]


# ── JSON and meaning ─────────────────────────────────────────────────────────────────────────────


def _decoded(line: bytes) -> Message | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _encoded(dice: Random, message: Message) -> bytes:
    return json.dumps(message, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")


def _each(dice: Random, lines: Lines, kind: str, change: Callable[[Message], None], *, share: float) -> Lines:
    """Change messages of a kind: one, or each with a probability of `share`."""
    places = [at for at, line in enumerate(lines) if (_decoded(line) or {}).get("type") == kind]
    chosen = [at for at in places if dice.random() < share]
    for at in chosen or (dice.sample(places, 1) if places else []):
        message = _decoded(lines[at])
        if message is not None:
            change(message)
            lines[at] = _encoded(dice, message)
    return lines


def _each_record(dice: Random, lines: Lines, change: Callable[[Message], None], *, share: float) -> Lines:
    def checked(message: Message) -> None:
        if isinstance(message.get("record"), dict):
            change(message)

    return _each(dice, lines, "RECORD", checked, share=share)


def _value(dice: Random, lines: Lines) -> Lines:
    """Put odd values into columns of records."""

    def change(message: Message) -> None:
        record = message["record"]
        for _ in range(dice.choice((1, 1, 2))):
            if record:
                record[dice.choice(list(record))] = dice.choice(values.ODD)

    return _each_record(dice, lines, change, share=dice.choice((0, 0, 0.5)))


def _same_odd_value(dice: Random, lines: Lines) -> Lines:
    """Put one odd value into a column of every record."""
    odd = dice.choice(values.ODD)

    def change(message: Message) -> None:
        record = message["record"]
        if record:
            record[list(record)[0 if dice.random() < 0.5 else -1]] = odd

    return _each_record(dice, lines, change, share=1)


def _as_text(dice: Random, lines: Lines) -> Lines:
    """Write all numbers of records as text, or integers as floats, as sheets and warehouses do."""
    floats = dice.random() < 0.5

    def change(message: Message) -> None:
        for name, value in message["record"].items():
            if isinstance(value, int) and not isinstance(value, bool):
                message["record"][name] = float(value) if floats and abs(value) < 10**300 else f" {value} "

    return _each_record(dice, lines, change, share=1)


def _column(dice: Random, lines: Lines) -> Lines:
    """Add a column, with or without a SCHEMA property."""
    name, odd, whole = dice.choice(values.COLUMNS), dice.choice(values.ODD), dice.random() < 0.7
    if name.lower().strip().replace(" ", "_") in ("_sdc_deleted_at", "is_deleted"):
        odd = dice.choice(values.MARKS)

    def to_record(message: Message) -> None:
        message["record"][name] = odd

    def to_schema(message: Message) -> None:
        schema = message.get("schema")
        if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
            schema["properties"][name] = {
                "type": ["null", dice.choice(("string", "integer", "object", "array"))]
            }

    lines = _each_record(dice, lines, to_record, share=dice.choice((0, 0.5, 1)))
    return _each(dice, lines, "SCHEMA", to_schema, share=1) if whole else lines


def _rename(dice: Random, lines: Lines) -> Lines:
    """Spell columns as loaders do: in capitals, with additional spaces."""
    spell = dice.choice((str.upper, str.title, lambda name: f" {name} ", lambda name: name.replace("_", " ")))
    keys_too = dice.random() < 0.7

    def in_record(message: Message) -> None:
        message["record"] = {spell(name): value for name, value in message["record"].items()}

    def in_schema(message: Message) -> None:
        schema = message.get("schema")
        if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
            schema["properties"] = {spell(name): kind for name, kind in schema["properties"].items()}
        keys = message.get("key_properties")
        if keys_too and isinstance(keys, list):
            message["key_properties"] = [spell(name) if isinstance(name, str) else name for name in keys]

    return _each(dice, _each_record(dice, lines, in_record, share=1), "SCHEMA", in_schema, share=1)


def _without(dice: Random, lines: Lines) -> Lines:
    """Leave a column out of records."""

    def change(message: Message) -> None:
        if message["record"]:
            message["record"].pop(dice.choice(list(message["record"])))

    return _each_record(dice, lines, change, share=dice.choice((0, 0.5)))


def _mark(dice: Random, lines: Lines) -> Lines:
    """Mark records as deleted, in every way that a loader may write it."""
    name = dice.choice(("_sdc_deleted_at", "_SDC_DELETED_AT", "is_deleted"))

    def change(message: Message) -> None:
        message["record"][name] = dice.choice(values.MARKS)

    return _each_record(dice, lines, change, share=0.5)


def _schema(dice: Random, lines: Lines) -> Lines:
    """Change a SCHEMA: keys, properties, or its kind."""

    def change(message: Message) -> None:
        schema = message.get("schema")
        match dice.randrange(6):
            case 0 | 1:
                message["key_properties"] = dice.choice(values.KEYS)
            case 2 if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
                if schema["properties"]:
                    schema["properties"].pop(dice.choice(list(schema["properties"])))
            case 3:
                message["schema"] = dice.choice((None, {}, [], {"properties": {}}, {"properties": None}, "x"))
            case 4:
                message.pop(dice.choice(list(message)))
            case _ if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
                kind = dice.choice(
                    ({"type": "integer"}, {"type": ["null", "boolean"]}, {"format": "date"}, None, 7)
                )
                schema["properties"] = dict.fromkeys(schema["properties"], kind)

    return _each(dice, lines, "SCHEMA", change, share=0)


def _envelope(dice: Random, lines: Lines) -> Lines:
    """Change the type or another property of a message."""

    def change(message: Message) -> None:
        match dice.randrange(5):
            case 0:
                message["stream"] = dice.choice(values.STREAMS)
            case 1:
                message["type"] = dice.choice(values.TYPES)
            case 2:
                message["version"] = dice.choice((1, 2, None, "1", -1, 10**20, 1.5))
            case 3:
                message["time_extracted"] = dice.choice(values.ODD)
            case _:
                name = "record" if "record" in message else dice.choice(list(message))
                message[name] = dice.choice((None, [], "x", 7, {}, True))

    return _each(dice, lines, dice.choice(("RECORD", "RECORD", "SCHEMA", "STATE")), change, share=0)


def _other_stream(dice: Random, lines: Lines) -> Lines:
    """Send a whole stream under the name of another."""
    name = dice.choice([one for one in values.STREAMS if isinstance(one, str)])

    def change(message: Message) -> None:
        message["stream"] = name

    for kind in ("SCHEMA", "RECORD"):
        lines = _each(dice, lines, kind, change, share=1)
    return lines


# ── order ────────────────────────────────────────────────────────────────────────────────────────


def _shuffle(dice: Random, lines: Lines) -> Lines:
    """Send lines in another order: all of them, or two swapped."""
    if dice.random() < 0.3:
        dice.shuffle(lines)
    else:
        here, there = dice.randrange(len(lines)), dice.randrange(len(lines))
        lines[here], lines[there] = lines[there], lines[here]
    return lines


def _repeat(dice: Random, lines: Lines) -> Lines:
    """Send a line, or all, twice."""
    if dice.random() < 0.2:
        return lines + lines
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(lines))
    return lines


def _drop(dice: Random, lines: Lines) -> Lines:
    """Leave a line out."""
    if len(lines) > 1:
        lines.pop(dice.randrange(len(lines)))
    return lines


def _versions(dice: Random, lines: Lines) -> Lines:
    """Give records a version and announce it, before, between or after them."""
    version = dice.choice((1, 2, 1772359200))
    streams: list[str] = []

    def change(message: Message) -> None:
        message["version"] = version
        if isinstance(message.get("stream"), str):
            streams.append(message["stream"])

    lines = _each_record(dice, lines, change, share=1)
    if streams:
        text = {
            "type": "ACTIVATE_VERSION",
            "stream": dice.choice(streams),
            "version": dice.choice((version, 2)),
        }
        lines.insert(dice.choice((0, len(lines), dice.randrange(len(lines) + 1))), json.dumps(text).encode())
    return lines


CHANGES: tuple[Callable[[Random, Lines], Lines], ...] = (
    _bytes, _number, _cut, _line, _deep, _value, _same_odd_value, _as_text, _column, _rename, _without, _mark,
    _schema, _envelope, _other_stream, _shuffle, _repeat, _drop, _versions,
)  # fmt: skip
WEIGHTS = (3, 2, 2, 2, 1, 8, 2, 2, 4, 2, 2, 2, 3, 3, 1, 2, 2, 1, 2)
