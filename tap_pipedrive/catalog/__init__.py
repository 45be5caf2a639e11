"""Every stream of the tap, as data, one module per Pipedrive domain."""

from __future__ import annotations

from tap_pipedrive.catalog import currencies

MODULES = (currencies,)
STREAMS = {spec.name: spec for module in MODULES for spec in module.STREAMS}
