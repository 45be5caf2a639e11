"""The run: scheduling, batching, deferred records, mirror deletes, and aborts."""
