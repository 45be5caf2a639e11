"""Queries: paging, saved filters, and search."""
