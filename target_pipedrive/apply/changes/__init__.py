"""Differences between a record and its row: found, shown, and compared with the response."""
