"""One record: its draft, its task, its outcome, and the errors it can have."""
