"""Reads of the target account: rows, row names, and the current user."""
