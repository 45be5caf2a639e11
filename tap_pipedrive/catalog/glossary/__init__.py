"""What Pipedrive's property names mean: name → (type in the column notation, description).

A column of this name takes both unless its spec gives a type of its own. An entry `outer.name` goes
before `name` for columns inside `outer`, and for those of a spec that asks for `outer`. Descriptions
are the project's own words.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from tap_pipedrive.catalog.glossary import account, events, rows

if TYPE_CHECKING:
    from collections.abc import Mapping

GLOSSARY: Mapping[str, tuple[str, str]] = MappingProxyType({**rows.WORDS, **account.WORDS, **events.WORDS})
