"""Searches and saved filters."""
