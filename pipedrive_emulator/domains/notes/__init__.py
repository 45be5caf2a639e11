"""Notes and their comments."""
