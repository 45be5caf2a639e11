"""Lookup of the row that a record means, by search or from a whole list."""
