"""Products and their variations."""
