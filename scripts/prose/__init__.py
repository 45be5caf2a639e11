"""Lint of the words in docstrings, comments, messages and documentation, by the table in `words.toml`."""
