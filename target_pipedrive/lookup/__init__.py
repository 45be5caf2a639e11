"""Lookup of the row of a record, by search or from a complete list."""
