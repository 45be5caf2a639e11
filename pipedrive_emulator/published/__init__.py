"""Published facts of the API: one compact JSON file per domain, written by `condense.py`."""
