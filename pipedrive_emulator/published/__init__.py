"""The published facts of the API, condensed: one compact JSON file per domain, written by `condense.py`."""
