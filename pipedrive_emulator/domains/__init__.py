"""The entities, one module per domain; every module here is imported at start."""
