"""Rows of responses converted to records of the schema."""
