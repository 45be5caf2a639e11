"""Columns of Pipedrive with options as values, such as the labels of deals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.record.errors import RecordFault

if TYPE_CHECKING:
    from target_pipedrive.custom_fields.registry import FieldRegistry
    from target_pipedrive.values.encoders import Encoder


def by_label(registry: FieldRegistry, entity: str, column: str, plain: Encoder) -> Encoder:
    """Return an encoder of options by id or label; definitions are only read for labels."""

    def encoded(value: object) -> object:
        try:
            return plain(value)
        except RecordFault:
            if not isinstance(value, (str, list)):
                raise
            found = registry.option(entity, column, value)
            return plain(found) if isinstance(found, int) else found  # v1 has numbers of levels as text

    return encoded
