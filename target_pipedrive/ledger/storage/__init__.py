"""Databases that can store a ledger: an SQLite file, or a schema of a PostgreSQL database."""
