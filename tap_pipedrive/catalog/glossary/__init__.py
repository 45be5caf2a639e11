"""Meaning of Pipedrive's property names: name → (type in the column notation, description).

A column of this name gets both unless its spec defines another type. An entry `outer.name` overrides `name`
for columns inside `outer`, and for those of a spec that uses `outer`. Descriptions are the project's own
words.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from tap_pipedrive.catalog.glossary import account, events, rows

if TYPE_CHECKING:
    from collections.abc import Mapping

GLOSSARY: Mapping[str, tuple[str, str]] = MappingProxyType({**rows.WORDS, **account.WORDS, **events.WORDS})
