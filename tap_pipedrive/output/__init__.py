"""Output: Singer messages, BATCH files, progress, and record validation."""
