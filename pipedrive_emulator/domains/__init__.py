"""The entities, one folder per domain; every module here is imported at start."""
